"""What is known of an image beside its pixels: its name, its file, its class and its role."""

from dataclasses import dataclass


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
