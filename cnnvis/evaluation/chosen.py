"""Which methods are measured: by name, or as variants with options of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnnvis.attribution import METHODS
from cnnvis.errors import ConfigError, did_you_mean

BACKTRACK = "backtrack"
"""The method whose options a study chooses."""

_OF_MAPS = ("sigma", "near", "share", "weighted")
"""Options of backtracking that say how pixels become a map; all others say how they are found."""


@dataclass(frozen=True)
class Chosen:
    """A method of attribution with its options.

    Args:
        name: what it is called in tables.
        method: of :data:`cnnvis.attribution.METHODS`.
        options: of the method, as :func:`cnnvis.attribution.maps` takes them.
    """

    name: str
    method: str
    options: Mapping[str, Any] = field(default_factory=dict)


def chosen(
    asked: Sequence[str | Mapping[str, Any]], own: Mapping[str, Any] | None = None
) -> tuple[Chosen, ...]:
    """Return the methods that a study asks for.

    Args:
        asked: a name of :data:`cnnvis.attribution.METHODS` each, or a variant: ``name``, ``method``
            and ``options``.
        own: options of "backtrack" where it says nothing else: those of the walk, and ``sigma``,
            ``near``, ``share`` and ``weighted``.

    Raises:
        ConfigError: there is no such method, or two have one name.

    >>> few = chosen(["centre", {"name": "k = 1", "method": "backtrack", "options": {"k": 1}}],
    ...              {"winner": "argmax", "sigma": 0.05})
    >>> [one.name for one in few], few[1].options
    (['centre', 'k = 1'], {'sigma': 0.05, 'options': {'winner': 'argmax', 'k': 1}})
    """
    found = tuple(_one(item, own or {}) for item in asked)
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"methods are told apart by their names, and {twice[0]!r} is there twice; give one of "
            "them another name."
        )
    return found


def _one(item: str | Mapping[str, Any], own: Mapping[str, Any]) -> Chosen:
    asked: Mapping[str, Any] = {"name": item, "method": item} if isinstance(item, str) else item
    method, options = asked["method"], dict(asked.get("options", {}))
    if method not in METHODS:
        raise ConfigError(
            f"there is no method of attribution {method!r}{did_you_mean(method, METHODS)}; there "
            f"are {', '.join(METHODS)}."
        )
    if method == BACKTRACK:
        options = _parted(dict(own) | options)
    return Chosen(asked["name"], method, options)


def _parted(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of backtracking as the method takes them: those of the walk in one mapping."""
    of_maps = {key: value for key, value in options.items() if key in _OF_MAPS}
    walk = {key: value for key, value in options.items() if key not in _OF_MAPS}
    return {**of_maps, "options": walk}
