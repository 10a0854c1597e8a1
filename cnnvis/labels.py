"""What is known of an image beside its pixels: its name, its file, its class and its role."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnvis.errors import ImageError

FIRST = "first"
"""Stands for the first image of a set where the id of an image is expected."""


@dataclass(frozen=True)
class Image:
    """One image of a set.

    Args:
        id: its name, unique in the set.
        sha256: of the image file; empty for what is no file (noise).
        class_index: the class it truly is of, among the network's; None where that is not known.
        role: its part in a comparison, such as reference; empty where it has none.
    """

    id: str
    sha256: str = ""
    class_index: int | None = None
    role: str = ""


def places_of_roles(images: Sequence[Image], wanted: Sequence[str]) -> list[int]:
    """Return the places of the images that play one of the wanted roles, in their order.

    Raises:
        ImageError: fewer than two roles are wanted, or no image plays one of them.

    >>> photos = [Image("cat", role="reference"), Image("dog"), Image("lynx", role="similar")]
    >>> places_of_roles(photos, ["reference", "similar"])
    [0, 2]
    """
    roles = [image.role for image in images]
    present = sorted({role for role in roles if role}) or ["none"]
    if len(set(wanted)) < 2:
        raise ImageError(
            f"a comparison needs at least two roles, got {', '.join(wanted) or 'none'}. Name more "
            "under gradients.roles."
        )
    for role in wanted:
        if role not in roles:
            raise ImageError(
                f"no image has the role '{role}', so there is nothing to compare; the images have "
                f"the roles {', '.join(present)}. Give images that role in a sheet, or take it out "
                "of gradients.roles, which needs two. Everything but the comparison works without "
                "roles; networks[] without filters have none to compare."
            )
    return [place for place, role in enumerate(roles) if role in wanted]
