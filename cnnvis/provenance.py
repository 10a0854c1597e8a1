"""Where a result comes from: the stage that made it, its settings, its inputs, the code.

A provenance holds no times, machines or paths, so the same work has the same provenance, and its
digest stands for the result: a file made from another records the digest of the other's provenance,
which is read in a moment, where hashing the file itself would read all of it.
"""

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cnnvis.errors import StoreError
from cnnvis.files import canonical_json

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The origin of one result.

    Args:
        stage: the name of the stage that made it.
        params: the settings of that stage; whatever JSON can hold. Tuples become lists.
        inputs: name of an input -> digest of its provenance, or sha256 of the file itself.
        source: digest of the code that ran; empty where it was not taken.
        versions: name of a package -> its version.

    Raises:
        TypeError: a setting is not made of numbers, words, lists and mappings.
        ValueError: an input is not given by a sha256, or a setting is not a finite number.
    """

    stage: str
    params: Mapping[str, Any]
    inputs: Mapping[str, str]
    source: str
    versions: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse inputs that are no digests, and settings that JSON cannot hold."""
        for name, digest in self.inputs.items():
            if not _SHA256.fullmatch(digest):
                raise ValueError(
                    f"stage {self.stage!r}: input {name!r} must be given by a sha256 or by the "
                    f"digest of a provenance, 64 hexadecimal digits; got {digest!r}"
                )
        for field in ("params", "inputs", "versions"):
            object.__setattr__(self, field, self._plain(field))

    def _plain(self, field: str) -> Any:
        """Return a field as JSON gives it back, so that what is written equals what is read."""
        try:
            return json.loads(canonical_json(dict(getattr(self, field))))
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"stage {self.stage!r}: {field} must be numbers, words, lists and mappings: {error}"
            ) from error

    def to_json(self) -> str:
        """Return the provenance as canonical JSON: equal provenances are equal text."""
        return canonical_json(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Provenance":
        """Read what :meth:`to_json` wrote.

        Raises:
            StoreError: ``text`` is not the JSON of a provenance.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"not a provenance: JSON with {', '.join(field.name for field in fields(cls))} was "
                f"expected, got {text[:80]!r} ({error})"
            ) from error

    @property
    def digest(self) -> str:
        """The sha256 of :meth:`to_json`, in hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def of(
    stage: str,
    *,
    params: Mapping[str, Any],
    inputs: Mapping[str, str],
    source: str = "",
    packages: Iterable[str] = ("numpy",),
) -> Provenance:
    """Return the provenance of a result being made now, with the versions of ``packages`` and ours.

    The versions are read from what is installed; nothing is imported.

    Raises:
        importlib.metadata.PackageNotFoundError: one of ``packages`` is not installed.

    >>> made = of("order", params={"method": "kmeans"}, inputs={"activations": "0" * 64})
    >>> sorted(made.versions)
    ['cnnvis', 'numpy']
    >>> Provenance.from_json(made.to_json()) == made
    True
    """
    versions = {name: importlib.metadata.version(name) for name in {"cnnvis", *packages}}
    return Provenance(stage=stage, params=params, inputs=inputs, source=source, versions=versions)
