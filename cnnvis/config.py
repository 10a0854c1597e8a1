"""The settings of a study, checked whole before any job starts; an error names the key."""

import csv
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from cnnvis import catalogue, config_checks, tars
from cnnvis.errors import ConfigError, did_you_mean
from cnnvis.files import sha256

#: What an own network must say of itself, and a network of the catalogue must not.
_OWN_NETWORK_KEYS = ("architecture", "weights", "preprocessing")


@dataclass(frozen=True)
class NetworkChoice:
    """A network of the study and the layers to look at."""

    name: str
    entry: catalogue.NetworkEntry
    layers: tuple[str, ...]
    filters: tuple[str, ...]
    kernels: tuple[str, ...]
    also_record: tuple[str, ...]

    @property
    def download(self) -> str:
        """Name of the file to download for its weights; empty where none is."""
        return catalogue.download_name(self.entry)

    @property
    def entry_params(self) -> dict[str, Any]:
        """What the conversion of its weights depends on."""
        entry = self.entry.as_params()
        return {key: entry[key] for key in ("name", "architecture", "weights", "preprocessing")}

    @property
    def recorded(self) -> tuple[str, ...]:
        """Every layer of the activation file, each once."""
        return tuple(dict.fromkeys((*self.layers, *self.also_record)))


@dataclass(frozen=True)
class ImageChoice:
    """An image set of the study: a sheet or a folder, cut into shards, or tar files, a shard each.

    ``ids`` are those of the sheet and ``archives`` the names of the archives it takes photos from;
    ``content`` is the digest of a sheet of the catalogue, which Snakemake does not watch as a file.
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

    @property
    def downloads(self) -> tuple[str, ...]:
        """Names of the files to download for its photos."""
        return tuple(catalogue.archive(name).filename for name in self.archives)

    @property
    def shard_names(self) -> tuple[str, ...]:
        """Names of the shards, of equal length so that they sort: ``0000``, ``0001``, ..."""
        return tuple(f"{index:04d}" for index in range(self.shards))


@dataclass(frozen=True)
class Study:
    """A validated configuration, with every default filled in."""

    networks: Mapping[str, NetworkChoice]
    images: Mapping[str, ImageChoice]
    settings: Mapping[str, Any]

    @property
    def largest_resize(self) -> int:
        """To how many pixels the short side of a photo is resized, at most."""
        return max(int(c.entry.preprocessing["resize"]) for c in self.networks.values())

    @property
    def leaves_out(self) -> bool:
        """Whether photos that cannot be used are left out of any set."""
        return any(choice.skip_bad for choice in self.images.values())

    @property
    def tracking(self) -> dict[str, list[str]]:
        """The networks that follow objects, in which image sets, and the names of the sequences.

        Image sets are those that hold the photos of all sequences.
        """
        wanted = self.settings["tracking"]
        names = [sequence["name"] for sequence in wanted["sequences"]]
        photos = {photo for sequence in wanted["sequences"] for photo in sequence["photos"]}
        networks = {"first": [*self.networks][:1], "all": [*self.networks], "none": []}
        return {
            "networks": networks[wanted["networks"]] if names else [],
            "images": [name for name, choice in self.images.items() if photos <= {*choice.ids}],
            "sequences": names,
        }

    @property
    def explored(self) -> list[str]:
        """The image sets that the explorer shows: those that may hold a wanted image."""
        wanted = self.settings["explorer"]["images"]
        if wanted in ("all", "none"):
            return [*self.images] if wanted == "all" else []
        return [
            name
            for name, choice in self.images.items()
            if choice.folder or {*wanted} & {*choice.ids}
        ]

    @property
    def downloads(self) -> dict[str, dict[str, Any]]:
        """What is to be downloaded, by file name: an archive, or a network whose weights it is.

        Weights of torchvision are known by the network: the address of the file is torchvision's to
        say, and asking it takes seconds that reading a configuration must not take.
        """
        archives = {a.filename: _without_words(a) for a in catalogue.archives().values()}
        networks = {
            choice.download: choice.entry_params
            for choice in self.networks.values()
            if choice.entry.weights["kind"] == "torchvision"
        }
        return archives | networks


def load(raw: Mapping[str, Any], schema: Path) -> Study:
    """Check a configuration against the schema and the catalogue, and fill in the defaults.

    Raises:
        ConfigError: a key, a value, a network, a layer, a class or an image is not known; the
            message names the key, the value and what would be right.
    """
    rules = _parsed(Path(schema).read_text(encoding="utf-8"))
    settings = with_defaults(raw, rules)
    networks = {choice.name: choice for choice in map(_network, settings["networks"])}
    images = {choice.name: choice for choice in map(_image_set, settings["images"])}
    config_checks.check(settings, networks.values(), images.values(), _methods(rules))
    return Study(networks, images, settings)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    """Return what a schema says; reading it is most of the time of checking a configuration."""
    return yaml.safe_load(text)


def with_defaults(raw: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``raw`` with the schema's defaults filled in.

    Raises:
        ConfigError: ``raw`` breaks a rule of the schema.
    """
    error = best_match(Draft202012Validator(rules).iter_errors(raw))
    if error is not None:
        raise ConfigError(_sentence(error))
    filled: dict[str, Any] = _filled(deepcopy(dict(raw)), rules)
    return filled


