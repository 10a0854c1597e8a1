"""The images of a comparison: reference, similar and dissimilar ones, recognised or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnvis.figures import style

ROLES = ("reference", "similar", "dissimilar")
"""Roles that every comparison shows, also where no image has them; others follow."""

STATES = {True: "correct", False: "misclassified", None: "no label"}


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


def by_role(subjects: Sequence[Subject]) -> list[int]:
    """Return the images by role, the correct ones of each first, otherwise in their order."""
    roles = roles(subjects)
    states = list(STATES)
    return sorted(
        range(len(subjects)),
        key=lambda image: (
            roles.index(subjects[image].role),
            states.index(subjects[image].correct),
        ),
    )


def roles(subjects: Sequence[Subject]) -> list[str]:
    """Return the three roles of every comparison, then others in the order they come."""
    return list(dict.fromkeys([*ROLES, *(subject.role for subject in subjects)]))


def new_role(people: Sequence[Subject], place: int) -> bool:
    """Say whether an image is the first of its role."""
    return place == 0 or people[place].role != people[place - 1].role


def colour(people: Sequence[Subject], role: str) -> str:
    """Return the colour of a role."""
    return style.CATEGORIES[roles(people).index(role) % len(style.CATEGORIES)]


def columns(people: Sequence[Subject]) -> list[tuple[str, bool | None]]:
    """Return the groups: correct and misclassified of each role, without label if there are any."""
    groups: list[tuple[str, bool | None]] = []
    for role in roles(people):
        states = {subject.correct for subject in people if subject.role == role}
        groups += [(role, state) for state in STATES if state is not None or state in states]
    return groups
