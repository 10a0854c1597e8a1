"""Reading the scripts of the explorer back, as the page does."""

import base64
import json
import re
import zlib
from pathlib import Path

import numpy as np


def read(path):
    """Return (key, value) of a script, its packed arrays as arrays."""
    text = Path(path).read_text(encoding="ascii")
    inside = re.fullmatch(r"cnnvis\.put\((.*)\);\n", text, re.S)[1]
    key, value = json.loads(f"[{inside}]")
    return key, unpacked(value)


def load(folder, key):
    """Return what the script of a key in the folder of all data holds."""
    found, value = read(Path(folder) / f"{key}.js")
    assert found == key
    return value


def unpacked(value):
    if isinstance(value, dict) and isinstance(value.get("shape"), list) and "deflate" in value:
        data = zlib.decompress(base64.b64decode(value["deflate"]))
        return np.frombuffer(data, np.dtype(value["type"]).newbyteorder("<")).reshape(
            value["shape"]
        )
    if isinstance(value, dict):
        return {key: unpacked(part) for key, part in value.items()}
    return [unpacked(part) for part in value] if isinstance(value, list) else value
