"""The grid of all channels: every map in its place, in whole pixels, on one scale."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.figures import channels, mosaic, style

from .looks import (
    an_ordering,
    assert_readable,
    bars,
    clustered,
    image,
    part,
    pixels,
    shuffled,
    written,
)


def some_maps(n=12, rows=5, cols=7, low=0.0):
    return np.random.default_rng(n).random((n, rows, cols)) * 3 + low


def tiles(figure, shape, count):
    """Cut the mosaic of a figure without clusters back into its tiles, in reading order."""
    whole = image(part(figure, "maps"))
    rows, cols = shape
    columns = (whole.shape[1] - 1) // (cols + 1)
    return np.array(
        [
            whole[(i // columns) * (rows + 1) + 1 :, (i % columns) * (cols + 1) + 1 :][:rows, :cols]
            for i in range(count)
        ]
    )


@pytest.mark.parametrize("shape", [(16, 9, 9), (12, 5, 7), (1, 4, 4), (30, 1, 1), (7, 6, 30)])
def test_tile_i_is_channel_permutation_i(shape):
    maps, order = some_maps(*shape), shuffled(shape[0])
    figure = channels.grid(maps, order)
    found = tiles(figure, shape[1:], shape[0])
    for place, channel in enumerate(order.permutation):
        assert np.array_equal(found[place], maps[channel])
    assert np.isfinite(image(part(figure, "maps"))).sum() == maps.size


@pytest.mark.parametrize("shape", [(16, 5, 5), (21, 3, 11)])
def test_every_unit_is_a_square_of_equal_pixels_and_every_gutter_paper(shape):
    maps = some_maps(*shape)
    figure = channels.grid(maps, shuffled(shape[0]))
    axes = part(figure, "maps")
    whole = image(axes)
    drawn = pixels(figure)
    left, bottom, right, top = (
        axes.get_position().extents * (*drawn.shape[1::-1], *drawn.shape[1::-1])
    ).round()
    height = drawn.shape[0]
    seen = drawn[round(height - top) : round(height - bottom), round(left) : round(right)]
    scale = seen.shape[1] // whole.shape[1]
    assert seen.shape[:2] == (whole.shape[0] * scale, whole.shape[1] * scale)
    blocks = seen.reshape(whole.shape[0], scale, whole.shape[1], scale, 3)
    first = blocks[:, :1, :, :1]
    assert (blocks == first).all()
    shown = axes.images[0]
    wanted = shown.cmap(shown.norm(np.ma.masked_invalid(whole)), bytes=True)[..., :3]
    assert np.abs(blocks[:, 0, :, 0].astype(int) - wanted).max() <= 1
    assert (blocks[:, 0, :, 0][np.isnan(whole)] == 255).all()


def test_clusters_begin_rows_and_have_a_strip_each():
    sizes = [5, 1, 9, 3]
    maps, order = some_maps(18), clustered(sizes)
    figure = channels.grid(maps, order)
    axes = part(figure, "maps")
    strips = [p for p in axes.patches if (p.get_gid() or "").startswith("cluster ")]
    assert [strip.get_gid() for strip in strips] == [f"cluster {i}" for i in range(4)]
    assert len({strip.get_facecolor() for strip in strips}) == 4
    layout = mosaic.grid(sizes, (5, 7))
    for strip, (first, last) in zip(strips, layout.groups, strict=True):
        assert isinstance(strip, Rectangle)
        assert (strip.get_y(), strip.get_y() + strip.get_height()) == (
            first * 6 + 0.5,
            last * 6 - 0.5,
        )
    whole = image(axes)
    for place, (row, col) in enumerate(layout.cells):
        tile = whole[row * 6 + 1 :, col * 8 + 1 :][:5, :7]
        assert np.array_equal(tile, maps[order.permutation[place]])
    words = written(figure)
    assert "cluster 1\n1 map" in words
    assert "cluster 2\n9 maps" in words


@pytest.mark.parametrize("shape", [(12, 5, 7), (18, 40, 30)])
def test_a_strip_above_every_map_shows_its_cluster_in_any_order(shape):
    maps, order = some_maps(*shape), shuffled(shape[0])
    cluster = np.arange(shape[0]) % 3
    figure = channels.grid(maps, order, cluster=cluster)
    axes = part(figure, "maps")
    (strips,) = axes.collections
    whole = image(axes)
    above = max(1, round(0.08 * max(shape[1:])))
    colours = (np.array(strips.get_facecolor())[:, :3] * 255).round().astype(int)
    boxes = [path.get_extents().extents for path in strips.get_paths()]
    assert len(boxes) == shape[0]
    for channel, (left, top, right, bottom), colour in zip(
        order.permutation, boxes, colours, strict=True
    ):
        row, col = round(top + 0.5), round(left + 0.5)
        assert np.isnan(whole[row : row + above, col : col + shape[2]]).all()
        assert (right - left, bottom - top) == (shape[2], above)
        tile = whole[row + above : row + above + shape[1], col : col + shape[2]]
        assert np.array_equal(tile, maps[channel]), "no channel is lost, none is covered"
        wanted = style.CATEGORIES[cluster[channel]]
        assert "#{:02x}{:02x}{:02x}".format(*colour) == wanted
    assert [t.get_text() for t in part(figure, "cluster key").texts] == ["0", "1", "2"]
    assert "strip above a map" in style.words(figure, "caption")
    assert_readable(figure)


def test_many_clusters_share_colours_and_say_so():
    figure = channels.grid(some_maps(20), shuffled(20), cluster=np.arange(20) % 10)
    assert "cluster of each map; colours repeat after 8" in written(figure)
    assert_readable(figure)


def test_clusters_come_in_runs_also_where_one_returns():
    order = an_ordering([0, 1, 2, 3], np.array([0, 1, 1, 0]))
    assert channels.clusters(order) == [(0, 0, 1), (1, 1, 3), (0, 3, 4)]
    assert channels.clusters(an_ordering([1, 0])) == []


def test_rows_are_numbered_by_their_first_and_last_channel():
    order = shuffled(12)
    figure = channels.grid(some_maps(12), order)
    columns = mosaic.grid([12], (5, 7)).columns
    expected = []
    for start in range(0, 12, columns):
        row = order.permutation[start : start + columns]
        expected += [str(row[0]), str(row[-1])] if len(row) > 1 else [str(row[0])]
    assert [t.get_text() for t in part(figure, "maps").texts] == expected


def test_norms_share_one_scale_or_give_each_channel_its_own():
    maps = some_maps(9) * np.arange(9)[:, None, None]
    order = shuffled(9)
    shared = part(channels.grid(maps, order, norm="global"), "maps").images[0]
    assert (shared.norm.vmin, shared.norm.vmax) == (0, maps.max())
    spiky = part(channels.grid(maps, order), "maps").images[0]
    assert spiky.norm.vmax == pytest.approx(np.percentile(maps, 99.5))
    own = channels.grid(maps, order, norm="per_channel")
    largest = tiles(own, (5, 7), 9).max(axis=(1, 2))
    assert largest == pytest.approx(np.where(order.permutation == 0, 0, 1))
    assert "activation, share of the channel's largest" in bars(own)


def test_signed_maps_have_zero_in_the_middle():
    figure = channels.grid(some_maps(9, low=-1.0), shuffled(9), unit="logit")
    shown = part(figure, "maps").images[0]
    assert shown.norm.vmin == -shown.norm.vmax
    assert shown.cmap.name == style.SIGNED
    assert bars(figure)["logit"] == pytest.approx((shown.norm.vmin, shown.norm.vmax))


def test_kernels_stand_in_the_same_places_as_their_maps():
    kernels = np.random.default_rng(0).normal(size=(12, 3, 3, 3))
    kernels[4] = 0
    order = shuffled(12)
    figure = channels.grid(some_maps(12), order, kernels=kernels)
    whole = image(part(figure, "kernels"))
    most = np.abs(kernels).max()
    columns = mosaic.grid([12], (5, 7)).columns
    for place, channel in enumerate(order.permutation):
        row, col = place // columns * 4, place % columns * 4
        kernel = kernels[channel].transpose(1, 2, 0)
        assert whole[row : row + 3, col : col + 3] == pytest.approx(0.5 + 0.5 * kernel / most)
    assert "kernel of each channel" in style.words(figure, "caption")


def test_the_caption_says_what_is_seen():
    maps = some_maps(12)
    maps[[2, 5]] = 0
    order = an_ordering(np.arange(12), method="pca_image", source="set")
    caption = style.words(channels.grid(maps, order), "caption")
    for words in (
        "All 12 feature maps of 5 × 7 units",
        "“pca_image” (source: set)",
        "2 of the maps",
    ):
        assert words in caption


@pytest.mark.parametrize(
    ("sizes", "shape", "kernel"),
    [
        ([16], (30, 30), True),
        ([64], (40, 40), True),
        ([512], (7, 7), False),
        ([3], (40, 12), False),
        ([11, 1, 20, 32, 1], (30, 30), True),
        ([40, 1] * 10, (6, 6), False),
        ([200], (3, 40), False),
        ([2000], (1, 10), False),
    ],
)
def test_every_word_can_be_read(sizes, shape, kernel):
    order = clustered(sizes) if len(sizes) > 1 else shuffled(*sizes)
    maps = some_maps(len(order), *shape, low=-1)
    kernels = np.ones((len(order), 3, 3, 3)) if kernel else None
    assert_readable(channels.grid(maps, order, kernels=kernels, title="A title " * 12))


@pytest.mark.parametrize(
    ("maps", "options", "error", "words"),
    [
        (np.zeros((3, 4)), {}, CnnvisError, r"maps \(channel, row, col\); got \(3, 4\)"),
        (np.full((3, 2, 2), np.inf), {}, CnnvisError, "finite"),
        (np.zeros((4, 2, 2)), {}, OrderingError, "ordering of 3 channels"),
        (np.zeros((3, 2, 2)), {"norm": "percent"}, CnnvisError, "did you mean 'percentile'"),
        (
            np.zeros((3, 2, 2)),
            {"kernels": np.zeros((3, 64, 3, 3))},
            CnnvisError,
            r"\(filter, 3, k_row, k_col\); got \(3, 64, 3, 3\)",
        ),
        (np.zeros((3, 2, 2)), {"kernels": np.zeros((2, 3, 3, 3))}, OrderingError, "3 channels"),
        (np.zeros((3, 2, 2)), {"cluster": [0, 1]}, OrderingError, "3 channels"),
    ],
)
def test_what_cannot_be_shown_is_refused(maps, options, error, words):
    with pytest.raises(error, match=words):
        channels.grid(maps, shuffled(3), **options)
