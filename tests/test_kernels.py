"""Kernels of known orientation, frequency and colour are described as what they are."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import kernels
from cnnvis.errors import CnnvisError

GREY = (1.0, 1.0, 1.0)


def gabor(stripes, frequency, shape=(11, 11), width=3.0, phase=0.7, colour=GREY):
    """A wave under a bell (3, row, col), its stripes at an angle as seen, row 0 on top."""
    rows, cols = np.indices(shape)
    up = (shape[0] - 1) / 2 - rows
    right = cols - (shape[1] - 1) / 2
    across = np.radians(stripes - 90)
    wave = np.cos(2 * np.pi * frequency * (right * np.cos(across) + up * np.sin(across)) + phase)
    bell = np.exp(-(right**2 + up**2) / (2 * width**2))
    return np.multiply.outer(colour, wave * bell)


def apart(one, other):
    """How many degrees two directions are apart."""
    return abs((one - other + 90) % 180 - 90)


def the_row(kernel):
    (row,) = kernels.describe(np.asarray(kernel)[None]).to_dict("records")
    return row


@pytest.mark.parametrize("frequency", [0.15, 0.22, 0.3])
@pytest.mark.parametrize("shape", [(11, 11), (9, 13)])
def test_stripes_of_every_angle_are_found(frequency, shape):
    angles = np.arange(0, 180, 7.5)
    table = kernels.describe([gabor(angle, frequency, shape) for angle in angles])
    assert table["filter"].tolist() == list(range(len(angles)))
    for angle, row in zip(angles, table.to_dict("records"), strict=True):
        assert apart(row["orientation"], angle) < 4
        assert row["cycles_per_pixel"] == pytest.approx(frequency, abs=0.015)
        assert row["label"] == "oriented"
        assert row["strength"] > 0.5
        assert row["coherence"] > 0.7


def test_horizontal_stripes_are_at_zero_and_vertical_ones_at_ninety():
    across = np.tile([[1.0], [0.0], [-1.0]], (3, 1, 3))
    assert the_row(across)["orientation"] == 0
    assert the_row(across.swapaxes(1, 2))["orientation"] == 90
    # Light from the lower left to the upper right: as seen, 45 degrees.
    rising = np.tile(np.eye(5)[::-1], (3, 1, 1))
    assert the_row(rising)["orientation"] == 45


def test_cycles_per_kernel_follow_the_length_of_each_axis():
    up_and_down = the_row(gabor(0, 0.25, (16, 4), width=9))
    assert up_and_down["cycles_per_kernel"] == pytest.approx(16 * 0.25, abs=0.3)
    sideways = the_row(gabor(90, 0.25, (4, 16), width=9))
    assert sideways["cycles_per_kernel"] == pytest.approx(16 * 0.25, abs=0.3)


@pytest.mark.parametrize("seed", range(5))
def test_a_quarter_turn_turns_the_orientation_and_nothing_else(seed):
    kernel = np.random.default_rng(seed).normal(size=(3, 7, 7))
    before, after = the_row(kernel), the_row(np.rot90(kernel, axes=(1, 2)))
    assert apart(after.pop("orientation"), before.pop("orientation") + 90) < 1e-6
    assert after.pop("label") == before.pop("label")
    assert after == pytest.approx(before, abs=2e-6)


@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e6, -1.0])
def test_neither_strength_nor_sign_of_the_weights_matters(factor):
    kernel = np.random.default_rng(1).normal(size=(3, 5, 5))
    before, after = the_row(kernel), the_row(kernel * factor)
    for name in before.keys() - {"norm"}:
        assert after[name] == pytest.approx(before[name]), name


def test_grey_has_no_opponency_and_opponent_colours_have_all():
    random = np.random.default_rng(0)
    shades = np.repeat(random.normal(size=(4, 1, 5, 5)), 3, axis=1)
    assert kernels.colour_opponency(shades) == pytest.approx(0, abs=1e-12)
    pairs = [(1, -1, 0), (-0.5, -0.5, 1), (0, 1, -1)]
    opponents = np.array([gabor(30, 0.2, colour=pair) for pair in pairs])
    assert kernels.colour_opponency(opponents) == pytest.approx(1)
    assert set(kernels.describe(opponents).label) == {"colour"}
    # One colour alone is at an angle to the grey axis whose cosine is the root of 1/3.
    assert kernels.colour_opponency([gabor(0, 0.2, colour=(0, 2, 0))]) == pytest.approx(2 / 3)


def test_opponency_is_the_energy_that_is_left_without_the_mean_of_the_colours():
    array = np.random.default_rng(3).normal(size=(6, 3, 4, 5))
    for kernel, found in zip(array, kernels.colour_opponency(array), strict=True):
        left = sum(
            (kernel[c, row, col] - kernel[:, row, col].mean()) ** 2
            for c, row, col in np.ndindex(kernel.shape)
        )
        assert found == pytest.approx(left / (kernel**2).sum())


def test_strength_is_what_the_best_wave_explains():
    """Slow twin: the wave of the orientation and frequency in the table, fitted by hand."""
    kernel = gabor(60, 0.2, colour=(1, 0.5, 0.2)) + np.random.default_rng(0).normal(
        0, 0.1, (3, 11, 11)
    )
    row = the_row(kernel)
    across = np.radians(row["orientation"] - 90)
    freq_col = row["cycles_per_pixel"] * np.cos(across)
    freq_row = -row["cycles_per_pixel"] * np.sin(across)
    centred = kernel - kernel.mean(axis=(1, 2), keepdims=True)
    rows, cols = np.indices((11, 11))
    turn = 2 * np.pi * (freq_row * rows + freq_col * cols).ravel()
    q, _ = np.linalg.qr(np.stack([np.cos(turn), np.sin(turn)], axis=1))
    explained = sum(((q.T @ colour.ravel()) ** 2).sum() for colour in centred)
    assert row["strength"] == pytest.approx(explained / (centred**2).sum(), abs=1e-5)
    assert the_row(gabor(60, 0.2, width=1e9))["strength"] > 0.97


def test_what_has_no_direction_is_a_blob():
    rows, cols = np.indices((11, 11)) - 5
    spot = np.exp(-(rows**2 + cols**2) / 8)
    surround = np.full((3, 3), -1.0)
    surround[1, 1] = 8
    for pattern in (spot, surround):
        row = the_row(np.tile(pattern, (3, 1, 1)))
        assert row["label"] == "blob"
        assert row["coherence"] == pytest.approx(0, abs=1e-6)


def test_checks_have_no_orientation():
    checks = (np.indices((4, 4)).sum(axis=0) % 2) * 2.0 - 1
    row = the_row(np.tile(checks, (3, 1, 1)))
    assert np.isnan(row["orientation"])
    assert row["cycles_per_pixel"] == pytest.approx(0.5**0.5)
    assert row["label"] == "blob"


def test_flat_and_faint_kernels_are_told_apart_from_the_others():
    array = np.zeros((4, 3, 3, 3))
    array[0] = gabor(0, 0.25, (3, 3))
    array[1] = array[0] * 1e-9
    array[2] = 1.0
    table = kernels.describe(array)
    assert table.label.tolist() == ["oriented", "faint", "blob", "faint"]
    assert np.isnan(table.orientation[[2, 3]]).all()
    assert table.strength[[2, 3]].tolist() == [0, 0]
    assert set(table.label) <= set(kernels.LABELS)


def test_single_places_have_a_colour_and_nothing_else():
    row = the_row(np.reshape([1.0, -1.0, 0.0], (3, 1, 1)))
    assert (row["opponency"], row["label"], row["cycles_per_pixel"]) == (1, "colour", 0)


def test_tiles_are_grey_at_zero_on_one_scale_or_on_their_own():
    array = np.zeros((2, 3, 2, 4))
    array[0, 0, 1, 3], array[1, 2, 0, 0] = 4.0, -1.0
    shared = kernels.tiles(array)
    assert shared.shape == (2, 2, 4, 3)
    assert shared[0, 1, 3].tolist() == [1.0, 0.5, 0.5]
    assert shared[1, 0, 0].tolist() == [0.5, 0.5, 0.375]
    own = kernels.tiles(array, each=True)
    assert own[0, 1, 3].tolist() == [1.0, 0.5, 0.5]
    assert own[1, 0, 0].tolist() == [0.5, 0.5, 0.0]
    assert (kernels.tiles(np.zeros((2, 3, 2, 2))) == 0.5).all()


def test_the_table_is_the_same_in_float32():
    array = np.random.default_rng(0).normal(size=(8, 3, 5, 5)).astype(np.float32)
    pd.testing.assert_frame_equal(kernels.describe(array), kernels.describe(array.astype(float)))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 64, 3, 3)), r"\(filter, 3, k_row, k_col\); got \(4, 64, 3, 3\)"),
        (np.zeros((4, 3)), "Leave them out for deeper layers"),
        (np.full((1, 3, 2, 2), np.nan), "a kernel holds finite numbers"),
    ],
)
@pytest.mark.parametrize("function", [kernels.describe, kernels.tiles, kernels.colour_opponency])
def test_other_arrays_are_refused(function, array, words):
    with pytest.raises(CnnvisError, match=words):
        function(array)
