"""Frames of a sequence from files: a folder of pictures, an animation, a video."""

import os
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from cnnvis import images
from cnnvis.errors import ImageError
from cnnvis.images import Photo
from cnnvis.sheets import SUFFIXES

MOST = 2000
"""No more frames than these are read."""
_MOST_BYTES = 8 * 10**9
"""Of all frames together; 2000 of them in the size of a screen (1280 x 720) are less."""

_VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm")


def read(path: str | os.PathLike[str]) -> tuple[Photo, ...]:
    """Read the frames of a folder of pictures (by name), of an animated GIF, or of a video.

    Videos need the packages imageio and av, which ``pip install 'cnnvis[video]'`` brings.

    Raises:
        ImageError: there is no such file, it cannot be read, or its frames need too much memory.
    """
    place = Path(path)
    if place.is_dir():
        return tuple(_within(map(images.read, _pictures(place)[:MOST]), place))
    if not place.is_file():
        raise ImageError(
            f"there is no sequence {place}: give a folder of frames, a GIF or a video."
        )
    frames = _video(place) if place.suffix.lower() in _VIDEOS else _animation(place)
    return tuple(_within(islice(frames, MOST), place))


def _within(frames: Iterator[Photo], path: Path) -> Iterator[Photo]:
    """Yield frames as long as they fit into memory together."""
    size = 0
    for frame in frames:
        size += frame.nbytes
        if size > _MOST_BYTES:
            raise ImageError(
                f"the frames of {path} take more than {_MOST_BYTES / 1e9:.0f} GB of memory; make "
                "them smaller, or fewer."
            )
        yield frame


def _pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, by name; hidden ones do not count."""
    return sorted(
        file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.name[0] != "."
    )


def _animation(path: Path) -> Iterator[Photo]:
    """Yield the frames of a GIF or another picture that moves."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=images.FORMATS) as picture:
                for frame in ImageSequence.Iterator(picture):
                    yield np.array(frame.convert("RGB"))
    except Exception as error:  # Pillow's decoders fail in many ways
        raise ImageError(
            f"{path} cannot be read as a sequence: {error}. Give a folder of frames, an animated "
            "GIF or a video."
        ) from error


def _video(path: Path) -> Iterator[Photo]:
    """Yield the frames of a video."""
    try:
        import av  # noqa: F401 - imageio reads videos with it
        import imageio.v3 as reader
    except ImportError as error:
        raise ImageError(
            f"reading the video {path} needs the packages imageio and av: pip install "
            "'cnnvis[video]'. Or make a folder of frames of it, and give that."
        ) from error
    try:
        for frame in reader.imiter(path, plugin="pyav"):
            yield np.asarray(frame, np.uint8)
    except Exception as error:  # what a decoder raises is anyone's guess
        raise ImageError(f"the video {path} cannot be read: {error}.") from error
