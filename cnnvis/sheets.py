"""Image sheets (which photos, from where) and manifests (which files, of what class and role).

A sheet is a CSV file with the columns ``id`` and ``source`` and, if known, ``class``, ``role`` and
``sha256``. A source is a path, absolute or relative to the sheet; ``archive:NAME!member`` with an
archive of the catalogue (one more ``!member`` for an archive inside it); or
``package:skimage/data/chelsea.png``, a photo that comes with a package this one needs anyway; or
``tar:train-0000.tar!512+110563``, the place of a photo in a tar file, relative to the working
directory.
"""

import csv
import hashlib
import importlib.util
import io
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cnnvis import assets, catalogue, classes, images, table_file, tars
from cnnvis.errors import AssetError, CnnvisError, ConfigError, ImageError, did_you_mean
from cnnvis.files import canonical_json, replacing, write_text
from cnnvis.labels import FIRST, Image
from cnnvis.progress import Watch, unwatched
from cnnvis.tars import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("id", "source", "class", "role", "sha256")
MANIFEST_COLUMNS = ("id", "path", "sha256", "class", "role", "rows", "cols")
ROLES = ("reference", "similar", "dissimilar", "other")
"""What a photo is to the inspected class: of it, of a like one, of an unlike one, none of these."""

_PACKAGES = ("skimage", "sklearn")
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LONGEST = 150
"""Characters of an id, which becomes a part of the names of files."""
_TAKEN = (FIRST, "mean", "set", "all_photos")
"""Words that stand for images elsewhere: in the configuration, in the names of figures."""
_NO_LETTERS = ("Cc", "Cs")
"""Unicode's categories of control characters and of what stands for bytes that are no UTF-8."""
LEFT_OUT_COLUMNS = ("image", "source", "reason")


