"""What the catalogue is made of: frozen records of archives, networks, image sets and layers."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cnnvis.errors import ConfigError

CAFFE = "caffe:"
"""What stands before the path of a ``.prototxt`` in an architecture."""

_WEIGHT_KEYS = {
    "pypi-member": ("archive", "members", "member_sha256", "format"),
    "torchvision": ("enum", "filename", "sha256"),
    "file": ("path",),
    "random": ("seed",),
}


@dataclass(frozen=True)
class Archive:
    """One file to download, pinned by its hash.

    ``kind`` is ``pypi`` (a file of a package index, found by project and file name) or ``url``.
    ``sha256`` is the whole hash, or the first digits of it where a publisher gives no more than
    those, in the file name. ``size`` is in bytes, 0 where it is not known.
    """

    name: str
    kind: str
    filename: str
    sha256: str
    project: str = ""
    version: str = ""
    url: str = ""
    size: int = 0
    licence: str = ""
    citation: str = ""

    def __post_init__(self) -> None:
        """Refuse an entry that could not be downloaded, or not be checked."""
        if self.kind not in ("pypi", "url"):
            raise ConfigError(f"archive '{self.name}': kind is 'pypi' or 'url', not '{self.kind}'.")
        if not re.fullmatch(r"[0-9a-f]{8,64}", self.sha256):
            raise ConfigError(
                f"archive '{self.name}': sha256 must be 64 hexadecimal digits (or the 8 or more "
                f"that its publisher gives), not '{self.sha256}'. Nothing is downloaded without."
            )
        needed = ("project", "version") if self.kind == "pypi" else ("url",)
        for key in (*needed, "filename"):
            if not getattr(self, key):
                raise ConfigError(f"archive '{self.name}' of kind '{self.kind}' lacks '{key}'.")

    def as_params(self) -> dict[str, Any]:
        """Return the entry as builtins in a fixed order, as Snakemake compares them."""
        return asdict(self)


@dataclass(frozen=True)
class NetworkEntry:
    """A classifier: how it is built, where its weights come from and what it is shown.

    ``architecture`` is ``efficientnet_lite0``, the name of a torchvision classifier,
    ``caffe:path/to/deploy.prototxt`` or ``package.module:factory``. ``weights`` says its ``kind``:

    * ``pypi-member``: ``archive`` (a name of the catalogue), ``members`` (one path in each nested
      archive), ``member_sha256``, ``format``;
    * ``torchvision``: ``enum``, ``filename``, ``sha256`` (its first digits);
    * ``file``: ``path`` of a state dict, or of a ``.caffemodel``;
    * ``random``: ``seed``.

    ``preprocessing`` holds the fields of :class:`cnnvis.images.Preprocessing`. ``classes`` is
    ``imagenet``, a text file with one name a line, or None where classes are numbers.
    """

    name: str
    architecture: str
    weights: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    classes: str | None = None
    licence: str = ""
    citation: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        """Refuse unknown kinds of weights, and make what is shared read-only."""
        kind = self.weights.get("kind")
        if kind not in _WEIGHT_KEYS:
            raise ConfigError(
                f"network '{self.name}': no weights of kind {kind!r}; kinds are: "
                f"{', '.join(_WEIGHT_KEYS)}."
            )
        for key in _WEIGHT_KEYS[kind]:
            if key not in self.weights:
                raise ConfigError(f"network '{self.name}': weights of kind '{kind}' lack '{key}'.")
        object.__setattr__(self, "weights", _frozen(self.weights))
        object.__setattr__(self, "preprocessing", _frozen(self.preprocessing))

    @property
    def prototxt(self) -> str:
        """Path of the description of a network of Caffe; empty for all others."""
        return prototxt(self.architecture)

    def as_params(self) -> dict[str, Any]:
        """Return the entry as builtins in a fixed order, as Snakemake compares them."""
        return {key: _plain(getattr(self, key)) for key in self.__dataclass_fields__}


@dataclass(frozen=True)
class ImageSet:
    """A sheet of labelled photos that comes with the package."""

    name: str
    sheet: Path
    title: str
    notes: str = ""


@dataclass(frozen=True)
class LayerRow:
    """One layer of a network: what it does and what comes out of it for one image.

    ``shape`` of the output is without the batch, (channel, row, col) where the layer is spatial;
    ``weight`` is the shape of its weights, empty where it has none; ``receptive_field`` and
    ``stride`` are in input pixels (rows, cols), None where they are not defined.
    """

    layer: str
    op: str
    shape: tuple[int, ...]
    weight: tuple[int, ...] = ()
    receptive_field: tuple[int, int] | None = None
    stride: tuple[int, int] | None = None

    @property
    def spatial(self) -> bool:
        """Whether the output has channels, rows and columns."""
        return len(self.shape) == 3

    @property
    def bytes(self) -> int:
        """Size of the output for one image, in float32."""
        return 4 * prod(self.shape)


def prototxt(architecture: str) -> str:
    """Return the path of the description that an architecture of Caffe names; empty for others.

    >>> prototxt("caffe:weights/deploy.prototxt")
    'weights/deploy.prototxt'
    """
    return architecture.removeprefix(CAFFE) if architecture.startswith(CAFFE) else ""


def _frozen(value: Any) -> Any:
    """Return lists as tuples and dicts as read-only views, for an entry is shared by all."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(value[key]) for key in sorted(value)})
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """Return read-only views as dicts and tuples as lists: builtins that Snakemake can compare."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple) else value
