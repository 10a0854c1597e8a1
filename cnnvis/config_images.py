"""The image sets of a study: a sheet, a folder or tar files, which have to be there."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnvis import catalogue, tars
from cnnvis.errors import ConfigError
from cnnvis.files import sha256


@dataclass(frozen=True)
class ImageChoice:
    """An image set of the study: a sheet or a folder, cut into shards, or tar files, a shard each.

    ``ids`` and ``roles`` are those of the sheet and ``archives`` the names of the archives it takes
    photos from; ``content`` is the digest of a sheet of the catalogue, which Snakemake does not
    watch as a file.
    ``skip_bad`` leaves out photos that cannot be used, where they would be an error.
    """

    name: str
    sheet: str | None
    folder: str | None
    shards: int
    tars: tuple[str, ...] = ()
    catalogued: bool = False
    skip_bad: bool = False
    content: str = ""
    ids: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    @property
    def downloads(self) -> tuple[str, ...]:
        """Names of the files to download for its photos."""
        return tuple(catalogue.archive(name).filename for name in self.archives)

    @property
    def shard_names(self) -> tuple[str, ...]:
        """Names of the shards, of equal length so that they sort: ``0000``, ``0001``, ..."""
        return tuple(f"{index:04d}" for index in range(self.shards))


def chosen(item: Mapping[str, Any]) -> ImageChoice:
    """Return an image set as one item under the key ``images`` describes it.

    Args:
        item: which the schema allows, with its defaults.

    Raises:
        ConfigError: no such set, file or folder, more than one of them, a path with braces, a sheet
            that cannot be read or names an archive that is not in the catalogue, or a wrong number
            of shards.
    """
    name, sheet, folder = item["name"], item.get("sheet"), item.get("folder")
    skip_bad = item["on_bad_image"] == "skip"
    if sum(key in item for key in ("sheet", "folder", "tars")) > 1:
        raise ConfigError(f"images.{name}: give a sheet, a folder or tars, and one of them.")
    for key in ("sheet", "folder", "tars"):
        _refuse_braces(f"images.{name}.{key}", item.get(key, ""))
    if "tars" in item:
        return _tar_set(item, skip_bad)
    if folder:
        if not Path(folder).is_dir():
            raise ConfigError(f"images.{name}.folder: there is no folder {folder}.")
        return ImageChoice(name, None, folder, item["shards"], skip_bad=skip_bad)
    if sheet and not Path(sheet).is_file():
        raise ConfigError(f"images.{name}.sheet: there is no file {sheet}.")
    place = Path(sheet) if sheet else _catalogued_sheet(name)
    ids, archives, roles = _read_sheet(place, name)
    content = "" if sheet else sha256(place)
    return ImageChoice(
        name,
        sheet,
        None,
        item["shards"],
        catalogued=not sheet,
        skip_bad=skip_bad,
        content=content,
        ids=ids,
        archives=archives,
        roles=roles,
    )


def _refuse_braces(key: str, path: str) -> None:
    """Refuse braces in a path, but for those of a range of tar files."""
    rest = tars.RANGE.sub("", path) if key.endswith(".tars") else path
    if "{" in rest or "}" in rest:
        raise ConfigError(
            f"{key}: the path {path} has braces in it, which Snakemake takes for wildcards. Rename "
            "the file or the folder."
        )


def _tar_set(item: Mapping[str, Any], skip_bad: bool) -> ImageChoice:
    name = item["name"]
    try:
        files = tars.expand(item["tars"])
    except ConfigError as error:
        raise ConfigError(f"images.{name}.tars: {error}") from None
    if item["shards"] not in (1, len(files)):
        raise ConfigError(
            f"images.{name}.shards: tar files are shards themselves, and these are {len(files)}, "
            f"not {item['shards']}. Leave the key out."
        )
    return ImageChoice(name, None, None, len(files), tars=files, skip_bad=skip_bad)


def _catalogued_sheet(name: str) -> Path:
    try:
        return catalogue.image_set(name).sheet
    except ConfigError as error:
        raise ConfigError(f"images: {error} Own images need the key 'sheet' or 'folder'.") from None


def _read_sheet(sheet: Path, name: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the ids, the archives and the roles of a sheet; a job checks the rest of it."""
    try:
        ids, archives, roles = catalogue.listed(sheet)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"images.{name}.sheet: cannot read {sheet}: {error}. Save it as CSV in UTF-8."
        ) from error
    for archive in archives:
        try:
            catalogue.archive(archive)
        except ConfigError as error:
            raise ConfigError(f"images.{name}: {sheet}: {error}") from None
    return ids, archives, roles