def _filled(value: Any, rules: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        for key, rule in rules.get("properties", {}).items():
            if key not in value and "default" in rule:
                value[key] = deepcopy(rule["default"])
            if key in value:
                value[key] = _filled(value[key], rule)
    elif isinstance(value, list) and "items" in rules:
        value = [_filled(item, rules["items"]) for item in value]
    return value


def _sentence(error: ValidationError) -> str:
    """Say which key is wrong, what it is, and what would be right."""
    path = ".".join(str(part) for part in error.absolute_path)
    rule: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    found: Any = error.instance
    expected: Any = error.validator_value
    known = rule.get("properties", {})
    if error.validator == "additionalProperties":
        wrong = next(str(name) for name in found if name not in known)
        full = f"{path}.{wrong}" if path else wrong
        hint = did_you_mean(wrong, known)
        return f"unknown key {full!r}{hint or '.'} Known here: {', '.join(sorted(known))}."
    key = path or "the configuration"
    if error.validator == "required":
        missing = next(name for name in expected if name not in found)
        return f"{key} lacks the key '{missing}': {_described(known.get(missing, {}))}"
    if error.validator == "enum":
        words = [str(word) for word in expected]
        hint = did_you_mean(str(found), words)
        return f"{key}: {found!r} is not one of {', '.join(words)}{hint or '.'}"
    return f"{key}: {found!r} cannot be used: {error.message}. {_described(rule)}"


def _described(rule: Mapping[str, Any]) -> str:
    return str(rule.get("description", "see the configuration reference")).rstrip(".") + "."


def _methods(rules: Mapping[str, Any]) -> list[str]:
    """Return the methods of attribution that the schema lists."""
    methods = rules["properties"]["evaluation"]["properties"]["methods"]
    kinds: list[Mapping[str, Any]] = methods["items"]["oneOf"]
    return [name for kind in kinds for name in kind.get("enum", [])]


def _network(item: Mapping[str, Any]) -> NetworkChoice:
    entry = _own_network(item) if "architecture" in item else _catalogued_network(item)
    choice = NetworkChoice(
        item["name"],
        entry,
        tuple(item["layers"]),
        tuple(item["filters"]),
        tuple(item["kernels"]),
        tuple(item["also_record"]),
    )
    _check_layers(choice)
    return choice


def _catalogued_network(item: Mapping[str, Any]) -> catalogue.NetworkEntry:
    name = item["name"]
    try:
        entry = catalogue.network(name)
    except ConfigError as error:
        raise ConfigError(
            f"networks: {error} An own network needs the keys {', '.join(_OWN_NETWORK_KEYS)}."
        ) from None
    extra = [key for key in (*_OWN_NETWORK_KEYS, "classes") if key in item]
    if extra:
        raise ConfigError(
            f"networks.{name}: '{extra[0]}' is for own networks, but '{name}' is in the catalogue, "
            "which fixes it. Give the own network another name, and say its architecture."
        )
    return entry


def _own_network(item: Mapping[str, Any]) -> catalogue.NetworkEntry:
    name = item["name"]
    missing = [key for key in _OWN_NETWORK_KEYS if key not in item]
    if missing:
        raise ConfigError(f"networks.{name}: an own network also needs the key '{missing[0]}'.")
    if name in catalogue.networks():
        raise ConfigError(
            f"networks.{name}: this name belongs to a network of the catalogue; choose another."
        )
    random = item["weights"] == "random"
    weights = {"kind": "random", "seed": 0} if random else {"kind": "file", "path": item["weights"]}
    return catalogue.NetworkEntry(
        name=name,
        architecture=item["architecture"],
        weights=weights,
        preprocessing=dict(item["preprocessing"]),
        classes=item.get("classes"),
    )


def _check_layers(choice: NetworkChoice) -> None:
    """Refuse layers that the network does not have, or that lack what is asked of them.

    An own architecture outside the catalogue is built by the first job that needs it, and checked
    there: building it here would load torch whenever Snakemake reads the workflow.
    """
    table = {row.layer: row for row in _known_layers(choice.entry)}
    if not table:
        return
    where = f"networks.{choice.name}"
    for key, layers in (
        ("layers", choice.layers),
        ("filters", choice.filters),
        ("kernels", choice.kernels),
        ("also_record", choice.also_record),
    ):
        for layer in layers:
            if layer not in table:
                raise ConfigError(
                    f"{where}.{key}: no layer '{layer}'{did_you_mean(layer, table)}. "
                    f"List them with: cnnvis layers {choice.entry.architecture}"
                )
    for layer in choice.layers:
        _require_maps(where, table[layer])
    for layer in choice.filters:
        _require_weights(where, choice.name, table[layer])
    for layer in choice.kernels:
        _require_kernels(where, table[layer])


def _require_maps(where: str, row: catalogue.LayerRow) -> None:
    if not row.spatial:
        raise ConfigError(
            f"{where}.layers: '{row.layer}' has the shape {row.shape}, without rows and columns, "
            "so its channels cannot be drawn or ordered as maps. Move it to 'also_record', or "
            "choose a layer before it."
        )


def _require_weights(where: str, network: str, row: catalogue.LayerRow) -> None:
    if not row.weight:
        raise ConfigError(
            f"{where}.filters: '{row.layer}' ({row.op}) has no weights. Choose a convolution or a "
            f"linear layer; list them with: cnnvis layers {network}"
        )


def _require_kernels(where: str, row: catalogue.LayerRow) -> None:
    if len(row.weight) != 4 or row.weight[1] != 3:
        found = "x".join(map(str, row.weight)) or "none"
        raise ConfigError(
            f"{where}.kernels: '{row.layer}' ({row.op}, weights: {found}) is no convolution that "
            "sees red, green and blue. Choose the one whose input is the image."
        )


def _known_layers(entry: catalogue.NetworkEntry) -> tuple[catalogue.LayerRow, ...]:
    if entry.architecture not in catalogue.networks():
        return ()
    return catalogue.layer_table(entry.architecture)


def _image_set(item: Mapping[str, Any]) -> ImageChoice:
    name, sheet, folder = item["name"], item.get("sheet"), item.get("folder")
    skip_bad = item["on_bad_image"] == "skip"
    if sum(key in item for key in ("sheet", "folder", "tars")) > 1:
        raise ConfigError(f"images.{name}: give a sheet, a folder or tars, and one of them.")
    if "tars" in item:
        return _tar_set(item, skip_bad)
    if folder:
        if not Path(folder).is_dir():
            raise ConfigError(f"images.{name}.folder: there is no folder {folder}.")
        return ImageChoice(name, None, folder, item["shards"], skip_bad=skip_bad)
    if sheet and not Path(sheet).is_file():
        raise ConfigError(f"images.{name}.sheet: there is no file {sheet}.")
    place = Path(sheet) if sheet else _catalogued_sheet(name)
    ids, archives = _read_sheet(place, name)
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


def _without_words(archive: catalogue.Archive) -> dict[str, Any]:
    """Return what a download depends on: all of the entry but what is only for people to read."""
    words = ("licence", "citation")
    return {key: value for key, value in archive.as_params().items() if key not in words}


def _catalogued_sheet(name: str) -> Path:
    try:
        return catalogue.image_set(name).sheet
    except ConfigError as error:
        raise ConfigError(f"images: {error} Own images need the key 'sheet' or 'folder'.") from None


def _read_sheet(sheet: Path, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids and the archives of a sheet; a job checks the rest of it."""
    try:
        ids, archives = catalogue.listed(sheet)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"images.{name}.sheet: cannot read {sheet}: {error}. Save it as CSV in UTF-8."
        ) from error
    for archive in archives:
        try:
            catalogue.archive(archive)
        except ConfigError as error:
            raise ConfigError(f"images.{name}: {sheet}: {error}") from None
    return ids, archives
