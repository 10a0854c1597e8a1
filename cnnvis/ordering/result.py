"""The result of ordering channels: a checked permutation, where it came from, and its file."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import FileError, OrderingError, StoreError
from cnnvis.files import canonical_json, write_json

SCHEMA = "cnnvis/ordering"
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class Ordering:
    """An order of ``n`` channels: place ``p`` of the order shows channel ``permutation[p]``.

    Attributes:
        permutation: (place,) the channel shown at each place.
        score: (channel,) the value the channels were sorted by, in no unit; None where a method
            has none.
        cluster: (channel,) the cluster of each channel, numbered as the order shows them; None
            where a method makes none.
        method: the name of the method in ``cnnvis.ordering.METHODS``.
        params: the options of the method, all of them, also those left at their defaults.
        source: what was ordered: one image, the mean over a set, or the whole set.

    Raises:
        OrderingError: not a permutation, or a score or cluster that does not fit it.

    >>> by_hand = Ordering([2, 0, 1], None, None, "natural", {}, "image")
    >>> by_hand.apply(np.array(["a", "b", "c"])).tolist()
    ['c', 'a', 'b']
    >>> by_hand.inverse.tolist()  # the place of each channel
    [1, 2, 0]
    """

    permutation: NDArray[np.intp]
    score: NDArray[np.float64] | None
    cluster: NDArray[np.intp] | None
    method: str
    params: Mapping[str, object]
    source: str

    def __post_init__(self) -> None:
        """Freeze the arrays and check that they belong together."""
        permutation = _whole_numbers("permutation", self.permutation)
        _check_permutation(permutation)
        object.__setattr__(self, "permutation", _frozen(permutation))
        if self.score is not None:
            score = np.array(self.score, np.float64)
            _check_per_channel("score", score, len(permutation))
            object.__setattr__(self, "score", _frozen(score))
        if self.cluster is not None:
            cluster = _whole_numbers("cluster", self.cluster)
            _check_per_channel("cluster", cluster, len(permutation))
            object.__setattr__(self, "cluster", _frozen(cluster))
        object.__setattr__(self, "params", MappingProxyType(dict(self.params)))

    def __len__(self) -> int:
        """Return the number of channels."""
        return len(self.permutation)

    @property
    def inverse(self) -> NDArray[np.intp]:
        """(channel,) the place at which each channel is shown."""
        return np.argsort(self.permutation)

    def apply(self, array: ArrayLike, axis: int = 0) -> NDArray[Any]:
        """Return ``array`` with its channels, along ``axis``, in this order.

        Raises:
            OrderingError: that axis does not have as many entries as there are channels.
        """
        values = np.asarray(array)
        if not -values.ndim <= axis < values.ndim or values.shape[axis] != len(self):
            raise OrderingError(
                f"an ordering of {len(self)} channels cannot be applied along axis {axis} of an "
                f"array of shape {values.shape}. Use the ordering made for that layer."
            )
        return np.take(values, self.permutation, axis=axis)

    def to_dict(self) -> dict[str, Any]:
        """Return the ordering as lists and words, ready for JSON."""
        return {
            "permutation": self.permutation.tolist(),
            "score": None if self.score is None else self.score.tolist(),
            "cluster": None if self.cluster is None else self.cluster.tolist(),
            "method": self.method,
            "params": dict(self.params),
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the ordering that :meth:`to_dict` described.

        Raises:
            OrderingError: a part is missing, unknown, or does not fit the others.
        """
        expected = set(cls.__dataclass_fields__)
        if set(values) != expected:
            raise OrderingError(
                f"an ordering has the parts {', '.join(sorted(expected))}; "
                f"got {', '.join(sorted(values)) or 'none'}."
            )
        return cls(**values)


def write(path: str | os.PathLike[str], ordering: Ordering, provenance_json: str) -> None:
    """Write an ordering and the record of its making as JSON, whole or not at all.

    Equal orderings with equal provenance give equal bytes.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    record = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "ordering": ordering.to_dict(),
        "provenance": json.loads(provenance_json),
    }
    write_json(path, record)


def read(path: str | os.PathLike[str]) -> Ordering:
    """Read the ordering that :func:`write` wrote.

    Raises:
        FileError: there is no such file.
        StoreError: the file is not an ordering, or one of another version.
        OrderingError: the ordering in it does not hold together.
    """
    try:
        return Ordering.from_dict(_record(path)["ordering"])
    except (OrderingError, AttributeError, OverflowError, TypeError, ValueError) as error:
        raise OrderingError(f"{path}: {error} Delete it and run the ordering stage.") from error


def provenance(path: str | os.PathLike[str]) -> str:
    """Read the record of the ordering's making, as the canonical JSON given to :func:`write`.

    Raises:
        FileError: there is no such file.
        StoreError: the file is not an ordering, or one of another version.
    """
    return canonical_json(_record(path)["provenance"])


def _record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the JSON of an ordering file and check that it is one."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(
            f"cannot read the ordering {path}: {error.strerror}. Run the ordering stage first."
        ) from error
    except (ValueError, RecursionError) as error:
        raise StoreError(
            f"{path} is not an ordering: no JSON ({error}). Delete it and run the ordering stage."
        ) from error
    found = record if isinstance(record, dict) else {}
    schema, version = found.get("schema"), found.get("schema_version")
    if (schema, version) != (SCHEMA, SCHEMA_VERSION) or not {"ordering", "provenance"} <= set(
        found
    ):
        raise StoreError(
            f"{path} is not a whole ordering: expected schema {SCHEMA!r} of version "
            f"{SCHEMA_VERSION}, found {schema!r} of version {version!r}. Delete it and run the "
            "ordering stage."
        )
    return found


def _whole_numbers(name: str, values: ArrayLike) -> NDArray[np.intp]:
    """Return a copy as integers; anything that would be rounded on the way is refused."""
    given = np.asarray(values)
    if given.dtype.kind not in "iu" and given.size:
        raise OrderingError(f"the {name} of an ordering holds whole numbers, not {given.dtype}.")
    return given.astype(np.intp)


def _check_permutation(permutation: NDArray[np.intp]) -> None:
    """Refuse anything that does not show every channel exactly once."""
    n = permutation.size
    if permutation.ndim != 1 or n == 0:
        raise OrderingError(
            f"a permutation is a list of at least one channel; got shape {permutation.shape}."
        )
    if not np.array_equal(np.sort(permutation), np.arange(n)):
        count = np.bincount(permutation[(permutation >= 0) & (permutation < n)], minlength=n)
        raise OrderingError(
            f"a permutation of {n} channels shows each of 0 ... {n - 1} once; "
            f"missing: {np.flatnonzero(count == 0).tolist()}, "
            f"repeated: {np.flatnonzero(count > 1).tolist()}."
        )


def _check_per_channel(name: str, values: NDArray[Any], n: int) -> None:
    """Refuse a score or cluster that does not give one usable value per channel."""
    if values.shape != (n,):
        raise OrderingError(
            f"the {name} of {n} channels has one value per channel; got shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise OrderingError(f"the {name} holds NaN or infinity at a channel; it has to be finite.")
    if name == "cluster" and values.min() < 0:
        raise OrderingError(f"clusters are numbered from 0; got {values.min()}.")


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, no longer writable."""
    array.flags.writeable = False
    return array
