"""Photos as pixels: read, resized and cropped for a network, and shown as the network saw them.

Pillow does the resizing, so that the input equals what torchvision's own presets make of a photo.
"""

import hashlib
import io
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnvis import photo_files
from cnnvis.errors import ConfigError, ImageError
from cnnvis.geometry import Frame

if TYPE_CHECKING:
    import pandas as pd

Photo = NDArray[np.uint8]
"""A decoded photo (row, col, 3): red, green, blue from 0 to 255."""

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

_MOST_PIXELS = 89_478_485
"""More than these are taken for a broken or a hostile file, as Pillow itself does."""

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is decoded, by Pillow's names, whatever a file is called. Pillow knows forty more, and has a
program of its own run for some (Ghostscript for EPS)."""


@dataclass(frozen=True)
class Preprocessing:
    """How a photo becomes the input of a network.

    The short side is resized to ``resize`` pixels, a square of ``crop`` pixels is cut out of the
    middle, and the input is (RGB * ``scale`` - ``mean``) / ``std`` with RGB from 0 to 255.

    Raises:
        ConfigError: a value cannot be meant, such as a crop larger than the resized photo.
    """

    resize: int
    crop: int
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    scale: float = 1 / 255

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 1 <= self.crop <= self.resize:
            raise ConfigError(
                f"preprocessing: crop {self.crop} must be from 1 to resize, which is {self.resize}."
            )
        if self.interpolation not in _FILTERS:
            raise ConfigError(
                f"preprocessing: interpolation '{self.interpolation}' is not one of "
                f"{', '.join(_FILTERS)}."
            )
        if len(self.mean) != 3 or len(self.std) != 3 or not all(self.std) or not self.scale:
            raise ConfigError(
                "preprocessing: mean and std are three numbers each, for red, green and blue; std "
                f"and scale are not 0. Got mean {self.mean}, std {self.std}, scale {self.scale}."
            )

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> "Preprocessing":
        """Return the preprocessing that a catalogue entry or a configuration describes.

        Raises:
            ConfigError: a key is missing or not known, or a value cannot be meant.

        >>> Preprocessing.from_mapping({"resize": 256, "crop": 227}).interpolation
        'bilinear'
        """
        known = [field.name for field in fields(cls)]
        unknown = [key for key in mapping if key not in known]
        if unknown or "resize" not in mapping or "crop" not in mapping:
            raise ConfigError(
                f"preprocessing: give resize, crop and, if wanted, {', '.join(known[2:])}; got "
                f"{', '.join(map(str, mapping))}."
            )
        values: dict[str, Any] = dict(mapping)
        for key in {"mean", "std"} & set(values):
            values[key] = tuple(float(value) for value in values[key])
        return cls(**values)


@dataclass(frozen=True)
class Batch:
    """Images ready for a network: ``pixels`` (image, 3, row, col) in float32, a frame for each."""

    names: tuple[str, ...]
    pixels: NDArray[np.float32]
    frames: tuple[Frame, ...]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.names)


def read(path: str | os.PathLike[str]) -> Photo:
    """Read a photo as (row, col, 3) in uint8, upright and in colour.

    The camera's orientation is applied. Grey, palette and 16 bit become RGB; what is transparent is
    laid on white, as a page would show it. Of an animation the first picture counts. Only
    :data:`FORMATS` are read. A path may be a place in a tar file (:mod:`cnnvis.tars`).

    Raises:
        ImageError: the file is missing, no picture, broken or truncated, or far too large.
    """
    return decode(photo_files.read(path, name=f"the photo {path}"), str(path))


def decode(data: bytes, name: str) -> Photo:
    """Decode the bytes of a picture file like :func:`read`; ``name`` is for the messages.

    Raises:
        ImageError: no picture, a broken or truncated one, or one that is far too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _refuse_huge(image, name)
                return np.array(_rgb(ImageOps.exif_transpose(image), name))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_huge(name)) from error
    except ImageError:
        raise
    except UnidentifiedImageError as error:  # which names the place of an object in memory
        raise ImageError(
            f"{name} cannot be decoded: it is damaged, or begins like none of the formats "
            f"{', '.join(FORMATS)}. Open it in a viewer and save it again as one of them."
        ) from error
    except Exception as error:  # Pillow's decoders fail in many ways
        raise ImageError(
            f"{name} cannot be decoded: {error}. It may be damaged or cut short; open it in a "
            "viewer and save it again."
        ) from error


def _refuse_huge(image: Image.Image, name: str) -> None:
    """Refuse a picture by what its header says, whatever limit Pillow was given elsewhere."""
    if image.width * image.height > _MOST_PIXELS:
        raise ImageError(_huge(name))


def _huge(name: str) -> str:
    return f"{name} has more than {_MOST_PIXELS // 10**6} million pixels; make it smaller."


