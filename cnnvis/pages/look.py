"""What a page of a study is about: one network with one image set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What a study looks at in one network with one image set.

    Args:
        network, images: their names, which are folders of the results.
        layers: whose maps were ordered and drawn.
        filters: whose gradients were compared.
        source: what the orders were made from.
        kernels: convolutions whose kernels were drawn.
        sequences: through which objects were followed.
        uncompared: whose gradients were not compared, for want of two roles.
    """

    network: str
    images: str
    layers: tuple[str, ...]
    filters: tuple[str, ...]
    source: str
    kernels: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """Where its results are, relative to the page."""
        return f"{self.network}/{self.images}"

    @property
    def where(self) -> str:
        """The network and the images in words, as titles begin."""
        return f"{self.network} on {self.images}"

    @property
    def anchor(self) -> str:
        """How the anchors of its parts of the page begin."""
        return f"{self.network}-{self.images}"
