"""Manifests: which files a set of images is made of, of what pixels, class and role.

A manifest is a CSV file with the columns :data:`MANIFEST_COLUMNS`, made from a sheet
(:mod:`cnnvis.sheets`) once every photo was read and found usable.
"""

import csv
import hashlib
import io
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cnnvis import assets, image_csv, images, photo_sources, table_file
from cnnvis.errors import AssetError, CnnvisError, ImageError
from cnnvis.files import canonical_json, replacing, write_text
from cnnvis.labels import Image
from cnnvis.progress import Watch, unwatched

if TYPE_CHECKING:
    import pandas as pd

MANIFEST_COLUMNS = ("id", "path", "sha256", "class", "role", "rows", "cols")
LEFT_OUT_COLUMNS = ("image", "source", "reason")


def materialise(
    sheet: "pd.DataFrame",
    *,
    sheet_dir: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    archives_dir: str | os.PathLike[str],
    manifest_path: str | os.PathLike[str],
    resize: int = 1,
    skip_bad: bool = False,
    of_several: bool = False,
    watch: Watch[dict[str, str]] = unwatched,
) -> "pd.DataFrame":
    """Check every photo of a sheet, write a manifest of the files, and return what was left out.

    Photos of archives and packages are put into ``folder``, named by their id; local ones stay
    where they are. Paths in the manifest start where ``folder`` and ``sheet_dir`` start: relative
    ones in the working directory.

    Args:
        sheet: of :mod:`cnnvis.sheets`.
        sheet_dir: where relative sources start.
        folder: for photos that lie in archives and packages.
        archives_dir: where the archives are.
        manifest_path: of the manifest.
        resize: to how many pixels the short side of photos will be resized, at most; a photo that
            would become huge by that is a bad one.
        skip_bad: leave a bad photo out, with its reason, where it would be an error. A photo is bad
            that is missing, cannot be decoded, is far too large or too narrow, or is not the one
            with the given sha256. What is wrong with an archive is no fault of a photo.
        of_several: the sheet is one part of several, of which nothing need be left.
        watch: what passes on the rows of the sheet, and says how far it is.

    Returns:
        A table with the columns :data:`LEFT_OUT_COLUMNS`, empty where nothing was left out.

    Raises:
        ImageError: a photo is bad; it is named. Or all of a whole set are, where bad ones are left
            out.
        AssetError: an archive is missing or broken.
        FileError: a file cannot be written.
    """
    import pandas as pd

    left_out: list[tuple[str, str, str]] = []
    out = io.StringIO()
    writer = csv.DictWriter(out, MANIFEST_COLUMNS, lineterminator="\n")
    writer.writeheader()
    photos: list[dict[str, str]] = sheet.astype(str).to_dict("records")  # type: ignore[assignment]
    for row in watch(photos, "photos"):
        try:
            path, data = photo_sources.read(row["source"], Path(sheet_dir), Path(archives_dir))
            rows, cols = _checked_size(data, row["source"], row["sha256"], resize)
        except CnnvisError as error:
            if not (skip_bad and _is_of_photo(error, row["source"])):
                raise type(error)(f"image '{row['id']}': {error}") from error
            left_out.append((row["id"], _shown(row["source"]), str(error)))
            continue
        if path is None:
            path = Path(folder) / (row["id"] + PurePosixPath(row["source"]).suffix.lower())
            with replacing(path) as temporary:
                temporary.write_bytes(data)
        writer.writerow(
            {
                "id": row["id"],
                "path": _harmless(path),
                "sha256": hashlib.sha256(data).hexdigest(),
                "class": row["class"],
                "role": row["role"],
                "rows": rows,
                "cols": cols,
            }
        )
    found = pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS))
    if len(found) == len(sheet) and not of_several:
        raise _none_left(found)
    write_text(manifest_path, out.getvalue())
    return found


