"""Valid files with some bytes changed: a result, or an error that names the file; nothing else."""

import io
import json
import pickle
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from caffe import nets, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save

from cnnvis import (
    assets,
    box_files,
    classes,
    config_images,
    frames,
    images,
    known_boxes,
    manifests,
    models,
    ordering,
    sheets,
    weights,
)
from cnnvis.caffe import importing, messages
from hostile.watching import nothing_done, outcome

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
PROVENANCE = '{"inputs":{},"params":{},"source":"","stage":"x","versions":{}}'
MEMBERS = {"x": b"one" * 100, "y": b"two"}


def written(write):
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def tarred(mode):
    def write(buffer):
        with tarfile.open(fileobj=buffer, mode=mode) as archive:
            for name, data in MEMBERS.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    return written(write)


def zipped(packing):
    def write(buffer):
        with zipfile.ZipFile(buffer, "w", packing) as archive:
            for name, data in MEMBERS.items():
                archive.writestr(name, data)

    return written(write)


def picture(form, mode="RGB", **options):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    return written(lambda to: Image.fromarray(pixels).convert(mode).save(to, form, **options))


def film():
    first, *rest = (Image.new("RGB", (8, 8), colour) for colour in ("black", "red", "blue"))
    return written(lambda to: first.save(to, "GIF", save_all=True, append_images=rest))


def old_pickle():
    arrays = {"conv1": [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2)]}
    return pickle.dumps(arrays, protocol=3).replace(b"numpy._core.", b"numpy.core.")


def order():
    found = ordering.order(np.random.default_rng(0).random((4, 5, 5)), "kmeans", clusters=2)
    with tempfile.TemporaryDirectory() as folder:
        ordering.write(Path(folder) / "order.json", found, "{}")
        return (Path(folder) / "order.json").read_bytes()


def caffe_weights(path):
    return messages.layers(messages.read_weights(path), path.name)


def caffe_description(path):
    return messages.layers(messages.read_description(path), path.name)


def member(path):
    return assets.member(path, "x")


def manifest(path):
    return manifests.labels(manifests.read_manifest(path))


SHEET = b"id,source,class,role,sha256\na,a.png,285,reference,\nb.2,b.png,Egyptian cat,,\n"
MANIFEST = b"id,path,sha256,class,role,rows,cols\na,a.png,0,285,reference,3,4\nb,b.png,0,,,5,6\n"

VOC = b"""<annotation><size><width>30</width><height>20</height></size><object><name>cat</name>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox></object></annotation>"""
COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.png", "height": 20, "width": 30}],
        "categories": [{"id": 2, "name": "cat"}],
        "annotations": [{"image_id": 1, "category_id": 2, "bbox": [1, 2.5, 3, 4]}],
    }
).encode()

#: File name -> its bytes, and what reads it.
FILES = {
    "w.safetensors": (save(STATE), weights.read_file),
    "p.safetensors": (save(STATE, {"provenance": PROVENANCE}), models.provenance_digest),
    "w.npz": (written(lambda to: np.savez(to, **STATE)), weights.read_file),
    "z.npz": (written(lambda to: np.savez_compressed(to, **STATE)), weights.read_file),
    "w.pth": (written(lambda to: torch.save(STATE, to)), weights.read_file),
    "old.pth": (
        written(lambda to: torch.save(STATE, to, _use_new_zipfile_serialization=False)),
        weights.read_file,
    ),
    "w.pkl": (old_pickle(), lambda path: assets.restricted_pickle(path.read_bytes(), path.name)),
    "w.caffemodel": (wire.weights(nets.alexnet()), caffe_weights),
    "d.prototxt": (wire.text(nets.alexnet(), shape=nets.SHAPE).encode(), caffe_description),
    "m.binaryproto": (wire.blob(np.ones((3, 4, 4), np.float32)), importing.mean_pixel),
    "a.zip": (zipped(zipfile.ZIP_DEFLATED), member),
    "lzma.zip": (zipped(zipfile.ZIP_LZMA), member),
    "bz2.zip": (zipped(zipfile.ZIP_BZIP2), member),
    "a.tar": (tarred("w:"), member),
    "a.tar.gz": (tarred("w:gz"), member),
    "a.tar.xz": (tarred("w:xz"), member),
    "a.tar.bz2": (tarred("w:bz2"), member),
    "s.csv": (SHEET, sheets.read_sheet),
    "c.csv": (SHEET, lambda path: config_images._read_sheet(path, "mine")),
    "m.csv": (MANIFEST, manifest),
    "b.csv": (b"image,row0,col0,row1,col1\na,1,2,3,4\n", known_boxes.read),
    "coco.json": (COCO, box_files.coco),
    "voc.xml": (VOC, lambda path: box_files._xml(path) and box_files.voc(path.parent)),
    "order.json": (order(), ordering.read),
    "n.txt": ("cat\ndog\nété\n".encode(), lambda path: classes.names_of(str(path))),
    "i.png": (picture("PNG"), images.read),
    "p.png": (picture("PNG", "P"), images.read),
    "i.jpg": (picture("JPEG"), images.read),
    "cmyk.jpg": (picture("JPEG", "CMYK"), images.read),
    "i.gif": (picture("GIF"), images.read),
    "i.bmp": (picture("BMP"), images.read),
    "i.tif": (picture("TIFF"), images.read),
    "z.tif": (picture("TIFF", compression="tiff_lzw"), images.read),
    "i.webp": (picture("WEBP"), images.read),
    "i.ppm": (picture("PPM"), images.read),
    "f.gif": (film(), frames.read),
}

RARE = [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", bytes(8), b"\xff" * 8, b"\0", b'"', b",", b"\n"]
PLACES = st.floats(0, 1, exclude_max=True) | st.floats(0, 0.1)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["over", "insert", "remove", "cut", "copy"]),
        PLACES,
        PLACES,
        st.binary(min_size=1, max_size=4) | st.sampled_from(RARE),
    ),
    min_size=1,
    max_size=6,
)


def edited(data, edits):
    """Carry out edits: (what, where, from where or how much, new bytes)."""
    for what, where, other, new in edits:
        at, away = int(where * len(data)), int(other * len(data))
        data = {
            "over": data[:at] + new + data[at + len(new) :],
            "insert": data[:at] + new + data[at:],
            "remove": data[:at] + data[at + 1 + away // 8 :],
            "cut": data[:at],
            "copy": data[:at] + data[away : away + 8] + data[at + 8 :],
        }[what]
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated")


@pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning")
@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_read_or_refused_by_name(name, folder):
    data, read = FILES[name]
    path = folder / name
    path.write_bytes(data)
    read(path)
    outcomes = set()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True)
    @given(EDITS)
    def test(edits):
        path.write_bytes(edited(data, edits))
        before = sorted(folder.iterdir())
        classes.names_of.cache_clear()
        with nothing_done():
            found = outcome(lambda: read(path), path.name)
        assert found in ("read", "refused")
        outcomes.add(found)
        assert sorted(folder.iterdir()) == before

    test()
    assert "refused" in outcomes
    assert Path(path).is_file()