def read_sheet(path: str | os.PathLike[str], cut: tuple[int, int] = (0, 1)) -> "pd.DataFrame":
    """Read a sheet as text columns :data:`COLUMNS`; classes are given back as indices.

    Args:
        path: the sheet.
        cut: which part of how many is read, as :func:`shard` cuts; rows of the others are not
            looked at but for their ids, so that a part of a sheet of a million rows takes seconds.

    Raises:
        ImageError: no such sheet, a wrong column, a wrong or repeated id, an unknown class or role;
            no such part.
    """
    sheet = _read_csv(path)
    unknown = [column for column in sheet.columns if column not in COLUMNS]
    if unknown:
        hint = did_you_mean(unknown[0], COLUMNS)
        raise ImageError(f"{path}: no column '{unknown[0]}'{hint}. Known: {', '.join(COLUMNS)}.")
    _require(path, sheet, ("id", "source"))
    _refuse_repeated(sheet["id"], str(path))
    sheet = shard(sheet, *cut).reindex(columns=list(COLUMNS), fill_value="")
    sheet["class"] = [
        _class_text(text, f"{path}: image '{name}'")
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
    ids = [id_of(source) for source in sources]
    count = Counter(ids)
    unique = [
        name if count[name] == 1 and _is_free(name) else _distinct(name, source)
        for name, source in zip(ids, sources, strict=True)
    ]
    sheet = pd.DataFrame({"id": unique, "source": sources})
    return sheet.reindex(columns=list(COLUMNS), fill_value="")


def tar_sheet(path: str | os.PathLike[str]) -> "pd.DataFrame":
    """Return the sheet of all photos in a tar file, in its order.

    An id is the key of a sample, made as that of :func:`folder_sheet`. The class is that of the
    file ``.cls`` beside a photo.

    Raises:
        ImageError: it cannot be read, holds no photos, or what no set of images may hold.
    """
    import pandas as pd

    rows = [
        {
            "id": id_of(f"{one.key}.x"),
            "source": f"tar:{place}",
            "class": _class_text(one.class_text, f"{path}: {one.key}"),
        }
        for one in tars.samples(path)
        for place in one.photos.values()
    ]
    sheet = pd.DataFrame(rows).reindex(columns=list(COLUMNS), fill_value="")
    _refuse_repeated(sheet["id"], os.fspath(path))
    _check(sheet, os.fspath(path))
    return sheet


def join(manifests: Sequence[str | os.PathLike[str]], path: str | os.PathLike[str]) -> None:
    """Write the manifest of a whole set from those of its parts, in their order.

    Raises:
        ImageError: a part cannot be read, or an id is in two of them.
    """
    import pandas as pd

    parts = [read_manifest(manifest) for manifest in manifests]
    whole = pd.concat(parts, ignore_index=True)
    for name in whole["id"][whole["id"].duplicated()].head(1):
        first, second, *_ = (
            os.fspath(manifest)
            for manifest, part in zip(manifests, parts, strict=True)
            if name in set(part["id"])
        )
        raise ImageError(f"the id '{name}' is in {first} and in {second}; give each its own.")
    write_text(path, whole.to_csv(index=False, lineterminator="\n"))


def _is_free(name: str) -> bool:
    return len(name) <= _LONGEST and name not in _TAKEN


def _distinct(name: str, source: str) -> str:
    digits = hashlib.sha256(os.fsencode(source)).hexdigest()[:8]
    return f"{name[: _LONGEST - len(digits) - 1]}-{digits}"


def materialise(
    sheet: "pd.DataFrame",
    *,
    sheet_dir: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    archives_dir: str | os.PathLike[str],
    manifest_path: str | os.PathLike[str],
    resize: int = 1,
    skip_bad: bool = False,
    watch: Watch[dict[str, str]] = unwatched,
) -> "pd.DataFrame":
    """Check every photo of a sheet, write a manifest of the files, and return what was left out.

    Photos of archives and packages are put into ``folder``, named by their id; local ones stay
    where they are. Paths in the manifest start where ``folder`` and ``sheet_dir`` start: relative
    ones in the working directory.

    Args:
        sheet: of :func:`read_sheet` or :func:`folder_sheet`.
        sheet_dir: where relative sources start.
        folder: for photos that lie in archives and packages.
        archives_dir: where the archives are.
        manifest_path: of the manifest.
        resize: to how many pixels the short side of photos will be resized, at most; a photo that
            would become huge by that is a bad one.
        skip_bad: leave a bad photo out, with its reason, where it would be an error. A photo is bad
            that is missing, cannot be decoded, is far too large or too narrow, or is not the one
            with the given sha256. What is wrong with an archive is no fault of a photo.
        watch: what passes on the rows of the sheet, and says how far it is.

    Returns:
        A table with the columns :data:`LEFT_OUT_COLUMNS`, empty where nothing was left out.

    Raises:
        ImageError: a photo is bad; it is named. Or all are, where bad ones are left out.
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
            path, data = _photo(row["source"], Path(sheet_dir), Path(archives_dir))
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
    if len(left_out) == len(sheet):
        name, _, reason = left_out[0]
        raise ImageError(
            f"none of the {len(sheet)} images can be used; the first one, '{name}': {reason}"
        )
    write_text(manifest_path, out.getvalue())
    return pd.DataFrame(left_out, columns=list(LEFT_OUT_COLUMNS))


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

    Raises:
        ImageError: no such file, or no manifest.
    """
    manifest = _read_csv(path)
    _require(path, manifest, MANIFEST_COLUMNS)
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


def shard(manifest: "pd.DataFrame", index: int, count: int) -> "pd.DataFrame":
    """Return part ``index`` of ``count`` parts, contiguous and as equal in length as can be.

    Raises:
        ImageError: more parts than images, or no such part.
    """
    length = len(manifest)
    if not 1 <= count <= length:
        raise ImageError(
            f"{length} images cannot be cut into {count} shards; choose 1 to {length}."
        )
    if not 0 <= index < count:
        raise ImageError(f"no shard {index}: they go from 0 to {count - 1}.")
    return manifest.iloc[length * index // count : length * (index + 1) // count]


def _read_csv(path: str | os.PathLike[str]) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except UnicodeDecodeError as error:
        raise ImageError(f"cannot read the table {path}: {error}. Save it as UTF-8.") from error
    except (OSError, ValueError, OverflowError) as error:  # pandas' own errors are ValueErrors
        raise ImageError(f"cannot read the table {path}: {error}") from error


def _require(path: str | os.PathLike[str], table: "pd.DataFrame", columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ImageError(f"{path}: lacks the column '{missing[0]}'.")
    if table.empty:
        raise ImageError(f"{path}: lists no images.")


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


def _class_text(text: str, where: str) -> str:
    try:
        return str(classes.index_of(text)) if text else ""
    except ConfigError as error:
        raise ImageError(f"{where}: {error}") from error


def id_of(source: str) -> str:
    """Return the id of a photo of a folder, from its path in there.

    >>> id_of("cats/my tom.jpg")
    'cats__my_tom'
    """
    stem = PurePosixPath(source).with_suffix("").as_posix().replace("/", "__")
    return re.sub(r"[^A-Za-z0-9_.-]", "_", stem)


def _photo(source: str, sheet_dir: Path, archives_dir: Path) -> tuple[Path | None, bytes]:
    """Return the bytes of a photo, and where it lies if it is a local file."""
    if any(unicodedata.category(letter) in _NO_LETTERS for letter in source):
        raise ImageError(
            f"the name {source!a} holds what is no text (a control character, or bytes that "
            "are not UTF-8). Rename the file."
        )
    kind, _, rest = source.partition(":")
    if kind == "tar":
        return Path(rest), tars.read(rest)
    if kind == "archive":
        name, *members = rest.split("!")
        return None, assets.member(archives_dir / catalogue.archive(name).filename, *members)
    path = _package_file(rest) if kind == "package" else sheet_dir / source
    try:
        return (None if kind == "package" else path), path.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot read {source}: {error.strerror}.") from error


def _package_file(resource: str) -> Path:
    package, *parts = PurePosixPath(resource).parts
    if package not in _PACKAGES or ".." in parts:
        raise ImageError(
            f"photos are taken from the packages {', '.join(_PACKAGES)}, not {resource}."
        )
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImageError(f"the package '{package}', which holds {resource}, is not installed.")
    return Path(spec.origin).parent.joinpath(*parts)
