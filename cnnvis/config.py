"""The settings of a study, checked whole before any job starts; an error names the key."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from cnnvis import catalogue, config_checks, config_images, config_networks
from cnnvis.classes import IMAGENET
from cnnvis.config_images import ImageChoice
from cnnvis.config_networks import NetworkChoice
from cnnvis.errors import ConfigError, did_you_mean
from cnnvis.files import sha256


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
    def class_lists(self) -> list[list[str | None]]:
        """How the classes of the networks are named, each list once, and the digest of its file."""
        lists = sorted({choice.entry.classes for choice in self.networks.values()}, key=str)
        return [[one, sha256(one) if one not in (None, IMAGENET) else ""] for one in lists]

    @property
    def compared(self) -> list[str]:
        """The image sets whose gradients are compared: with two of the roles that are compared."""
        wanted = {*self.settings["gradients"]["roles"]}
        return [name for name, choice in self.images.items() if len(wanted & {*choice.roles}) > 1]

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
    networks = {choice.name: choice for choice in map(config_networks.chosen, settings["networks"])}
    images = {choice.name: choice for choice in map(config_images.chosen, settings["images"])}
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


def _without_words(archive: catalogue.Archive) -> dict[str, Any]:
    """Return what a download depends on: all of the entry but what is only for people to read."""
    words = ("licence", "citation")
    return {key: value for key, value in archive.as_params().items() if key not in words}
