"""Gradients by role: every image in its group, on one scale, with its norm and its cosines."""

import numpy as np
import pytest

from cnnvis import compare, contrasts
from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.figures import gradients, mosaic, style
from cnnvis.figures.subjects import Subject, all_roles, begins_role, by_role, groups

from .looks import assert_readable, bars, image, part, parts, shuffled, written

PEOPLE = [
    Subject("tabby", "similar", True),
    Subject("chelsea", "reference", False),
    Subject("jeep", "dissimilar", True),
    Subject("egyptian", "reference", True),
]
SORTED = [3, 1, 0, 2]


def some(images=4, filters=6, inputs=3, rows=2, cols=3, seed=0):
    return np.random.default_rng(seed).normal(size=(images, filters, inputs, rows, cols))


def compared(array=None, people=PEOPLE, order=None, **options):
    array = some(len(people)) if array is None else array
    order = shuffled(array.shape[1]) if order is None else order
    return gradients.comparison(array, people, order, unit="Egyptian cat (285)", **options)


def test_images_are_grouped_by_role_the_correct_ones_first():
    assert by_role(PEOPLE) == SORTED
    figure = compared()
    names = [axes.get_gid().split()[1] for axes in parts(figure, "gradient ")]
    assert names == [PEOPLE[i].name for i in SORTED]
    heights = [axes.get_position().y0 for axes in parts(figure, "gradient ")]
    assert heights == sorted(heights, reverse=True)


def test_unknown_roles_and_unlabelled_images_come_last():
    people = [Subject("a", "other", None), Subject("b", "similar", None), *PEOPLE]
    assert all_roles(people) == ["reference", "similar", "dissimilar", "other"]
    assert groups(people)[2:5] == [("similar", True), ("similar", False), ("similar", None)]
    order = [people[i].name for i in by_role(people)]
    assert order == ["egyptian", "chelsea", "tabby", "b", "jeep", "a"]
    chosen = [people[i] for i in by_role(people)]
    assert [begins_role(chosen, i) for i in range(6)] == [True, False, True, False, True, True]


@pytest.mark.parametrize(
    ("reduction", "reduced"),
    [
        ("mean", lambda g: g.mean(axis=2)),
        ("absmean", lambda g: np.abs(g).mean(axis=2)),
        ("l2", lambda g: np.sqrt((g**2).sum(axis=2))),
        ("channel", lambda g: g[:, :, 2]),
    ],
)
def test_every_tile_is_its_filter_in_the_order_given(reduction, reduced):
    array, order = some(), shuffled(6)
    figure = compared(array, order=order, reduction=reduction, channel=2)
    layout = mosaic.grid([6], (2, 3), aspect=0.09)
    expected = reduced(array)
    for number, subject in enumerate(PEOPLE):
        whole = image(part(figure, f"gradient {subject.name}"))
        for place, (row, col) in enumerate(layout.cells):
            tile = whole[row * 3 + 1 :, col * 4 + 1 :][:2, :3]
            assert tile == pytest.approx(expected[number, order.permutation[place]])


def test_all_images_share_one_symmetric_scale():
    array = some()
    array[2] *= 50
    figure = compared(array)
    limits = {(a.images[0].norm.vmin, a.images[0].norm.vmax) for a in parts(figure, "gradient ")}
    ((low, high),) = limits
    assert low == -high
    assert high == pytest.approx(np.percentile(np.abs(array.mean(axis=2)), 99.5))
    assert bars(figure)["gradient (score per weight)"] == pytest.approx((low, high))


def test_norms_are_a_point_per_image_and_a_line_per_group():
    array = some(6)
    people = [*PEOPLE, Subject("abyssinian", "reference", True), Subject("x", "reference", True)]
    axes = part(compared(array, people), "norms")
    points = [line for line in axes.lines if line.get_marker() == "o"]
    lines = [line for line in axes.lines if line.get_marker() != "o"]
    lengths = np.sqrt((array**2).reshape(6, -1).sum(axis=1))
    expected = {0: lengths[[3, 4, 5]], 1: lengths[[1]], 2: lengths[[0]], 4: lengths[[2]]}
    assert len(points) == len(lines) == 4
    for (place, values), dots, line in zip(expected.items(), points, lines, strict=True):
        assert dots.get_ydata() == pytest.approx(values)
        assert np.mean(dots.get_xdata()) == pytest.approx(place)
        assert np.ptp(dots.get_xdata()) < 1
        assert line.get_ydata() == pytest.approx([values.mean()] * 2)
    filled = [dots.get_markerfacecolor() != style.PAPER for dots in points]
    assert filled == [True, False, True, True]
    # The two groups without an image say so.
    nones = [text.get_position()[0] for text in axes.texts if text.get_text() == "none"]
    assert nones == [3, 5]


