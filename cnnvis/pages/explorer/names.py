"""Names of files for names of things: safe on every disk, the same in every run, no two alike."""

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,62}(?<!\.)")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""What Windows takes for devices, whatever stands behind the first point."""
_DIGITS = 12


def file_name(name: str) -> str:
    """Return the name of the file, or folder, of something that has a name.

    Plain names stay as they are. Of others a part is kept that can be read, and a digest behind a
    tilde, which no plain name has, tells them apart; so it does names that differ only in capitals,
    which some disks take for one.

    >>> file_name("features.4"), file_name("Cat")
    ('features.4', 'cat~48735c4fae42')
    >>> file_name("../a b").startswith("a_b~")
    True
    """
    if _PLAIN.fullmatch(name) and not _DEVICES.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    words = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_")[:40]
    return f"{words}~{digest}"
