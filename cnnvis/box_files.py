"""Boxes as others write them: folders of VOC's XML, COCO's JSON, and the boxes of ILSVRC.

All readers give :class:`Annotated`, with boxes in pixels of the photo: the first row and column
counted from 0, the ends just outside. Photos have the ids that :mod:`cnnvis.sheets` gives to those
of a folder. Masks that a file may hold are not read.
"""

import json
import math
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cnnvis import files, known_boxes
from cnnvis.boxes import Box
from cnnvis.errors import ImageError
from cnnvis.known_boxes import Known
from cnnvis.sheets import id_of

_FAR = 2.0**31
"""No place in a photo is as far away as this; NaN is not nearer either."""
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, eq=False)
class Annotated:
    """Photos with the boxes of their objects.

    Args:
        boxes: the boxes of each photo by its id; photos without a box are among them.
        names: the class of each of these boxes by the id of the photo, in the words of the file: a
            name, or the id of a synset for ILSVRC.
        sizes: (rows, cols) of each photo.
    """

    boxes: Known
    names: Mapping[str, tuple[str, ...]]
    sizes: Mapping[str, tuple[int, int]]

    def of_class(self, name: str) -> dict[str, tuple[Box, ...]]:
        """Return the boxes of one class, of the photos that have some.

        Raises:
            ImageError: no box is of that class.
        """
        chosen = {
            photo: tuple(
                box for box, own in zip(boxes, self.names[photo], strict=True) if own == name
            )
            for photo, boxes in self.boxes.items()
        }
        found = {photo: boxes for photo, boxes in chosen.items() if boxes}
        if not found:
            known = sorted({own for names in self.names.values() for own in names})
            raise ImageError(
                f"no box is of the class {name!r}; there are boxes of {', '.join(known[:10])}"
                f"{' ...' if len(known) > 10 else ''}."
            )
        return found


def voc(folder: str | os.PathLike[str], *, difficult: bool = True) -> Annotated:
    """Read the XML files of PASCAL VOC, of a folder and the folders in it.

    Args:
        folder: the one with ``Annotations`` in it, or that itself.
        difficult: whether to keep objects marked as hard to recognise.

    Raises:
        ImageError: there is no XML file, or one is broken or lacks something; it says which.

    VOC counts pixels from 1 and means the last one to be inside: Everingham et al., "The PASCAL
    Visual Object Classes Challenge", International Journal of Computer Vision 88, 2010.
    """
    return _of_folder(folder, first=1, difficult=difficult)


def ilsvrc(folder: str | os.PathLike[str]) -> Annotated:
    """Read the boxes of ILSVRC: XML as that of VOC, in a folder for each synset or in one.

    Its pixels are counted from 0; an end at the width of the photo is the photo's.

    Args:
        folder: such as ``ILSVRC/Annotations/CLS-LOC/val``. Photos in folders of synsets have the
            synset in their ids, as they have where these folders are an image set.

    Raises:
        ImageError: as :func:`voc`.

    Source: Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", arXiv
    1409.0575.
    """
    return _of_folder(folder, first=0, difficult=True)


def coco(path: str | os.PathLike[str]) -> Annotated:
    """Read the JSON file of COCO's instances.

    Boxes are widened to whole pixels. Crowds, which are no single object, are left out.

    Raises:
        ImageError: the file cannot be read, or lacks something; it says what and where.

    Source: Lin et al., "Microsoft COCO: Common Objects in Context", arXiv 1405.0312.
    """
    told = _json(path)
    photos = {
        _key(one, "id", f"{path}: images[{number}]"): one
        for number, one in enumerate(_list(told, "images", path))
    }
    names = {
        _key(one, "id", f"{path}: categories[{number}]"): _get(one, "name", str(path))
        for number, one in enumerate(_list(told, "categories", path))
    }
    found = _Gathered()
    for photo, one in photos.items():
        where = f"{path}: image {photo}"
        found.photo(
            id_of(str(_get(one, "file_name", where))),
            (_whole(one, "height", where), _whole(one, "width", where)),
            where,
        )
    for number, one in enumerate(_list(told, "annotations", path)):
        where = f"{path}: annotations[{number}]"
        photo, kind = _key(one, "image_id", where), _key(one, "category_id", where)
        if photo not in photos or kind not in names:
            raise ImageError(
                f"{where}: belongs to image {photo} and category {kind}, which the file does not "
                "both list."
            )
        if not one.get("iscrowd"):
            col, row, width, height = _four(_get(one, "bbox", where), where)
            corners = (row, col, row + height, col + width)
            found.box(id_of(str(photos[photo]["file_name"])), corners, str(names[kind]), where)
    return found.annotated()


LAYOUTS: Mapping[str, Callable[[str | os.PathLike[str]], Known]] = MappingProxyType(
    {
        "table": known_boxes.read,
        "voc": lambda path: voc(path).boxes,
        "ilsvrc": lambda path: ilsvrc(path).boxes,
        "coco": lambda path: coco(path).boxes,
    }
)
"""How boxes may be written, by name: a table of our own, or the files of others."""


def chosen(
    path: str | os.PathLike[str] | None, layout: str = "table", catalogued: str = ""
) -> Known:
    """Return boxes of one's own, or else those known of an image set of the catalogue.

    Args:
        path: a file or folder of boxes; None for those of the catalogue.
        layout: how they are written, of :data:`LAYOUTS`.
        catalogued: name of the image set.

    Raises:
        ImageError: they cannot be read, see the readers.
    """
    return LAYOUTS[layout](path) if path else known_boxes.of_set(catalogued)


