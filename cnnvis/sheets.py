"""Image sheets: which photos a set is made of, from where, of what class and role.

A sheet is a CSV file with the columns ``id`` and ``source`` and, if known, ``class``, ``role`` and
``sha256``. A source is a path, absolute or relative to the sheet; ``archive:NAME!member`` with an
archive of the catalogue (one more ``!member`` for an archive inside it); or
``package:skimage/data/chelsea.png``, a photo that comes with a package this one needs anyway; or
``tar:train-0000.tar!512+110563``, the place of a photo in a tar file, relative to the working
directory.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cnnvis import image_csv, tars
from cnnvis.classes import IMAGENET, index_for_all
from cnnvis.errors import ConfigError, ImageError, did_you_mean
from cnnvis.labels import FIRST
from cnnvis.tars import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("id", "source", "class", "role", "sha256")
ROLES = ("reference", "similar", "dissimilar", "other")
"""What a photo is to the inspected class: of it, of a like one, of an unlike one, none of these."""

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LOST = re.compile(r"[^A-Za-z0-9_./-]")
"""What becomes ``_`` in an id that is made from a path."""
_LONGEST = 150
"""Characters of an id, which becomes a part of the names of files."""
_TAKEN = (FIRST, "mean", "set", "all_photos")
"""Words that stand for images elsewhere: in the configuration, in the names of figures."""


def read_sheet(
    path: str | os.PathLike[str],
    cut: tuple[int, int] = (0, 1),
    *,
    classes: Sequence[str | None] = (IMAGENET,),
) -> "pd.DataFrame":
    """Read a sheet as text columns :data:`COLUMNS`; classes are given back as indices.

    Args:
        path: the sheet.
        cut: which part of how many is read, as :func:`shard` cuts; rows of the others are not
            looked at but for their ids, so that a part of a sheet of a million rows takes seconds.
        classes: how the classes of the networks that will see the images are named, each list once
            (:func:`cnnvis.classes.names_of`). A class has to mean the same in all of them.

    Raises:
        ImageError: no such sheet, a wrong column, a wrong or repeated id, an unknown class or role,
            a class that is another to another network; no such part.
    """
    sheet = image_csv.read(path)
    unknown = [column for column in sheet.columns if column not in COLUMNS]
    if unknown:
        hint = did_you_mean(unknown[0], COLUMNS)
        raise ImageError(f"{path}: no column '{unknown[0]}'{hint}. Known: {', '.join(COLUMNS)}.")
    image_csv.require(path, sheet, ("id", "source"))
    _refuse_repeated(sheet["id"], str(path))
    sheet = shard(sheet, *cut).reindex(columns=list(COLUMNS), fill_value="")
    sheet["class"] = [
        _class_text(text, classes, f"{path}: image '{name}'")
        for name, text in zip(sheet["id"], sheet["class"], strict=True)
    ]
    _check(sheet, str(path))
    return sheet


def folder_sheet(folder: str | os.PathLike[str]) -> "pd.DataFrame":
    """Return the sheet of all photos in a folder and the folders in it, sorted by path.

    An id is the path without its ending, ``/`` as ``__``, and ``_`` for what no id may hold; where
    two paths give one id, both get a few digits of a hash of their path. So does a path that is
    too long for an id, and one whose id has a meaning of its own, such as ``mean``.

    Raises:
        ImageError: no such folder, or no photo in it.
    """
    import pandas as pd

    place = Path(folder)
    if not place.is_dir():
        raise ImageError(f"there is no folder of photos {place}.")
    found = [path.relative_to(place) for path in place.rglob("*") if path.is_file()]
    sources = sorted(
        path.as_posix()
        for path in found
        if path.suffix.lower() in SUFFIXES and not any(part[0] == "." for part in path.parts)
    )
    if not sources:
        raise ImageError(f"the folder {place} holds no photos ({', '.join(SUFFIXES)}).")
    ids = _unique([id_of(source) for source in sources], sources)
    sheet = pd.DataFrame({"id": ids, "source": sources})
    return sheet.reindex(columns=list(COLUMNS), fill_value="")


def tar_sheet(
    path: str | os.PathLike[str],
    *,
    classes: Sequence[str | None] = (IMAGENET,),
    say: Callable[[str], object] | None = None,
) -> "pd.DataFrame":
    """Return the sheet of all photos in a tar file, in its order.

    An id is the key of a sample, made as that of :func:`folder_sheet`. Every key with letters that
    no id may hold gets its digits of a hash, so that ids of several tar files differ, which do not
    know of each other.

    Args:
        path: the tar file.
        classes: as :func:`read_sheet` takes them. The class is that of the file ``.cls`` beside a
            photo.
        say: what is told of pictures that are left alone, see :func:`cnnvis.tars.samples`.

    Raises:
        ImageError: it cannot be read, holds no photos, or what no set of images may hold.
    """
    import pandas as pd

    found = tars.samples(path, say)
    keys = [one.key for one in found]
    ids = _unique([id_of(f"{key}.x") for key in keys], keys, keep_lossy=False)
    rows = [
        {
            "id": name,
            "source": f"tar:{place}",
            "class": _class_text(one.class_text, classes, f"{path}: {one.key}"),
        }
        for name, one in zip(ids, found, strict=True)
        for place in one.photos.values()
    ]
    sheet = pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value="")
    _refuse_repeated(sheet["id"], os.fspath(path))
    _check(sheet, os.fspath(path))
    return sheet


def _unique(ids: Sequence[str], names: Sequence[str], *, keep_lossy: bool = True) -> list[str]:
    """Return ids that differ and have no meaning of their own; the names are what they are of."""
    count = Counter(ids)
    return [
        id
        if count[id] == 1 and _is_free(id) and (keep_lossy or not _LOST.search(name))
        else _distinct(id, name)
        for id, name in zip(ids, names, strict=True)
    ]


def _is_free(name: str) -> bool:
    return len(name) <= _LONGEST and name not in _TAKEN


def _distinct(name: str, source: str) -> str:
    digits = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    return f"{name[: _LONGEST - len(digits) - 1]}-{digits}"


def shard(sheet: "pd.DataFrame", index: int, count: int) -> "pd.DataFrame":
    """Return part ``index`` of ``count`` parts, contiguous and as equal in length as can be.

    Raises:
        ImageError: more parts than images, or no such part.
    """
    length = len(sheet)
    if not 1 <= count <= length:
        raise ImageError(
            f"{length} images cannot be cut into {count} shards; choose 1 to {length}."
        )
    if not 0 <= index < count:
        raise ImageError(f"no shard {index}: they go from 0 to {count - 1}.")
    return sheet.iloc[length * index // count : length * (index + 1) // count]


def _refuse_repeated(ids: "pd.Series[str]", where: str) -> None:
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise ImageError(
            f"{where}: the id '{repeated.iloc[0]}' stands in two rows; give each its own."
        )


def _check(sheet: "pd.DataFrame", where: str) -> None:
    for row in sheet.to_dict("records"):
        name, role, digest = row["id"], row["role"], row["sha256"]
        _check_id(name, where)
        if not row["source"]:
            raise ImageError(f"{where}: image '{name}' has no source.")
        if role and role not in ROLES:
            hint = did_you_mean(role, ROLES)
            raise ImageError(
                f"{where}: image '{name}': no role '{role}'{hint}; {', '.join(ROLES)}."
            )
        if digest and not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ImageError(f"{where}: image '{name}': a sha256 has 64 hexadecimal digits.")


def _check_id(name: str, where: str) -> None:
    if not _ID.fullmatch(name):
        raise ImageError(
            f"{where}: the id '{name[:_LONGEST]}' may hold A-Z a-z 0-9 _ . - and no more, and "
            "does not begin with a point. It becomes a part of file names."
        )
    if len(name) > _LONGEST:
        raise ImageError(
            f"{where}: the id '{name[:20]}...' has {len(name)} characters; {_LONGEST} are the "
            "most, for it becomes a part of file names."
        )
    if name in _TAKEN:
        raise ImageError(
            f"{where}: the id '{name}' has a meaning of its own elsewhere, as have "
            f"{', '.join(_TAKEN)}; choose another."
        )


def _class_text(text: str, classes: Sequence[str | None], where: str) -> str:
    try:
        return str(index_for_all(text, classes)) if text else ""
    except ConfigError as error:
        raise ImageError(f"{where}: {error}") from error


def id_of(source: str) -> str:
    """Return the id of a photo of a folder, from its path in there.

    >>> id_of("cats/my tom.jpg")
    'cats__my_tom'
    """
    stem = PurePosixPath(source).with_suffix("").as_posix().replace("/", "__")
    return _LOST.sub("_", stem)