def test_a_group_of_several_has_the_interval_of_its_mean_and_says_how_many():
    array = some(6)
    people = [*PEOPLE, Subject("abyssinian", "reference", True), Subject("x", "reference", True)]
    axes = part(compared(array, people), "norms")
    lengths = compare.norms(array)
    bars, ends = axes.collections
    low, high = contrasts.interval(lengths[[3, 4, 5]])
    (bar,) = bars.get_segments()
    assert bar[:, 1] == pytest.approx([low, high])
    assert [segment[0, 1] for segment in ends.get_segments()] == pytest.approx([low, high])
    assert 0.3 < bar[0, 0] < 0.5  # beside the only group of more than one image, the first
    labels = [label.get_text().split("\n") for label in axes.get_xticklabels()]
    assert [label[1] for label in labels] == [f"n = {n}" for n in (3, 1, 1, 0, 1, 0)]


def test_the_caption_says_what_the_tests_of_the_roles_give():
    many = [Subject(f"{role}{i}", role, True) for role in all_roles([]) for i in range(2)]
    array = some(6)
    caption = style.words(compared(array, many), "caption")
    roles = [subject.role for subject in many]
    cosines = contrasts.cosine_test(compare.cosine_matrix(array), roles)
    said = f"within roles minus between roles {cosines.value:.2g}, {cosines.words}"
    assert said in caption
    first = compare.norms(array)[[0, 1, 4, 5]]
    norms = contrasts.norm_test(first, [roles[i] for i in (0, 1, 4, 5)])
    assert f"mean norm of reference apart from dissimilar {norms.value:.2g}" in caption
    assert "too few images to say anything" in caption
    alone = [Subject(str(i), "reference", True) for i in range(6)]
    assert "Permutation tests" not in style.words(compared(array, alone), "caption")


def test_cosines_are_of_whole_gradients_grouped_by_role():
    array = some()
    axes = part(compared(array), "cosines")
    assert image(axes) == pytest.approx(compare.cosine_matrix(array[SORTED]))
    assert (axes.images[0].norm.vmin, axes.images[0].norm.vmax) == (-1, 1)
    assert [line.get_ydata()[0] for line in axes.lines[::2]] == [1.5, 2.5]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        PEOPLE[i].name for i in SORTED
    ]


def test_the_caption_names_the_order_and_the_reduction():
    caption = style.words(compared(reduction="channel", channel=1), "caption")
    assert "Each tile is one filter: the input channel 1 alone." in caption
    assert "the order of the filters (natural)" in caption
    assert "rounded to 0 or 1" in style.words(compared(reduction="binary"), "caption")


def test_few_images_are_called_an_illustration():
    warning = "this is an illustration, no statistics"
    assert "With 1 to 2 images in a role " + warning in style.words(compared(), "caption")
    many = [Subject(f"{role}{i}", role, True) for role in all_roles([]) for i in range(10)]
    assert warning not in style.words(compared(some(30), many), "caption")


def test_of_many_images_the_first_of_each_kind_are_shown_and_all_are_counted():
    people = [Subject(f"{role}{i}", role, i % 2 == 0) for role in all_roles([]) for i in range(8)]
    figure = compared(some(24), people, most=2)
    names = [axes.get_gid().split()[1] for axes in parts(figure, "gradient ")]
    assert names[:4] == ["reference0", "reference2", "reference1", "reference3"]
    assert len(names) == 12
    assert "12 of 24 images are shown" in style.words(figure, "caption")
    dots = [line for line in part(figure, "norms").lines if line.get_marker() == "o"]
    assert sum(len(line.get_xdata()) for line in dots) == 24
    labels = [label.get_text() for label in part(figure, "cosines").get_yticklabels()]
    assert labels == ["reference", "similar", "dissimilar"]


@pytest.mark.parametrize(
    ("images", "filters", "inputs", "side"), [(4, 16, 3, 3), (3, 96, 3, 11), (1, 512, 2, 1)]
)
def test_every_word_can_be_read(images, filters, inputs, side):
    people = [Subject(f"{s.name} with a very long name", s.role, s.correct) for s in PEOPLE]
    array = some(images, filters, inputs, side, side)
    figure = compared(array, people[:images], title="A title " * 15, layer="features.0")
    assert_readable(figure)
    assert "misclassified" in written(figure) or images == 1


def test_what_does_not_fit_is_refused():
    with pytest.raises(CnnvisError, match=r"one subject per image; got \(3, 6, 3, 2, 3\) and 4"):
        compared(some(3))
    with pytest.raises(CnnvisError, match=r"\(image, filter, in_channel, k_row, k_col\)"):
        compared(some()[0])
    with pytest.raises(CnnvisError, match="no reduction 'tile' for tiles; there are l2, mean"):
        compared(reduction="tile")
    with pytest.raises(CnnvisError, match="finite"):
        compared(some() * np.nan)
    with pytest.raises(OrderingError, match="ordering of 5 channels"):
        compared(order=shuffled(5))
