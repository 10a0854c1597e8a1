"""The images of a comparison: reference, similar and dissimilar ones, recognised or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnvis.contrasts import STATES
from cnnvis.figures import style

ROLES = ("reference", "similar", "dissimilar")
"""Roles that every comparison shows, also where no image has them; others follow."""


@dataclass(frozen=True)
class Subject:
    """An image of a comparison: its name, its role, and whether the network was right."""

    name: str
    role: str
    correct: bool | None

    @property
    def state(self) -> str:
        """Say whether the network was right."""
        return STATES[self.correct]


def all_roles(subjects: Sequence[Subject]) -> list[str]:
    """Return the three roles of every comparison, then others in the order they come."""
    return list(dict.fromkeys([*ROLES, *(subject.role for subject in subjects)]))


def by_role(subjects: Sequence[Subject]) -> list[int]:
    """Return the images by role, the correct ones of each first, otherwise in their order.

    >>> by_role([Subject("a", "similar", False), Subject("b", "similar", True)])
    [1, 0]
    """
    roles, states = all_roles(subjects), list(STATES)

    def rank(image: int) -> tuple[int, int]:
        subject = subjects[image]
        return roles.index(subject.role), states.index(subject.correct)

    return sorted(range(len(subjects)), key=rank)


def groups(subjects: Sequence[Subject]) -> list[tuple[str, bool | None]]:
    """Return (role, correct): both states of each role, and no label where an image has none.

    >>> groups([Subject("a", "similar", True)])[:2]
    [('reference', True), ('reference', False)]
    """
    found: list[tuple[str, bool | None]] = []
    for role in all_roles(subjects):
        states = {subject.correct for subject in subjects if subject.role == role}
        found += [(role, state) for state in STATES if state is not None or state in states]
    return found


def begins_role(subjects: Sequence[Subject], place: int) -> bool:
    """Say whether an image is the first of its role."""
    return place == 0 or subjects[place].role != subjects[place - 1].role


def colour_of(subjects: Sequence[Subject], role: str) -> str:
    """Return the colour of a role."""
    return style.CATEGORIES[all_roles(subjects).index(role) % len(style.CATEGORIES)]
