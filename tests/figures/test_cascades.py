"""Maps while layers become random: each over its photo, in its place, with its number."""

import numpy as np
import pytest
from measured_tables import MANY

from cnnvis.errors import CnnvisError
from cnnvis.figures import overlays, style
from cnnvis.figures.cascades import cascade

from .looks import assert_equal_bytes, assert_readable, image, part, written

RANDOM = np.random.default_rng(0)
PHOTO = RANDOM.integers(0, 255, (30, 40, 3), np.uint8)
STAGES = ["intact", "fc", "block.1.conv", "conv1"]
MAPS = {name: RANDOM.random((4, 30, 40)) for name in ("backtrack", "grad_cam", "edges")}
ALIKE = {
    "backtrack": [1.0, 0.5, 0.25, -0.125],
    "grad_cam": [1.0, 0.1, 0.2, 0.0],
    "edges": [1.0] * 4,
}


def draw(**changes):
    given = {"maps": MAPS, "stages": STAGES, "likeness": ALIKE} | changes
    return cascade(PHOTO, given.pop("maps"), given.pop("stages"), given.pop("likeness"), **given)


def test_every_map_lies_over_the_photo_with_its_number():
    figure = draw()
    for method, maps in MAPS.items():
        for stage, values in enumerate(maps):
            axes = part(figure, f"{method} {stage}")
            assert np.array_equal(image(axes), overlays.over_photo(PHOTO, values))
            value = f"{ALIKE[method][stage]:.2f}".replace("-", "−")
            assert written(axes) == [value]


def test_rows_are_methods_and_columns_stages_from_the_left():
    figure = draw()
    lefts = [part(figure, f"backtrack {stage}").get_position().x0 for stage in range(4)]
    tops = [part(figure, f"{method} 0").get_position().y1 for method in MAPS]
    assert lefts == sorted(lefts)
    assert tops == sorted(tops, reverse=True)
    names = {text.get_text(): text.get_position() for text in figure.texts}
    for stage, name in enumerate(["intact", "fc", "block.1.conv", "conv1"]):
        assert names[name][0] == pytest.approx(lefts[stage], abs=0.01)
    for method, name in zip(MAPS, ["backtracking", "Grad-CAM", "edges"]):
        box = part(figure, f"{method} 0").get_position()
        assert box.y0 < names[name][1] < box.y1
    assert {"1 of 3", "2 of 3", "3 of 3"} <= names.keys()


def test_an_empty_map_shows_the_photo_and_says_so():
    maps = MAPS | {"backtrack": np.stack([MAPS["backtrack"][0], *np.zeros((3, 30, 40))])}
    figure = draw(maps=maps)
    assert written(part(figure, "backtrack 1")) == ["0.50, empty"]
    assert written(part(figure, "backtrack 0")) == ["1.00"]
    shown = image(part(figure, "backtrack 1"))
    assert np.array_equal(shown[..., 0], shown[..., 1]), "grey"


def test_a_negative_value_does_not_show():
    values = np.where(np.arange(40) < 20, -5.0, 1.0) * np.ones((30, 1))
    shown = overlays.over_photo(PHOTO, values)
    assert np.isfinite(shown).all()
    assert np.array_equal(shown[:, :20, 0], shown[:, :20, 2]), "grey where it is negative"
    assert not np.array_equal(shown[:, 20:, 0], shown[:, 20:, 2])


def test_a_single_large_pixel_does_not_hide_the_rest():
    values = np.ones((30, 40))
    values[0, 0] = 1e6
    shown = overlays.over_photo(PHOTO, values)
    assert np.array_equal(shown[1:], overlays.over_photo(PHOTO, np.ones((30, 40)))[1:])


def test_of_many_stages_the_first_the_last_and_some_between_are_shown():
    stages = ["intact", *(f"features.{number}.expand3x3" for number in range(40))]
    maps = {"soft": RANDOM.random((41, 6, 8))}
    alike = {"soft": np.linspace(1, 0, 41)}
    figure = draw(maps=maps, stages=stages, likeness=alike)
    shown = [int(axes.get_gid().split(" ")[1]) for axes in figure.axes]
    assert shown == sorted(set(shown))
    assert (shown[0], shown[-1], len(shown)) == (0, 40, 8)
    for stage in shown:
        assert written(part(figure, f"soft {stage}")) == [f"{alike['soft'][stage]:.2f}"]
    assert "Of 41 stages, 8 are shown" in style.words(figure, "caption")
    assert_readable(figure)


@pytest.mark.parametrize(("methods", "stages"), [(1, 1), (12, 5), (25, 8)])
def test_every_word_can_be_read(methods, stages):
    names = MANY[:methods]
    figure = draw(
        maps={name: RANDOM.random((stages, 5, 9)) for name in names},
        stages=["a.rather.long.name.of.a.layer" * 2] * stages,
        likeness={name: np.full(stages, -0.5) for name in names},
        title="A title " * 20,
    )
    assert_readable(figure)


def test_inputs_are_left_as_found_and_drawn_the_same_twice(tmp_path):
    before = {name: maps.copy() for name, maps in MAPS.items()}
    photo = PHOTO.copy()
    assert_equal_bytes(draw, tmp_path)
    assert np.array_equal(photo, PHOTO)
    assert all(np.array_equal(before[name], MAPS[name]) for name in MAPS)


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match="got 0 methods and 4 stages"):
        draw(maps={})
    with pytest.raises(CnnvisError, match=r"'edges' needs .* 4 stages; got shapes \(3, 30, 40\)"):
        draw(maps=MAPS | {"edges": MAPS["edges"][:3]})
    with pytest.raises(CnnvisError, match=r"'grad_cam' needs .* and \(0,\)"):
        draw(likeness={name: ALIKE[name] for name in ("backtrack", "edges")})
    with pytest.raises(CnnvisError, match="the map 'edges' has to be"):
        draw(maps=MAPS | {"edges": np.full((4, 30, 40), np.nan)})
    with pytest.raises(CnnvisError, match="photo 'what the network saw' has to be"):
        cascade(PHOTO / 255, MAPS, STAGES, ALIKE)