def _rgb(image: Image.Image, name: str) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image, name)
    if image.mode == "F":
        raise ImageError(f"{name} holds floating-point numbers; save it with 8 bits a channel.")
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        page = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(page, coloured).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image, name: str) -> Image.Image:
    values = np.array(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ImageError(f"{name} holds integers of 32 bits; save it with 8 bits a channel.")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")


def frame(photo: tuple[int, int], preprocessing: Preprocessing) -> Frame:
    """Return where a photo of so many (rows, cols) ends up on the network's input.

    The long side and the place of the crop are rounded as torchvision rounds them.

    Raises:
        ImageError: the photo is so narrow that it would become huge.

    >>> frame((300, 451), Preprocessing(resize=256, crop=227))
    Frame(photo=(300, 451), resized=(256, 384), crop=(14, 78, 227, 227))
    """
    rows, cols = photo
    short = min(photo)
    resized = (
        preprocessing.resize * rows // short,
        preprocessing.resize * cols // short,
    )
    if resized[0] * resized[1] > _MOST_PIXELS:
        raise ImageError(
            f"a photo of {rows} x {cols} pixels would become {resized[0]} x {resized[1]}: it is "
            "too narrow for this network; crop it first."
        )
    crop = preprocessing.crop
    top, left = (round((length - crop) / 2) for length in resized)
    return Frame(photo=photo, resized=resized, crop=(top, left, crop, crop))


def shown(photo: Photo, frame: Frame, *, interpolation: str = "bilinear") -> Photo:
    """Return what the network saw of a photo, (row, col, 3) in uint8, before normalisation."""
    top, left, rows, cols = frame.crop
    image = Image.fromarray(_checked(photo))
    if frame.resized != frame.photo:
        image = image.resize(frame.resized[::-1], _FILTERS[interpolation])
    return np.array(image.crop((left, top, left + cols, top + rows)))


def prepare(photo: Photo, preprocessing: Preprocessing) -> tuple[NDArray[np.float32], Frame]:
    """Return a photo (row, col, 3) as input (3, row, col) in float32, and its frame.

    Raises:
        ImageError: the photo is not (row, col, 3) in uint8.
    """
    where = frame(_checked(photo).shape[:2], preprocessing)
    pixels = shown(photo, where, interpolation=preprocessing.interpolation)
    mean, std = (
        np.array(values, np.float32)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    scaled = pixels.transpose(2, 0, 1) * np.float32(preprocessing.scale)
    return (scaled - mean) / std, where


def _checked(photo: Photo) -> Photo:
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise ImageError(
            f"a photo is (row, col, 3) in uint8, not {photo.shape} in {photo.dtype}; see "
            "images.read."
        )
    return photo


class Photos(Mapping[str, Photo]):
    """The photos of a manifest by id, each read when it is asked for, and found unchanged.

    Results carry the sha256 that a photo had when it was checked. Read otherwise than here, one
    that was overwritten since would be shown under the name and the digest of the old one. Rows
    that give no ``sha256``, which are no manifest of the workflow's, are read as they are.

    Args:
        rows: of the manifest.
        root: what paths start from.
    """

    def __init__(self, rows: "pd.DataFrame", *, root: str | os.PathLike[str] = ".") -> None:
        """Read nothing yet."""
        self._files = {name: (path, digest) for name, path, digest in _files(rows, root)}

    def __getitem__(self, name: str) -> Photo:
        """Read a photo.

        Raises:
            KeyError: no image is called so.
            ImageError: it cannot be read, or was changed since it was checked.
        """
        return _unchanged(name, *self._files[name])

    def __contains__(self, name: object) -> bool:
        """Tell whether an image is called so, without reading it."""
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        """Yield the ids, in the order of the manifest."""
        return iter(self._files)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._files)


def _files(rows: "pd.DataFrame", root: str | os.PathLike[str]) -> Iterator[tuple[str, Path, str]]:
    """Yield the id, the path and the sha256 of each image; the latter empty where none is given."""
    digests = rows["sha256"] if "sha256" in rows else [""] * len(rows)
    for name, path, digest in zip(rows["id"], rows["path"], digests, strict=True):
        yield str(name), Path(root) / path, digest


def _unchanged(name: str, path: Path, digest: str) -> Photo:
    """Read a photo that has to be of the bytes that were checked."""
    data = photo_files.read(path, name=f"the photo {path}")
    found = hashlib.sha256(data).hexdigest()
    if digest and found != digest:
        raise ImageError(
            f"{name}: {path} was changed since it was checked: its sha256 was {digest}, is "
            f"{found}; start the workflow with --forcerun image_part."
        )
    return decode(data, str(path))


def load(
    rows: "pd.DataFrame", preprocessing: Preprocessing, *, root: str | os.PathLike[str] = "."
) -> Batch:
    """Read and prepare the photos of some rows of a manifest; ``root`` is what paths start from.

    Raises:
        ImageError: a photo cannot be read, or was changed since it was checked.
    """
    names = tuple(map(str, rows["id"]))
    ready = [prepare(_unchanged(*file), preprocessing) for file in _files(rows, root)]
    empty = np.empty((0, 3, preprocessing.crop, preprocessing.crop), np.float32)
    pixels = np.stack([pixels for pixels, _ in ready]) if ready else empty
    return Batch(names, pixels, tuple(where for _, where in ready))


def batches(
    rows: "pd.DataFrame",
    preprocessing: Preprocessing,
    *,
    root: str | os.PathLike[str] = ".",
    size: int,
) -> Iterator[Batch]:
    """Yield the photos of a manifest in batches of ``size``, in its order, one batch in memory."""
    if size < 1:
        raise ConfigError(f"a batch holds at least one image, not {size}.")
    for start in range(0, len(rows), size):
        yield load(rows.iloc[start : start + size], preprocessing, root=root)


def noise(names: Sequence[str], size: int, seed: int) -> Batch:
    """Return images of normal noise, ``size`` pixels square, for trials without photos.

    >>> noise(["a", "b"], size=8, seed=0).pixels.shape
    (2, 3, 8, 8)
    """
    numbers = np.random.default_rng(seed).standard_normal((len(names), 3, size, size))
    whole = Frame(photo=(size, size), resized=(size, size), crop=(0, 0, size, size))
    return Batch(tuple(names), numbers.astype(np.float32), (whole,) * len(names))
