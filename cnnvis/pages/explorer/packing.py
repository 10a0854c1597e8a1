"""Data files of the explorer: each a script that calls one function with a key and JSON.

A page from the disk may load no data, but it may load scripts. The JSON is ASCII, so that it does
not matter how the script is read. Arrays are packed: their bytes deflated, and written as text.
"""

import base64
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.files import write_text

TYPES = ("uint8", "int16", "uint16", "int32", "float32")
"""Types of packed arrays; the bytes of each number are in the order of x86 and ARM."""

_LEVEL = 6
"""Of deflate. The highest one makes maps 2 % smaller, in six times the time."""


def packed(values: ArrayLike, kind: str) -> dict[str, Any]:
    """Return an array as JSON can hold it: its type, its shape, its bytes.

    Raises:
        ValueError: not one of :data:`TYPES`, or numbers that the type cannot hold.

    >>> packed([[1, 2, 3]], "uint8")["shape"]
    [1, 3]
    """
    if kind not in TYPES:
        raise ValueError(f"arrays are packed as one of {', '.join(TYPES)}, not as {kind}")
    given = np.asarray(values)
    array = np.asarray(given, np.dtype(kind).newbyteorder("<"), order="C")
    if kind != "float32" and not np.array_equal(array, given):
        raise ValueError(f"numbers from {given.min()} to {given.max()} do not fit into {kind}")
    if not np.isfinite(array).all():
        raise ValueError("arrays that are packed hold finite numbers")
    data = base64.b64encode(zlib.compress(array.tobytes(), _LEVEL)).decode("ascii")
    return {"type": kind, "shape": list(array.shape), "deflate": data}


def rounded(values: ArrayLike, digits: int = 5) -> Any:
    """Return numbers as lists, with so many significant digits: shorter, and enough to be shown.

    >>> rounded([0.123456789, 1234567.0])
    [0.12346, 1234600.0]
    """
    array = np.asarray(values, np.float64)
    flat = [float(f"{value:.{digits}g}") for value in array.ravel().tolist()]
    return np.reshape(flat, array.shape).tolist()


def script(key: str, value: Any) -> str:
    """Return the script that hands over ``value`` under ``key``; equal values are equal text.

    >>> script("a/b", {"name": "</script>"})
    'cnnvis.put("a/b",{"name":"</script>"});\\n'
    """
    return f"cnnvis.put({_json(key)},{_json(value)});\n"


def write(folder: str | os.PathLike[str], key: str, value: Any) -> None:
    """Write the script of a key into the folder of all data.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    write_text(Path(folder) / f"{key}.js", script(key, value))


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
    )


def whole(values: NDArray[Any]) -> NDArray[np.int16]:
    """Return rows and columns as numbers of 16 bits, which no map and no photo goes beyond."""
    return values.astype(np.int16)
