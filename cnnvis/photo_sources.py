"""The bytes of one photo, from wherever a sheet says that it lies."""

import importlib.util
import unicodedata
from pathlib import Path, PurePosixPath

from cnnvis import assets, catalogue, photo_files, tars
from cnnvis.errors import ImageError

_PACKAGES = ("skimage", "sklearn")
"""Whose photos may be named: packages that this one needs anyway."""
_NO_LETTERS = ("Cc", "Cs")
"""Unicode's categories of control characters and of what stands for bytes that are no UTF-8."""


def read(source: str, sheet_dir: Path, archives_dir: Path) -> tuple[Path | None, bytes]:
    """Return the bytes of a photo, and where it lies if it is a local file.

    Args:
        source: where the photo lies, in the words of a sheet (:mod:`cnnvis.sheets`).
        sheet_dir: where relative sources start.
        archives_dir: where the archives are.

    Returns:
        The path of the photo, or its place in a local tar file; None for a photo of an archive
        or of a package. And what the file holds, not yet looked at.

    Raises:
        ImageError: no such photo or package, the source is no text, or the file is no plain one
            or far too large for a photo.
        ConfigError: no such archive in the catalogue.
        AssetError: the archive is missing or broken, or lacks the photo.
    """
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
    return (None if kind == "package" else path), photo_files.read(path, name=source)


def _package_file(resource: str) -> Path:
    package, *parts = PurePosixPath(resource).parts or ("",)
    if package not in _PACKAGES or ".." in parts:
        raise ImageError(
            f"photos are taken from the packages {', '.join(_PACKAGES)}, not {resource!r}."
        )
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImageError(f"the package '{package}', which holds {resource}, is not installed.")
    return Path(spec.origin).parent.joinpath(*parts)
