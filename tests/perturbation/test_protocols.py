"""Protocols, the order of pixels, and what takes their place."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cnnvis.errors import MeasureError
from cnnvis.perturbation import PROTOCOLS, Protocol, protocol
from cnnvis.perturbation.fills import filled
from cnnvis.perturbation.imputing import imputed
from cnnvis.perturbation.ranks import counts, ranks

RANDOM = np.random.default_rng(0)
IMAGE = RANDOM.normal(size=(3, 20, 24))


# --- protocols ------------------------------------------------------------------------------------


def test_options_change_a_protocol():
    assert protocol("insertion", fill=0.0) == Protocol(
        begin="fill", fill=0.0, source=PROTOCOLS["insertion"].source
    )
    assert protocol(Protocol(patch=3), patch=4).patch == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"first": "mots"}, r"one of most, least; got 'mots'; did you mean 'most'\?"),
        ({"begin": "blank"}, "one of image, fill; got 'blank'"),
        ({"fill": "black"}, "one of mean, blur, noise, impute; got 'black'"),
        ({"measure": "logit"}, "one of probability, score"),
        ({"shares": (0.0,)}, "ascend between 0 and 1, two at least"),
        ({"shares": (0.0, 0.5, 0.5)}, "ascend between 0 and 1"),
        ({"shares": (0.0, 1.5)}, "ascend between 0 and 1"),
        ({"fill": "impute"}, "ends before all are gone"),
        ({"fill": "impute", "begin": "fill", "shares": (0.1, 0.2)}, "begins at the image"),
        ({"patch": 0}, "1 pixel or more"),
        ({"sigma": 0.0}, "a width above 0"),
        ({"steps": 3}, "has the options first, .* not 'steps'"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, said):
    with pytest.raises(MeasureError, match=said):
        protocol("deletion", **options)


def test_a_protocol_that_is_none_is_refused():
    with pytest.raises(MeasureError, match=r"got 'delete'; did you mean 'deletion'\?"):
        protocol("delete")


# --- ranks ----------------------------------------------------------------------------------------


def test_ranks_put_the_most_or_the_least_important_first():
    one = RANDOM.normal(size=(5, 7))
    most, least = ranks(one), ranks(one, first="least")
    assert (np.diff(one.ravel()[np.argsort(most.ravel())]) < 0).all()
    np.testing.assert_array_equal(least, 34 - most)


def test_equals_go_in_an_order_that_only_the_seed_decides():
    one = np.zeros((8, 8))
    one[3] = 1.0
    found = ranks(one)
    assert sorted(found[3]) == list(range(8))
    assert sorted(found.ravel()) == list(range(64))
    rest = np.delete(found, 3, axis=0).ravel()
    assert abs(np.corrcoef(rest, np.arange(56))[0, 1]) < 0.3
    np.testing.assert_array_equal(found, ranks(5 * one))
    assert (found != ranks(one, seed=1)).any()


def test_patches_go_by_their_mean():
    one = RANDOM.normal(size=(7, 9))
    found = ranks(one, patch=3)
    means = {}
    for row, col in np.ndindex(3, 3):
        rows, cols = slice(3 * row, 3 * row + 3), slice(3 * col, 3 * col + 3)
        (place,) = np.unique(found[rows, cols])
        means[place] = one[rows, cols].mean()
    assert sorted(means) == list(range(9))
    assert [means[place] for place in range(9)] == sorted(means.values(), reverse=True)
    assert counts((7, 9), (0.0, 1 / 3, 1.0), 3) == [0, 3, 9]


# --- fills ----------------------------------------------------------------------------------------


def fill(name, seed=0, **options):
    return filled(IMAGE, Protocol(fill=name, **options), seed=seed)


def test_fills_are_what_they_say():
    np.testing.assert_array_equal(fill(0.25), 0.25)
    np.testing.assert_allclose(fill("mean").std(axis=(1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(fill("mean").mean(axis=(1, 2)), IMAGE.mean(axis=(1, 2)))
    for channel, blurred in zip(IMAGE, fill("blur", sigma=2.0)):
        np.testing.assert_allclose(blurred, gaussian_filter(channel, 2.0, mode="nearest"))
    noise = fill("noise")
    assert (noise.min((1, 2)) >= IMAGE.min((1, 2))).all()
    assert (noise.max((1, 2)) <= IMAGE.max((1, 2))).all()
    np.testing.assert_array_equal(noise, fill("noise"))
    assert (noise != fill("noise", seed=1)).all()


# --- imputing -------------------------------------------------------------------------------------


def slow_imputed(image, missing, sweeps=300):
    """Every missing pixel becomes the weighted mean of its neighbours, again and again."""
    found = np.where(missing, 0.0, image)
    rows, cols = missing.shape
    for _ in range(sweeps):
        for row, col in np.argwhere(missing):
            total = weights = 0.0
            for y in range(max(row - 1, 0), min(row + 2, rows)):
                for x in range(max(col - 1, 0), min(col + 2, cols)):
                    if (y, x) != (row, col):
                        weight = 2.0 if y == row or x == col else 1.0
                        total, weights = total + weight * found[0, y, x], weights + weight
            found[0, row, col] = total / weights
    return found


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_imputed_pixels_are_the_mean_of_their_neighbours(share):
    image = RANDOM.normal(size=(1, 5, 6))
    missing = RANDOM.random((5, 6)) < share
    expected = slow_imputed(image, missing)
    found = imputed(image, missing, noise=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(found[:, ~missing], image[:, ~missing])


def test_a_plane_is_imputed_exactly_inside():
    row, col = np.mgrid[:9, :9]
    plane = np.stack([2.0 * row - col, 0 * row + 3.0])
    missing = np.zeros((9, 9), bool)
    missing[2:7, 2:7] = True
    np.testing.assert_allclose(imputed(plane, missing, noise=0), plane, atol=1e-12)


def test_the_noise_of_a_pixel_is_its_own():
    missing = RANDOM.random((20, 24)) < 0.4
    more = missing | (RANDOM.random((20, 24)) < 0.2)
    noise = [
        imputed(IMAGE, m, noise=0.5, seed=3) - imputed(IMAGE, m, noise=0) for m in (missing, more)
    ]
    np.testing.assert_allclose(noise[0][:, missing], noise[1][:, missing], atol=1e-12)
    assert noise[0][:, missing].std() == pytest.approx(0.5, rel=0.15)
    np.testing.assert_array_equal(noise[0][:, ~missing], 0)


def test_nothing_missing_changes_nothing_and_everything_cannot():
    nothing = np.zeros(IMAGE.shape[1:], bool)
    np.testing.assert_array_equal(imputed(IMAGE, nothing), IMAGE)
    with pytest.raises(MeasureError, match="with 0 left"):
        imputed(IMAGE, ~nothing)
    with pytest.raises(MeasureError, match=r"got a mask of shape \(20, 20\)"):
        imputed(IMAGE, nothing[:, :20])
