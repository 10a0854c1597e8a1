"""Readers of volume files written from the grammars of the formats alone, to check the writers."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HD_TYPES = {
    "UNSIGNED BYTE": "u1",
    "UNSIGNED SHORT": "u2",
    "UNSIGNED INT": "u4",
    "SIGNED BYTE": "i1",
    "SIGNED SHORT": "i2",
    "SIGNED INT": "i4",
    "FLOAT": "f4",
    "DOUBLE": "f8",
}
VTK_TYPES = {"UInt8": "u1", "Float32": "f4", "Float64": "f8"}
NRRD_TYPES = {"uint8": "u1", "unsigned char": "u1", "uchar": "u1", "float": "f4"}


@dataclass
class Read:
    """voxel[x, y, z], and what the header says; spacing along x, y, z."""

    voxel: np.ndarray
    spacing: list
    fields: dict


def parse_hd(path):
    """Read the pair of a CGV volume: ``Size``, then ``Spacing`` per voxel, each on a line."""
    size, extent, type_name = None, None, ""
    for line in Path(path).read_text(encoding="ascii").splitlines():
        assert len(line) < 500
        tokens = [token for token in re.split(r"[ \t,x:]+", line) if token]
        if not tokens:
            continue
        if tokens[0].upper() == "SIZE":
            size = [int(token) for token in tokens[1:4]]
            type_name = " ".join(tokens[4:]).upper()
        elif tokens[0].upper() == "SPACING":
            assert size is not None, "the spacing is multiplied with a size that is not read yet"
            extent = [float(token) * n for token, n in zip(tokens[1:4], size, strict=True)]
        else:
            raise AssertionError(f"not understood: {line}")
    name, _, components = type_name.rpartition(" ")
    assert components == "LUMINANCE"
    raw = np.frombuffer(Path(path).with_suffix(".vox").read_bytes(), "<" + HD_TYPES[name])
    spacing = [total / n for total, n in zip(extent, size, strict=True)]
    return Read(x_fastest(raw, size), spacing, {"extent": extent})


def parse_nrrd(path):
    """Read an attached NRRD file with raw encoding and axes along x, y, z."""
    content = Path(path).read_bytes()
    header, raw = content.split(b"\n\n", 1)
    magic, *lines = header.decode("ascii").split("\n")
    assert re.fullmatch(r"NRRD000\d", magic)
    assert not any(line.startswith("#") for line in lines), "a comment: it may hold a date"
    fields = {}
    for line in lines:
        name, value = re.fullmatch(r"([^:]+): (.*)", line).groups()
        if name == "space directions":
            assert "space dimension" in fields, "a space has to be declared before its directions"
        assert name not in fields
        fields[name] = value
    assert fields["dimension"] == "3"
    assert fields["encoding"] == "raw"
    assert fields.get("endian", "little") == "little"
    size = [int(n) for n in fields["sizes"].split()]
    directions = [
        [float(number) for number in vector.split(",")]
        for vector in re.findall(r"\(([^)]*)\)", fields["space directions"])
    ]
    assert np.array_equal(directions, np.diag(np.diag(directions)))
    values = np.frombuffer(raw, "<" + NRRD_TYPES[fields["type"]])
    return Read(x_fastest(values, size), [directions[i][i] for i in range(3)], fields)


def parse_vti(path):
    """Read XML image data of VTK with one array of points, appended raw behind the XML.

    Such a file is no XML as a whole: the raw bytes begin behind the first underscore of
    ``AppendedData``, with the size of a block, and end before its closing tag.
    """
    content = Path(path).read_bytes()
    head, _, appended = content.partition(b'<AppendedData encoding="raw">')
    assert not appended[: appended.index(b"_")].strip(), "only blanks may stand before the mark"
    root = ElementTree.fromstring(head + b"</VTKFile>")
    assert root.attrib == {
        "type": "ImageData",
        "version": "1.0",
        "byte_order": "LittleEndian",
        "header_type": "UInt64",
    }
    (image,) = root
    extent = [int(number) for number in image.get("WholeExtent").split()]
    assert extent[::2] == [0, 0, 0]
    size = [last + 1 for last in extent[1::2]]
    piece = image.find("Piece")
    assert piece.get("Extent") == image.get("WholeExtent")
    (array,) = piece.find("PointData")
    assert piece.find("PointData").get("Scalars") == array.get("Name")
    assert array.get("format") == "appended"
    begin = appended.index(b"_") + 1 + int(array.get("offset"))
    count = int.from_bytes(appended[begin : begin + 8], "little")
    raw, tail = appended[begin + 8 : begin + 8 + count], appended[begin + 8 + count :]
    assert b"".join(tail.split()) == b"</AppendedData></VTKFile>"
    fields = {
        field.get("Name"): [float(number) for number in field.text.split()]
        for field in image.findall("FieldData/DataArray")
    }
    assert image.get("Origin").split() == ["0", "0", "0"]
    values = np.frombuffer(raw, "<" + VTK_TYPES[array.get("type")])
    spacing = [float(step) for step in image.get("Spacing").split()]
    return Read(x_fastest(values, size), spacing, fields | {"name": array.get("Name")})


def x_fastest(raw, size):
    """Place values so that ``voxel[x, y, z]`` is the one at ``x + W * (y + H * z)``."""
    width, height, depth = size
    assert raw.size == width * height * depth
    voxel = np.empty(size, raw.dtype)
    for z in range(depth):
        for y in range(height):
            start = width * (y + height * z)
            voxel[:, y, z] = raw[start : start + width]
    return voxel