def write_table(boxes: Known, path: str | os.PathLike[str]) -> None:
    """Write boxes as the table that ``objects.boxes`` names, see :mod:`cnnvis.known_boxes`.

    Raises:
        FileError: the file cannot be written.
    """
    lines = [",".join(known_boxes.COLUMNS)]
    lines += [",".join(map(str, (photo, *box))) for photo in boxes for box in boxes[photo]]
    files.write_text(path, "\n".join(lines) + "\n")


class _Gathered:
    """Photos and boxes as they are met in a file."""

    def __init__(self) -> None:
        self._boxes: dict[str, tuple[Box, ...]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._sizes: dict[str, tuple[int, int]] = {}

    def photo(self, photo: str, size: tuple[int, int], where: str) -> None:
        """Add a photo without boxes.

        Raises:
            ImageError: it is there already, or has no size.
        """
        if photo in self._boxes:
            raise ImageError(f"{where}: there is another photo with the id '{photo}'.")
        if min(size) < 1:
            raise ImageError(f"{where}: a photo has at least one row and column, not {size}.")
        self._boxes[photo], self._names[photo], self._sizes[photo] = (), (), size

    def box(self, photo: str, corners: Sequence[float], name: str, where: str) -> None:
        """Add a box, widened to whole pixels and cut off at the rim of the photo.

        Raises:
            ImageError: nothing of it lies in the photo.
        """
        rows, cols = self._sizes[photo]
        row0, col0 = (max(0, math.floor(first)) for first in corners[:2])
        row1, col1 = (
            min(end, math.ceil(c)) for end, c in zip((rows, cols), corners[2:], strict=True)
        )
        if row0 >= row1 or col0 >= col1:
            raise ImageError(
                f"{where}: the box of {name!r} from row {corners[0]:g}, column {corners[1]:g} to "
                f"{corners[2]:g}, {corners[3]:g} holds no pixel of a photo of {rows} x {cols}."
            )
        self._boxes[photo] = (*self._boxes[photo], (row0, col0, row1, col1))
        self._names[photo] = (*self._names[photo], name)

    def annotated(self) -> Annotated:
        """Return what was gathered."""
        return Annotated(self._boxes, self._names, self._sizes)


def _of_folder(folder: str | os.PathLike[str], *, first: int, difficult: bool) -> Annotated:
    """Read all XML files of a folder; ``first`` is the number of the first pixel."""
    root = Path(folder)
    root = root / "Annotations" if (root / "Annotations").is_dir() else root
    paths = sorted(root.rglob("*.xml"))
    if not paths:
        raise ImageError(f"{root}: no file *.xml in this folder or the folders in it.")
    found = _Gathered()
    for path in paths:
        told, photo = _xml(path), id_of(path.relative_to(root).as_posix())
        size = tuple(_number(told, f"size/{side}", path) for side in ("height", "width"))
        found.photo(photo, (int(size[0]), int(size[1])), str(path))
        for number, one in enumerate(told.iter("object")):
            if not difficult and (one.findtext("difficult") or "0").strip() == "1":
                continue
            where = f"{path}, object {number + 1}"
            col0, row0, col1, row1 = (_number(one, f"bndbox/{side}", where) for side in _CORNERS)
            corners = (row0 - first, col0 - first, row1, col1)
            found.box(photo, corners, _text(one, "name", where), where)
    return found.annotated()


def _xml(path: Path) -> ElementTree.Element:
    """Return the root of an XML file.

    Raises:
        ImageError: it cannot be read, is no XML, or declares entities, which could grow endlessly.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ImageError(
                f"{path}: declares a document type, which files of boxes have no need of, and "
                "which may hide endless text. Take the lines with <!DOCTYPE and <!ENTITY out."
            )
        return ElementTree.fromstring(text)
    except (OSError, UnicodeDecodeError, ElementTree.ParseError) as error:
        raise ImageError(f"{path}: cannot be read as XML: {error}.") from error


def _text(element: ElementTree.Element, path: str, where: object) -> str:
    found = (element.findtext(path) or "").strip()
    if not found:
        raise ImageError(f"{where}: lacks <{path.replace('/', '><')}>.")
    return found


def _number(element: ElementTree.Element, path: str, where: object) -> float:
    text = _text(element, path, where)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ImageError(f"{where}: <{path.replace('/', '><')}> is a number, not {text!r}.")
    return number


def _json(path: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ImageError(f"{path}: cannot be read as JSON: {error}.") from error
    if not isinstance(told, dict):
        raise ImageError(f"{path}: a file of COCO is an object with lists in it.")
    return told


def _list(told: Mapping[str, Any], name: str, path: object) -> Iterable[Mapping[str, Any]]:
    found = told.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ImageError(
            f"{path}: lacks the list {name!r} of objects; a file of COCO's instances has images, "
            f"annotations and categories, this one has {', '.join(told) or 'nothing'}."
        )
    return found


def _get(one: Mapping[str, Any], name: str, where: str) -> Any:
    if name not in one:
        raise ImageError(f"{where}: lacks {name!r}.")
    return one[name]


def _key(one: Mapping[str, Any], name: str, where: str) -> int | str:
    value = _get(one, name, where)
    if not isinstance(value, int | str):
        raise ImageError(f"{where}: {name!r} is a number or a word, not {str(value)[:80]}.")
    return value


def _whole(one: Mapping[str, Any], name: str, where: str) -> int:
    value = _get(one, name, where)
    if not isinstance(value, int):
        raise ImageError(f"{where}: {name!r} is a whole number, not {value!r}.")
    return value


def _four(value: Any, where: str) -> Sequence[float]:
    if (
        not isinstance(value, list)
        or len(value) != 4
        or not all(isinstance(one, int | float) and abs(one) < _FAR for one in value)
    ):
        raise ImageError(f"{where}: a bbox is four numbers [x, y, width, height], not {value!r}.")
    return value
