"""What a study names has to be there: classes, images, sequences, methods."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from cnnvis import classes
from cnnvis.config_images import ImageChoice
from cnnvis.config_networks import NetworkChoice
from cnnvis.errors import ConfigError, did_you_mean
from cnnvis.labels import FIRST

#: How many photos each kind of sequence is made of.
_PHOTOS_OF = {"pan": 1, "crossing": 2, "hiding": 1}

#: Words that stand for images where an id is asked for.
_SOURCE_WORDS = ("mean", "set")


def check(
    settings: Mapping[str, Any],
    networks: Iterable[NetworkChoice],
    images: Collection[ImageChoice],
    methods: Collection[str],
) -> None:
    """Refuse settings that name what is not there.

    Args:
        settings: of a study, with their defaults.
        networks: of the study.
        images: its image sets.
        methods: the methods of attribution that there are.

    Raises:
        ConfigError: naming the key, what was found there, and what would be right.
    """
    refuse_twice("networks", [item["name"] for item in settings["networks"]])
    refuse_twice("images", [item["name"] for item in settings["images"]])
    _check_classes(settings, networks)
    _check_image_ids(settings, images)
    _check_explored(settings["explorer"]["images"], images)
    _check_tracking(settings["tracking"], images)
    _check_evaluation(settings["evaluation"], methods)


def refuse_twice(key: str, names: Iterable[str]) -> None:
    """Refuse a name that is used twice under one key."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"{key}: the name '{name}' is used twice; give each its own name.")
        seen.add(name)


def _check_classes(settings: Mapping[str, Any], networks: Iterable[NetworkChoice]) -> None:
    """Refuse a class that is not one of ImageNet's, where every network has those."""
    wanted = [("gradients.units", unit) for unit in settings["gradients"]["units"]]
    if classes.best_count(settings["backtrack"]["target"]) is None:
        wanted.append(("backtrack.target", settings["backtrack"]["target"]))
    for choice in networks:
        for key, value in wanted:
            if choice.entry.classes == "imagenet":
                _class_index(key, value)
            elif choice.entry.classes is None and not isinstance(value, int):
                raise ConfigError(
                    f"{key}: {value!r} is a class name, but the classes of '{choice.name}' have no "
                    "names. Give an index, or name them with the key 'classes' of the network."
                )


def _class_index(key: str, value: str | int) -> int:
    try:
        return classes.index_of(value)
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None


def _check_image_ids(settings: Mapping[str, Any], images: Iterable[ImageChoice]) -> None:
    """Refuse an image id that a sheet does not have; folders are listed by a job."""
    wanted = {
        "ordering.source": (settings["ordering"]["source"], _SOURCE_WORDS),
        "volumes.image": (settings["volumes"]["image"], (FIRST,)),
        "figures.image": (settings["figures"]["image"], (FIRST,)),
    }
    for choice in images:
        for key, (value, words) in wanted.items():
            if choice.ids and value not in words and value not in choice.ids:
                hint = did_you_mean(value, (*choice.ids, *words))
                raise ConfigError(
                    f"{key}: the image set '{choice.name}' has no image '{value}'{hint}. "
                    f"Use the id of an image of its sheet, or {' or '.join(words)}."
                )


def _check_explored(wanted: str | list[str], images: Collection[ImageChoice]) -> None:
    """Refuse an id that no sheet has; a folder may hold it."""
    if isinstance(wanted, str) or any(choice.folder for choice in images):
        return
    known = [id for choice in images for id in choice.ids]
    for one in wanted:
        if one not in known:
            raise ConfigError(
                f"explorer.images: no image set has an image '{one}'{did_you_mean(one, known)}. "
                "Use ids of their sheets, all, or none."
            )


def _check_tracking(wanted: Mapping[str, Any], images: Iterable[ImageChoice]) -> None:
    """Refuse sequences that cannot be made or read."""
    refuse_twice("tracking.sequences", [sequence["name"] for sequence in wanted["sequences"]])
    for sequence in wanted["sequences"]:
        where = f"tracking.sequences, '{sequence['name']}'"
        needed = 0 if sequence["path"] else _PHOTOS_OF[sequence["kind"]]
        if len(sequence["photos"]) != needed:
            raise ConfigError(
                f"{where}: a path needs no photos, and '{sequence['kind']}' without a path "
                f"{_PHOTOS_OF[sequence['kind']]}; got {len(sequence['photos'])}."
            )
        if sequence["path"] and not Path(sequence["path"]).exists():
            raise ConfigError(f"{where}: there is no file or folder {sequence['path']}.")
        for choice in images:
            missing = [photo for photo in sequence["photos"] if photo not in choice.ids]
            if missing and len(missing) < needed:
                raise ConfigError(
                    f"{where}: the image set '{choice.name}' has no image '{missing[0]}'"
                    f"{did_you_mean(missing[0], choice.ids)}."
                )


def _check_evaluation(wanted: Mapping[str, Any], methods: Collection[str]) -> None:
    """Refuse methods of one name, and names that no method has, here or anywhere."""
    names = [item if isinstance(item, str) else item["name"] for item in wanted["methods"]]
    refuse_twice("evaluation.methods", names)
    known = dict.fromkeys((*names, *methods))
    for key, asked in (
        ("references", wanted["references"]),
        ("mosaics.without", wanted["mosaics"]["without"]),
        ("sanity.methods", wanted["sanity"]["methods"]),
    ):
        for name in asked:
            if name not in known:
                raise ConfigError(
                    f"evaluation.{key}: no method has the name {name!r}"
                    f"{did_you_mean(name, known)}; there are {', '.join(known)}."
                )
