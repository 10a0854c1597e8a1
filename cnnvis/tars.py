"""Photos in tar files, as WebDataset packs them, read where they lie.

A sample is the files of one name up to its first point: ``n02123045/cat7.jpg`` is a photo, and
``n02123045/cat7.cls`` beside it holds the number of its class. Other files are left alone, among
them hidden ones and pictures with more than one point in their names, such as ``cat7.seg.png``.
Nothing is ever unpacked: a photo is known by the place of its bytes, ``train-0000.tar!512+110563``.
"""

import os
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path, PurePosixPath

from cnnvis.errors import ConfigError, ImageError

_PLACE = re.compile(r"(?P<tar>.+\.tar)!(?P<offset>[0-9]{1,15})\+(?P<size>[0-9]{1,10})")
RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")
"""The numbers of several tar files in one path, such as ``{0000..0099}``."""
MOST = 10_000
"""Tar files of a set, each of which is a shard, at most."""
MOST_BYTES = 1 << 28
"""Largest file that is read out of a tar file: 256 MiB."""
_MOST_DIGITS = 20
"""Bytes of a file ``.cls``: more are no number of a class."""
_CLASS = ".cls"
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Endings of the files that are taken for photos."""


@dataclass
class Sample:
    """One sample of a tar file.

    Attributes:
        key: what its files are called, up to the first point.
        photos: places of the photos, by ending.
        class_text: what the file ``.cls`` says, or nothing.
    """

    key: str
    photos: dict[str, str] = field(default_factory=dict)
    class_text: str = ""


def expand(pattern: str) -> tuple[str, ...]:
    """Return the tar files that a pattern stands for, in order.

    ``{0000..0099}`` counts, ``*`` stands for whatever is there, in the last part of the path.

    Raises:
        ConfigError: a file is not there, or none fits, or one is no ``.tar``; more than
            :data:`MOST`.

    >>> _counted("train-{08..11}.tar")
    ['train-08.tar', 'train-09.tar', 'train-10.tar', 'train-11.tar']
    """
    _refuse_many(prod(max(0, int(last) - int(first) + 1) for first, last in RANGE.findall(pattern)))
    paths = _counted(pattern)
    if "*" in pattern:
        names = (Path(one) for one in paths)
        paths = sorted(str(path) for one in names for path in one.parent.glob(one.name))
    if not paths:
        raise ConfigError(f"no file fits {pattern}.")
    _refuse_many(len(paths))
    for path in paths:
        if not path.endswith(".tar"):
            raise ConfigError(
                f"{path} is no .tar file. Files that are compressed as well cannot be read in the "
                "middle: unpack them to .tar."
            )
        if not Path(path).is_file():
            raise ConfigError(f"there is no file {path}.")
    return tuple(paths)


def _refuse_many(count: int) -> None:
    if count > MOST:
        raise ConfigError(
            f"{count} tar files cannot be used: {count} is greater than the maximum of {MOST}. "
            "Each is a shard of the set: pack more photos into each, or make several sets."
        )


def _counted(pattern: str) -> list[str]:
    found = RANGE.search(pattern)
    if found is None:
        return [pattern]
    first, last = found.groups()
    numbers = (str(n).zfill(len(first)) for n in range(int(first), int(last) + 1))
    parts = (pattern[: found.start()] + number + pattern[found.end() :] for number in numbers)
    return [path for part in parts for path in _counted(part)]


def samples(
    path: str | os.PathLike[str], say: Callable[[str], object] | None = None
) -> list[Sample]:
    """Return the samples of a tar file that have photos, in its order; only headers are read.

    Args:
        path: the tar file.
        say: what is told, in a line, of pictures that are left alone because of their names.

    Raises:
        ImageError: no tar file, a broken or a compressed one; a link, or a file twice; no photos.
    """
    found, pointed = _by_key(path)
    whole = [sample for sample in found if sample.photos]
    told = _left_alone(pointed) if pointed else ""
    if not whole:
        raise ImageError(f"{path} holds no photos ({', '.join(SUFFIXES)}). {told}".rstrip())
    for sample in whole:
        if len(sample.photos) > 1:
            raise ImageError(
                f"{path}: the sample {sample.key} has {len(sample.photos)} photos "
                f"({', '.join(sample.photos)}); leave one."
            )
    if told and say is not None:
        say(f"{path}: {told}")
    return whole


def _by_key(path: str | os.PathLike[str]) -> tuple[list[Sample], list[str]]:
    """Return all samples, and the pictures with more than one point in their names."""
    found: dict[str, Sample] = {}
    seen = set()
    pointed = []
    for info in _files(path):
        if info.name in seen:
            raise ImageError(f"{path} holds {info.name} twice; programs differ in which they take.")
        seen.add(info.name)
        key, ending = _split(info.name)
        sample = found.setdefault(key, Sample(key))
        place = f"{os.fspath(path)}!{info.offset_data}+{info.size}"
        if ending == _CLASS:
            sample.class_text = _class_text(place, info)
        elif ending in SUFFIXES:
            sample.photos[ending] = place
        elif PurePosixPath(ending).suffix in SUFFIXES:
            pointed.append(info.name)
    return list(found.values()), pointed


def _left_alone(names: list[str]) -> str:
    name = PurePosixPath(names[0])
    better = name.stem.replace(".", "_") + name.suffix
    some = "pictures are" if len(names) > 1 else "picture is"
    return (
        f"{len(names)} {some} left alone, for more than one point in the name, such as {name}: "
        "what stands in front of the first point is the name of a sample, and the rest says what "
        f"the file is to it. To have a picture taken for a photo, rename it ({better})."
    )


def _is_hidden(name: str) -> bool:
    """Tell whether a part of a path begins with a point; ``..`` is no name.

    >>> _is_hidden("a/._tom.jpg"), _is_hidden("./a/tom.jpg"), _is_hidden("../tom.jpg")
    (True, False, False)
    """
    return any(part[0] == "." and part != ".." for part in PurePosixPath(name).parts)


def _files(path: str | os.PathLike[str]) -> Iterator[tarfile.TarInfo]:
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                if info.isdir() or _is_hidden(info.name):
                    continue
                if not info.isreg() or info.sparse is not None:
                    raise ImageError(
                        f"{path}: {info.name} is a link, a device or full of holes; only plain "
                        "files are read."
                    )
                yield info
    except (OSError, tarfile.TarError, ValueError, OverflowError) as error:
        raise ImageError(
            f"cannot read {path}: {error}. It has to be a tar file that is whole and not "
            "compressed."
        ) from error


def _split(name: str) -> tuple[str, str]:
    """Return the key of a file and its ending, in small letters.

    >>> _split("n02123045/cat7.seg.png")
    ('n02123045/cat7', '.seg.png')
    """
    path = PurePosixPath(name)
    stem, point, ending = path.name.partition(".")
    return path.with_name(stem).as_posix() if stem else name, (point + ending).lower()


def _class_text(place: str, info: tarfile.TarInfo) -> str:
    text = read(place).strip() if info.size <= _MOST_DIGITS else b""
    if not text.isdigit():
        raise ImageError(f"{place} ({info.name}) has to hold the number of a class, and no more.")
    return text.decode("ascii")


def is_place(path: str) -> bool:
    """Tell whether a path is the place of a photo in a tar file.

    >>> is_place("train-0000.tar!512+110563"), is_place("tom.jpg")
    (True, False)
    """
    return _PLACE.fullmatch(path) is not None


def read(place: str) -> bytes:
    """Return the bytes at a place in a tar file.

    Raises:
        ImageError: no such place: there is no such file, or it is shorter by now.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ImageError(f"{place} is no place in a tar file, such as train.tar!512+1000.")
    size = int(found["size"])
    if size > MOST_BYTES:
        raise ImageError(f"{place} has more than {MOST_BYTES >> 20} MiB; it is not read.")
    try:
        with Path(found["tar"]).open("rb") as file:
            file.seek(int(found["offset"]))
            data = file.read(size)
    except OSError as error:
        raise ImageError(f"cannot read {place}: {error.strerror}.") from error
    if len(data) < size:
        raise ImageError(
            f"{place}: {found['tar']} ends before it. It was changed since its photos were listed: "
            "start the workflow with --forcerun image_part."
        )
    return data