def _none_left(left_out: "pd.DataFrame") -> ImageError:
    first = left_out.iloc[0]
    return ImageError(
        f"none of the {len(left_out)} images can be used; the first one, '{first['image']}': "
        f"{first['reason']}"
    )


def _checked_size(data: bytes, source: str, digest: str, resize: int) -> tuple[int, int]:
    """Return the rows and columns of a photo once it is known to be whole and usable."""
    if digest:
        assets.check_sha256(data, digest, source)
    rows, cols, _ = images.decode(data, source).shape
    try:
        images.frame((rows, cols), images.Preprocessing(resize=resize, crop=1))
    except ImageError as error:
        raise ImageError(f"{source}: {error}") from error
    return rows, cols


def _is_of_photo(error: CnnvisError, source: str) -> bool:
    """Tell whether a photo is at fault, and not an archive or a name in the sheet."""
    another_file = isinstance(error, AssetError) and not source.startswith("archive:")
    return isinstance(error, ImageError) or another_file


def _shown(source: str) -> str:
    """Return a source as text that every file can hold, whatever it is made of."""
    return source.encode("utf-8", "backslashreplace").decode()


def _harmless(path: Path) -> str:
    """Return a path for a table: one that a spreadsheet would compute begins with ``./``.

    >>> _harmless(Path("a/b.png")), _harmless(Path("=1+1.png"))
    ('a/b.png', './=1+1.png')
    """
    text = path.as_posix()
    return text if table_file.guarded(text) == text else f"./{text}"


def read_manifest(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Read a manifest: text columns (class an index or empty), but ``rows`` and ``cols`` as int.

    That of a part of a set may be empty: no photo of the part can be used.

    Raises:
        ImageError: no such file, or no manifest.
    """
    manifest = image_csv.read(path)
    image_csv.require(path, manifest, MANIFEST_COLUMNS, rows=False)
    try:
        manifest["class"].replace("", "0").astype(int)
        return manifest.astype({"rows": int, "cols": int})
    except (ValueError, OverflowError) as error:
        raise ImageError(
            f"{path} is no manifest of images, or was changed: {error}. Delete it and start the "
            "workflow, which writes it."
        ) from error


def labels(manifest: "pd.DataFrame") -> tuple[Image, ...]:
    """Return the labels of the images of a manifest, in its order."""
    return tuple(
        Image(
            id=row["id"],
            sha256=row["sha256"],
            class_index=int(row["class"]) if row["class"] else None,
            role=row["role"],
        )
        for row in manifest.to_dict("records")
    )


def digest(manifest: "pd.DataFrame") -> str:
    """Return the sha256 of what results depend on: names, pixels and labels, but no places."""
    rows = [[label.id, label.sha256, label.class_index, label.role] for label in labels(manifest)]
    return hashlib.sha256(canonical_json(rows).encode()).hexdigest()


def join(
    manifests: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    left_out: "pd.DataFrame",
) -> None:
    """Write the manifest of a whole set from those of its parts, in their order.

    Args:
        manifests: those of the parts.
        path: where that of the set will be.
        left_out: what was left out of all parts, as :func:`materialise` returns it.

    Raises:
        ImageError: a part cannot be read, an id is in two of them, or no photo is left in any.
    """
    import pandas as pd

    parts = [read_manifest(manifest) for manifest in manifests]
    whole = pd.concat(parts, ignore_index=True)
    if whole.empty:
        raise _none_left(left_out)
    for name in whole["id"][whole["id"].duplicated()].head(1):
        first, second, *_ = (
            os.fspath(manifest)
            for manifest, part in zip(manifests, parts, strict=True)
            if name in set(part["id"])
        )
        raise ImageError(
            f"the id '{name}' is in {first} and in {second}; give each its own: in tar files the "
            "name of the photo in there, for instance in a folder called as the tar file is."
        )
    write_text(path, whole.to_csv(index=False, lineterminator="\n"))
