"""Mosaics: every tile in its place, one pixel of paper between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis.errors import CnnvisError
from cnnvis.figures import mosaic

groups = st.lists(st.integers(1, 40), min_size=1, max_size=6)
tiles = st.tuples(st.integers(1, 9), st.integers(1, 9))


def slow_compose(array, layout):
    """Pixel by pixel."""
    rows, cols = array.shape[1:]
    whole = np.full(((rows + 1) * layout.rows + 1, (cols + 1) * layout.columns + 1), np.nan)
    for number, (down, along) in enumerate(layout.cells):
        for row in range(rows):
            for col in range(cols):
                whole[down * (rows + 1) + 1 + row, along * (cols + 1) + 1 + col] = array[
                    number, row, col
                ]
    return whole


@given(groups, tiles)
def test_every_tile_has_its_own_cell_in_reading_order(sizes, tile):
    layout = mosaic.grid(sizes, tile)
    assert len(layout.cells) == sum(sizes)
    assert list(layout.cells) == sorted(set(layout.cells))
    assert max(col for _, col in layout.cells) < layout.columns
    starts = np.cumsum([0, *sizes])[:-1]
    assert all(layout.cells[start][1] == 0 for start in starts)
    assert [layout.cells[start][0] for start in starts] == [first for first, _ in layout.groups]
    ends = [0, *(end for _, end in layout.groups)]
    assert [first for first, _ in layout.groups] == ends[:-1]
    assert layout.rows == ends[-1]
    assert [tile for row in range(layout.rows) for tile in layout.row(row)] == list(
        range(sum(sizes))
    )


@given(groups, tiles)
def test_a_mosaic_is_its_tiles_pixel_by_pixel(sizes, tile):
    layout = mosaic.grid(sizes, tile)
    array = np.random.default_rng(0).random((sum(sizes), *tile))
    whole = mosaic.compose(array, layout)
    assert whole.shape == layout.size(tile)
    assert np.array_equal(whole, slow_compose(array, layout), equal_nan=True)
    assert np.isfinite(whole).sum() == array.size


def test_colours_are_tiles_too():
    array = np.random.default_rng(0).random((3, 2, 4, 3))
    whole = mosaic.compose(array, mosaic.grid([3], (2, 4), columns=2), paper=1.0)
    assert whole.shape == (7, 11, 3)
    assert (whole[1:3, 6:10] == array[1]).all()
    assert (whole[0] == 1).all()


@pytest.mark.parametrize(
    ("count", "tile"),
    [(16, (8, 8)), (64, (113, 113)), (96, (55, 55)), (512, (13, 13)), (40, (20, 50))],
)
def test_grids_are_pleasant_and_waste_little(count, tile):
    layout = mosaic.grid([count], tile)
    rows, cols = layout.size(tile)
    assert 0.4 < rows / cols < 1.6
    assert count / (layout.rows * layout.columns) > 0.9


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match="a mosaic needs tiles"):
        mosaic.grid([], (2, 2))
    with pytest.raises(CnnvisError, match="3 tiles do not fill 2 places"):
        mosaic.compose(np.zeros((3, 2, 2)), mosaic.grid([2], (2, 2)))
