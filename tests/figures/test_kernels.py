"""Kernels with marks: every one shown once, its line as steep and its bars as long as said."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PatchCollection

from cnnvis import kernels as describing
from cnnvis.errors import CnnvisError
from cnnvis.figures import kernels, style

from .looks import assert_readable, part, written


def some(n=20, shape=(5, 5), seed=0):
    return np.random.default_rng(seed).normal(size=(n, 3, *shape))


def drawn(array):
    return kernels.overview(array, describing.describe(array))


def shown(figure):
    """Filter -> its image, in the order drawn."""
    images = part(figure, "kernels").images
    return {int(image.get_gid().removeprefix("kernel ")): image for image in images}


def test_every_kernel_is_shown_once_on_one_scale():
    array = some(20, (3, 4))
    array[3] = 0
    array[7] *= 10
    images = shown(drawn(array))
    assert sorted(images) == list(range(20))
    limit = np.abs(array).max()
    for number, image in images.items():
        expected = 0.5 + 0.5 * array[number].transpose(1, 2, 0) / limit
        assert np.ma.getdata(image.get_array()) == pytest.approx(expected)
        left, right, bottom, top = image.get_extent()
        assert (bottom - top) / (right - left) == pytest.approx(3 / 4)
    assert (np.ma.getdata(images[3].get_array()) == 0.5).all()


def test_kernels_of_a_word_stand_together_and_in_order():
    array = some(30)
    array[:10] = array[:10, :1]  # grey
    array[20:] *= 1e-6
    table = describing.describe(array)
    figure = kernels.overview(array, table)
    order = list(shown(figure))
    words = table["label"].to_numpy()[order]
    runs = [word for i, word in enumerate(words) if i == 0 or word != words[i - 1]]
    assert runs == [word for word in ("oriented", "blob", "colour", "faint") if word in set(words)]
    coloured = table["orientation"].to_numpy()[[n for n in order if table.label[n] == "colour"]]
    assert len(coloured) > 3
    assert (np.diff(coloured) >= 0).all()
    for word in runs:
        assert any(text.startswith(f"{word}: {(words == word).sum()},") for text in written(figure))


def marks(figure):
    """(line end to end, widths of the bars) of every kernel; the key's own come last."""
    collections = part(figure, "kernels").collections
    lines = [c for c in collections if isinstance(c, LineCollection)]
    bars = [c for c in collections if isinstance(c, PatchCollection)]
    steps = [np.diff(line.get_segments()[0], axis=0)[0] for line in lines]
    widths = []
    for bar in bars:
        whole, part_of = (path.get_extents().width for path in bar.get_paths())
        widths.append(part_of / whole)
    return steps, np.reshape(widths, (-1, 2)), [line.get_colors()[0] for line in lines]


def test_lines_are_as_steep_and_bars_as_long_as_the_table_says():
    array = some(40)
    array = array[np.isfinite(describing.describe(array).orientation)][:12]
    table = describing.describe(array)
    figure = kernels.overview(array, table)
    steps, widths, colours = marks(figure)
    order = list(shown(figure))
    assert len(steps) == len(widths) == 13
    for number, (right, down), (frequency, opponency) in zip(order, steps, widths, strict=False):
        row = table.loc[number]
        as_seen = np.degrees(np.arctan2(-down, right)) % 180
        assert as_seen == pytest.approx(row["orientation"], abs=1e-4)
        assert frequency * 0.5**0.5 == pytest.approx(row["cycles_per_pixel"], abs=1e-5)
        assert opponency == pytest.approx(row["opponency"], abs=1e-5)
    black = [tuple(colour) == (0x16 / 255, 0x18 / 255, 0x1D / 255, 1) for colour in colours[:-1]]
    clear = describing.directed(table["coherence"], table["strength"])
    assert black == clear[order].tolist()


def test_what_has_no_orientation_has_no_line():
    array = np.ones((2, 3, 4, 4))
    array[0, :, ::2] = -1
    steps, widths, _ = marks(drawn(array))
    assert (len(steps), len(widths)) == (2, 3)  # one kernel and the key; two kernels and the key
    assert "1 have none, being flat or checkered" in style.words(drawn(array), "caption")


def test_noise_is_named_where_it_matters():
    small, large = (style.words(drawn(some(4, (n, n))), "caption") for n in (3, 7))
    assert "one in four 3 × 3 kernels of noise" in small
    assert "noise" not in large


@pytest.mark.parametrize(("n", "shape"), [(1, (3, 3)), (64, (7, 7)), (96, (11, 11)), (300, (3, 5))])
def test_every_word_can_be_read_on_a_page(n, shape):
    array = some(n, shape)
    figure = kernels.overview(array, describing.describe(array), title="A title " * 12)
    assert_readable(figure)
    assert figure.get_size_inches()[1] < 10.5


def test_other_tables_are_refused():
    with pytest.raises(CnnvisError, match="4 kernels need as many descriptions; got 3"):
        kernels.overview(some(4), describing.describe(some(3)))
