"""What can go wrong, in words: every error a user can cause derives from :class:`CnnvisError`.

A message names the thing, what was expected, what came, and what to try, in one paragraph.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class CnnvisError(Exception):
    """Base of every error with a message meant for the user."""


class ConfigError(CnnvisError):
    """A setting, or a name in it, is not one that can be used."""


class AssetError(CnnvisError):
    """A download, an archive or a hash is not what was promised."""


class FileError(CnnvisError):
    """A file could not be written or read: disk full, read-only, missing."""


class ImageError(CnnvisError):
    """A photo or an image sheet cannot be used."""


class NetworkError(CnnvisError):
    """Weights or a network cannot be used."""


class TraceError(NetworkError):
    """A network cannot be turned into a graph of operations."""


class LayerError(NetworkError):
    """A layer does not exist, or lacks what was asked of it."""


class BacktrackError(CnnvisError):
    """A prediction cannot be walked back to the pixels."""


class AttributionError(CnnvisError):
    """A method of attribution cannot be applied to this network, or is not installed."""


class OrderingError(CnnvisError):
    """Channels cannot be ordered as asked."""


class ImportanceError(CnnvisError):
    """Filters cannot be weighed or removed as asked."""


class MeasureError(CnnvisError):
    """An explanation cannot be measured as asked."""


class StoreError(CnnvisError):
    """A result file is not of the kind or version that was expected."""


def shown(text: str) -> str:
    r"""Return text for a terminal, whatever it is made of: what cannot be seen stands as escapes.

    Names of files may hold line feeds, codes that a terminal obeys, and halves of characters that
    no stream can write.

    >>> print(shown("Straße 5.png"), shown("a\x1b[2J\n.png"), shown("\udcff"))
    Straße 5.png a\x1b[2J\n.png \udcff
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint such as ``; did you mean 'features.0'?``, empty where nothing is near.

    >>> did_you_mean("feature.0", ["features.0", "features.1", "classifier"])
    "; did you mean 'features.0' or 'features.1'?"
    >>> did_you_mean("zzz", ["features.0"])
    ''
    """
    near = get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
