"""Frames are read from folders, animations and videos."""

import builtins

import numpy as np
import pytest
from PIL import Image

from cnnvis import frames
from cnnvis.errors import ImageError


def shades(count=3):
    return [np.full((8, 10, 3), 50 * n, np.uint8) for n in range(count)]


def test_a_folder_is_read_by_name(tmp_path):
    for n, frame in enumerate(shades()):
        Image.fromarray(frame).save(tmp_path / f"{2 - n:03}.png")
    (tmp_path / "notes.txt").touch()
    (tmp_path / ".hidden.png").touch()
    found = frames.read(tmp_path)
    assert [int(frame[0, 0, 0]) for frame in found] == [100, 50, 0]


def test_an_animated_gif_is_read(tmp_path):
    first, *rest = (Image.fromarray(frame) for frame in shades())
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=100)
    found = frames.read(tmp_path / "a.gif")
    assert [int(frame[0, 0, 0]) for frame in found] == [0, 50, 100]


def test_a_video_needs_its_packages(tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    real = builtins.__import__

    def without(name, *args, **options):
        if name == "av":
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImageError, match=r"pip install 'cnnvis\[video\]'"):
        frames.read(tmp_path / "a.mp4")


def test_a_video_is_read(tmp_path):
    import imageio.v3 as writer

    steps = np.array([0, 120, 240])[:, None, None, None]
    clip = np.broadcast_to(steps, (3, 64, 64, 3)).astype(np.uint8)
    writer.imwrite(tmp_path / "a.mp4", clip, plugin="pyav", codec="mpeg4", fps=5)
    found = frames.read(tmp_path / "a.mp4")
    assert [frame.shape for frame in found] == [(64, 64, 3)] * 3
    np.testing.assert_allclose([frame.mean() for frame in found], [0, 120, 240], atol=6)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(ImageError, match=r"the video .* cannot be read"):
        frames.read(tmp_path / "b.mp4")


def test_what_is_no_sequence(tmp_path):
    with pytest.raises(ImageError, match="there is no sequence"):
        frames.read(tmp_path / "none")
    (tmp_path / "a.gif").write_bytes(b"no picture")
    with pytest.raises(ImageError, match="cannot be read as a sequence"):
        frames.read(tmp_path / "a.gif")
