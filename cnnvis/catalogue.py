"""The catalogue: which networks, archives, photos and classes there are, as data and not as code.

Snakemake reads this module whenever it parses the workflow, so it imports nothing heavy. It
declares no ``DATA_FILES``: stages are given the entries they use as params, so that a change of one
entry reruns what depends on that entry, and not all that may look into the catalogue.
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from cnnvis.entries import Archive, ImageSet, LayerRow, NetworkEntry
from cnnvis.errors import ConfigError, did_you_mean
from cnnvis.files import write_text

__all__ = [
    "Archive",
    "ImageSet",
    "LayerRow",
    "NetworkEntry",
    "archive",
    "archives",
    "download_name",
    "image_set",
    "image_sets",
    "layer_table",
    "listed",
    "network",
    "networks",
    "write_layer_table",
]

Entry = TypeVar("Entry")

_DATA = Path(str(files("cnnvis"))) / "data"


@cache
def archives() -> Mapping[str, Archive]:
    """Return every archive of the catalogue by its name."""
    entries = _load_yaml("archives.yaml")
    return MappingProxyType({name: Archive(name=name, **entry) for name, entry in entries.items()})


def archive(name: str) -> Archive:
    """Return an archive of the catalogue.

    Raises:
        ConfigError: there is none of that name; near ones are named.
    """
    return _get(archives(), name, "archive")


@cache
def networks() -> Mapping[str, NetworkEntry]:
    """Return every network of the catalogue by its name.

    Those with weights from a package come first, then torchvision's. Where both have one name, the
    package's is meant, for it needs nothing but the package index.
    """
    own = {
        name: NetworkEntry(name=name, **entry)
        for name, entry in _load_yaml("networks.yaml").items()
    }
    theirs = {row["name"]: _torchvision_entry(row) for row in _tsv("torchvision.tsv")}
    return MappingProxyType(own | {name: theirs[name] for name in theirs if name not in own})


def network(name: str) -> NetworkEntry:
    """Return a network of the catalogue.

    Raises:
        ConfigError: there is none of that name; near ones are named.

    >>> network("squeezenet1_1").preprocessing["crop"]
    227
    >>> network("squeezenet1_2")
    Traceback (most recent call last):
        ...
    cnnvis.errors.ConfigError: no network 'squeezenet1_2' in the catalogue; did you mean \
'squeezenet1_1' or 'squeezenet1_0'?
    """
    return _get(networks(), name, "network")


def download_name(entry: NetworkEntry) -> str:
    """Return the name of the file to download for the weights, empty where none is needed."""
    kind = entry.weights["kind"]
    if kind == "pypi-member":
        return archive(entry.weights["archive"]).filename
    return str(entry.weights["filename"]) if kind == "torchvision" else ""


@cache
def image_sets() -> Mapping[str, ImageSet]:
    """Return every image set of the catalogue by its name."""
    entries = _load_yaml("image_sets.yaml")
    return MappingProxyType(
        {
            name: ImageSet(name, _DATA / entry["sheet"], entry["title"], entry["notes"])
            for name, entry in entries.items()
        }
    )


def image_set(name: str) -> ImageSet:
    """Return an image set of the catalogue.

    Raises:
        ConfigError: there is none of that name; near ones are named.
    """
    return _get(image_sets(), name, "image set")


_OF_ARCHIVE = "archive:"


def listed(sheet: str | Path) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the ids of a sheet of images, and the archives and the roles in it, each once.

    A sheet is a CSV file; a photo of an archive has the source ``archive:NAME!member``. It is read
    whenever Snakemake reads the workflow, so a million rows have to take a second and no more.

    Raises:
        OSError, UnicodeDecodeError, csv.Error: it cannot be read.
    """
    ids: list[str] = []
    archives: dict[str, None] = {}
    roles: dict[str, None] = {}
    with Path(sheet).open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        id_, source, role = (
            header.index(name) if name in header else -1 for name in ("id", "source", "role")
        )
        for row in rows:
            if not row:
                continue
            ids.append(row[id_] if 0 <= id_ < len(row) else "")
            text = row[source] if 0 <= source < len(row) else ""
            if text.startswith(_OF_ARCHIVE):
                archives[text[len(_OF_ARCHIVE) :].split("!")[0]] = None
            if 0 <= role < len(row) and row[role]:
                roles[row[role]] = None
    return tuple(ids), tuple(archives), tuple(roles)


@cache
def layer_table(name: str) -> tuple[LayerRow, ...]:
    """Return the layers of a catalogued network in the order of execution.

    The shapes hold for the network's own preprocessing. The table is generated from the network
    by ``tools/write_data_tables.py``, so that reading it needs no torch.

    Raises:
        ConfigError: the catalogue has no such network.
    """
    network(name)
    return tuple(_layer_row(row) for row in _tsv(f"layers/{name}.tsv"))


def write_layer_table(rows: Iterable[LayerRow], path: str | Path) -> None:
    """Write a table of layers as :func:`layer_table` reads it.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    lines = ["\t".join(LayerRow.__dataclass_fields__)]
    for row in rows:
        values = (row.shape, row.weight, row.receptive_field or (), row.stride or ())
        lines.append("\t".join((row.layer, row.op, *map(_sizes, values))))
    write_text(path, "\n".join(lines) + "\n")


def _sizes(sizes: tuple[int, ...]) -> str:
    return "x".join(str(size) for size in sizes)


def _layer_row(row: Mapping[str, str]) -> LayerRow:
    field_, stride = _numbers(row["receptive_field"]), _numbers(row["stride"])
    return LayerRow(
        row["layer"],
        row["op"],
        _numbers(row["shape"]),
        _numbers(row["weight"]),
        (field_[0], field_[1]) if field_ else None,
        (stride[0], stride[1]) if stride else None,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split("x")) if text else ()


def _torchvision_entry(row: Mapping[str, str]) -> NetworkEntry:
    return NetworkEntry(
        name=row["name"],
        architecture=row["name"],
        weights={key: row[key] for key in ("enum", "filename", "sha256")} | {"kind": "torchvision"},
        preprocessing={
            "resize": int(row["resize"]),
            "crop": int(row["crop"]),
            "interpolation": row["interpolation"],
            "mean": [float(value) for value in row["mean"].split()],
            "std": [float(value) for value in row["std"].split()],
            "scale": 1 / 255,
        },
        classes="imagenet",
        licence="BSD-3-Clause (code); see torchvision for the weights",
        citation="TorchVision maintainers and contributors, TorchVision, 2016",
        notes=f"torchvision's weights {row['enum']}",
    )


def _get(entries: Mapping[str, Entry], name: str, kind: str) -> Entry:
    if name not in entries:
        hint = did_you_mean(name, entries) or f"; it has {', '.join(list(entries)[:12])}, ..."
        raise ConfigError(f"no {kind} '{name}' in the catalogue{hint}")
    return entries[name]


def _load_yaml(name: str) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = yaml.safe_load((_DATA / name).read_text(encoding="utf-8"))
    return entries


def _tsv(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
