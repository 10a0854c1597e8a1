"""Tracks as figures: boxes in their frames, the overlap over time, and a film."""

import numpy as np
import pytest
from PIL import Image

from cnnvis import tracking_scores
from cnnvis.figures import animation, style, tracks
from cnnvis.sequences import Film
from cnnvis.tracking import Placed
from figures.looks import assert_readable, part, parts, written
from figures.test_detections import rectangles

COUNT = 5
TRUTH = tuple(
    Placed(k, 1, (4.0, 4.0 + 4 * k, 24.0, 24.0 + 4 * k), label="tom") for k in range(COUNT)
)


def followed(truth=TRUTH, count=COUNT, own=None, shape=(40, 60)):
    draw = np.random.default_rng(0)
    frames = tuple(draw.integers(0, 255, (*shape, 3), np.uint8) for _ in range(count))
    film = Film("walk", frames, tuple(truth))
    if own is None:
        own = tuple(Placed(one.frame, 2, one.box, 0.5 * (one.frame != 2), "cat") for one in TRUTH)
    others = tracking_scores.baselines(own, shape, count)
    scores = tracking_scores.table("walk", film.truth, {"tracks": own, **others})
    return tracks.Followed(film, own, others, scores)


def test_every_frame_has_its_true_and_its_found_box():
    figure = tracks.strip(followed())
    for number in range(COUNT):
        axes = part(figure, f"frame {number + 1}")
        assert rectangles(axes, "true") == [TRUTH[number].box]
        assert rectangles(axes, "found") == [TRUTH[number].box]
    widths = [
        next(p.get_linewidth() for p in axes.patches if p.get_gid() == "found")
        for axes in parts(figure, "frame ")
    ]
    assert widths[2] == min(widths) < widths[1], "what was not found is fine"


def test_the_chart_is_the_overlap_frame_by_frame():
    lines = {line.get_label(): line for line in part(tracks.strip(followed()), "overlaps").lines}
    assert lines["tracks on tom"].get_ydata().tolist() == [1.0] * COUNT
    assert lines["constant box"].get_ydata()[0] == 1
    assert lines["constant box"].get_ydata()[-1] == pytest.approx(4 / 36)
    assert "centred box" in lines


def test_the_caption_says_how_good_the_tracks_are():
    caption = style.words(tracks.strip(followed()), "caption")
    assert "tracks: MOTA 1.00, IDF1 1.00, mean overlap 1.00" in caption
    assert caption.endswith("better than both by every measure.")
    wrong = tuple(Placed(k, 1, (0.0, 0.0, 3.0, 3.0)) for k in range(COUNT))
    caption = style.words(tracks.strip(followed(own=wrong)), "caption")
    assert caption.endswith("no better than a box that knows nothing.")


def test_without_truth_there_is_no_chart():
    figure = tracks.strip(followed(truth=()))
    assert not parts(figure, "overlaps")
    assert style.words(figure, "caption").endswith("Nobody knows where the objects truly are.")


def test_of_many_frames_some_are_shown():
    truth = tuple(Placed(k, 1, (4.0, 4.0, 9.0, 9.0)) for k in range(40))
    figure = tracks.strip(followed(truth=truth, count=40))
    shown = [axes.get_gid() for axes in parts(figure, "frame ")]
    assert len(shown) == 12
    assert (shown[0], shown[-1]) == ("frame 1", "frame 40")
    assert_readable(figure)


def test_every_word_can_be_read():
    names = ("tom with a very long name indeed", "felix")
    truth = tuple(
        Placed(k, n, (4.0, 4.0, 20.0, 20.0), label=names[n - 1]) for k in range(3) for n in (1, 2)
    )
    figure = tracks.strip(followed(truth=truth, count=6, shape=(40, 40)), title="Title " * 30)
    assert "frame 6" in written(figure)
    assert_readable(figure)


def test_a_film_shows_every_frame_with_its_boxes(tmp_path):
    pictures = tracks.film(followed())
    assert [picture.shape for picture in pictures] == [(233, 320, 3)] * COUNT
    plain = tracks.film(followed(own=(), truth=()))
    scale = 320 / 60
    for number, (drawn, bare) in enumerate(zip(pictures, plain)):
        changed = np.argwhere((drawn != bare).any(axis=2)[:213])
        row0, col0, row1, col1 = (round(edge * scale) for edge in TRUTH[number].box)
        np.testing.assert_allclose(changed.min(axis=0), (row0 - 1, col0 - 1), atol=1)
        np.testing.assert_allclose(changed.max(axis=0), (row1, col1), atol=1)
    animation.write(pictures, tmp_path / "a.gif", milliseconds=tracks.MILLISECONDS)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == COUNT
        assert film.info["duration"] == tracks.MILLISECONDS
