"""What the classes of a network are called, and which class a name means."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cnnvis.errors import ConfigError, did_you_mean

DATA_FILES = ("data/imagenet_classes.txt",)
"""Files of the package that this module reads."""

IMAGENET = "imagenet"
"""The word for the 1000 classes of ImageNet, where a file of names could stand."""

_IMAGENET_FILE = Path(__file__).parent / DATA_FILES[0]


_BEST = re.compile(r"top([1-9]\d*)")


@cache
def names_of(classes: str | None) -> tuple[str, ...]:
    """Return the names of classes in the order of the scores; none where they are only numbered.

    Args:
        classes: ``imagenet``, a text file with one name a line, or None.

    Raises:
        ConfigError: the file cannot be read.

    >>> len(names_of("imagenet")), names_of("imagenet")[285], names_of(None)
    (1000, 'Egyptian cat', ())
    """
    if classes is None:
        return ()
    file = _IMAGENET_FILE if classes == IMAGENET else Path(classes)
    try:
        return tuple(file.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ConfigError(
            f"cannot read the class names {file}: {error.strerror}. Give '{IMAGENET}', or a text "
            "file with one name a line."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"cannot read the class names {file}: {error}. Save the file as text in UTF-8."
        ) from error


def index_of(name_or_index: str | int, classes: str | None = IMAGENET) -> int:
    """Return the index of a class, given by its name or by the index itself.

    Upper and lower case count only where two names differ in nothing else.

    Raises:
        ConfigError: no class has that name or index, or several have; they are named.

    >>> index_of("Egyptian cat"), index_of("285"), index_of(285), index_of(3, None)
    (285, 285, 285, 3)
    """
    names = names_of(classes)
    text = str(name_or_index).strip()
    if isinstance(name_or_index, bool) or not text:
        raise ConfigError(f"{name_or_index!r} is no class: give a name or an index.")
    if re.fullmatch(r"-?\d+", text):
        return _checked(int(text), len(names))
    if not names:
        raise ConfigError(
            f"class {text!r}: these classes have no names; give an index, or name them with the "
            "key 'classes' of the network."
        )
    return _named(text, names)


def index_for_all(text: str, lists: Sequence[str | None] = (IMAGENET,)) -> int:
    """Return the index of a class that several networks see, which has to be one for all of them.

    Args:
        text: its name, or the index.
        lists: how the classes of the networks are named, each as :func:`names_of` takes it.

    Raises:
        ConfigError: the text is no class of one of the lists, or another one.

    >>> index_for_all("Egyptian cat"), index_for_all("285", ["imagenet", None])
    (285, 285)
    """
    found: dict[str | None, int] = {}
    refused: dict[str | None, str] = {}
    for classes in lists:
        try:
            found[classes] = index_of(text, classes)
        except ConfigError as error:
            refused[classes] = str(error)
    if not refused and len({*found.values()}) == 1:
        return found[lists[0]]
    if len(lists) == 1:
        raise ConfigError(
            f"{refused[lists[0]]} The class of an image is one of {_called(lists[0])}, as the "
            "networks have them; leave it empty where it is none of these."
        )
    meanings = [
        f"{found[one]} of {_called(one)}"
        if one in found
        else f"none of {_called(one)} ({refused[one].rstrip('.')})"
        for one in lists
    ]
    raise ConfigError(
        f"the class '{text}' is {' and '.join(meanings)}, and all networks of a study see the same "
        "images. Give an index, which means the same to all that have so many classes; or leave "
        "the class empty; or make a study for each list of classes."
    )


def _called(classes: str | None) -> str:
    return "the classes without names" if classes is None else classes


def best_count(wanted: str | int) -> int | None:
    """Return how many classes ``top1``, ``top5`` and the like ask for; None where it is a class.

    They stand where a class could: for those with the highest scores of each image.

    >>> best_count("top5"), best_count("Egyptian cat"), best_count(285)
    (5, None, None)
    """
    found = _BEST.fullmatch(str(wanted).strip())
    return int(found[1]) if found else None


def _checked(index: int, count: int) -> int:
    """Refuse an index beyond the classes; where they have no names, only a negative one."""
    if index < 0 or (count and index >= count):
        most = f" to {count - 1}" if count else ""
        raise ConfigError(f"no class {index}: the indices go from 0{most}.")
    return index


def _named(text: str, names: Sequence[str]) -> int:
    like = [i for i, name in enumerate(names) if name.casefold() == text.casefold()]
    exact = [i for i in like if names[i] == text]
    found = exact or like
    if len(found) > 1:
        choice = " and ".join(f"{i} ('{names[i]}')" for i in found)
        raise ConfigError(f"class '{text}' may be {choice}: give the index.")
    if not found:
        raise ConfigError(f"no class '{text}'{did_you_mean(text, names) or '.'}")
    return found[0]
