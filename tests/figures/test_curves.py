"""Curves of perturbation: means over photos, areas, and an order that follows them."""

import numpy as np
import pandas as pd
import pytest
from measured_tables import MANY, METHODS, curves

from cnnvis import metrics
from cnnvis.errors import CnnvisError, MeasureError
from cnnvis.figures import style
from cnnvis.figures.curves import perturbation_curves
from cnnvis.figures.marks import marks

from .looks import assert_equal_bytes, assert_readable, drawn, drawn_names, part, written


def listed(axes):
    """The numbers of a list, from the top."""
    return [word for word in written(axes) if word[-1].isdigit()]


def test_a_curve_is_the_mean_over_photos():
    table = curves(photos=3)
    figure = perturbation_curves(table)
    for protocol in ("deletion", "insertion"):
        axes = part(figure, f"curves {protocol}")
        for method in METHODS:
            rows = table[(table.protocol == protocol) & (table.method == method)]
            mean = rows.groupby("share")["value"].mean()
            x, y = drawn(axes, f"curve {method}")
            assert x == pytest.approx(mean.index)
            assert y == pytest.approx(mean.to_numpy())


def test_images_of_one_photo_are_averaged_first():
    """Of two images of one photo and one of another, the photos count alike, not the images."""
    one = curves(["backtrack"], photos=1, protocols=["deletion"])
    crop, other = one.assign(image="crop"), one.assign(image="b", photo="b")
    both = [one.assign(value=0.0), crop.assign(value=0.2), other.assign(value=0.9)]
    figure = perturbation_curves(pd.concat(both))
    axes = part(figure, "curves deletion")
    assert drawn(axes, "curve backtrack")[1] == pytest.approx(0.5)
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    error = np.std([0.1, 0.9], ddof=1) / np.sqrt(2)
    assert (band.min(), band.max()) == pytest.approx((0.5 - error, 0.5 + error))
    assert "means over 2 photos" in style.words(figure, "caption")


@pytest.mark.parametrize(("protocol", "first"), [("deletion", 0), ("insertion", -1), ("mine", 0)])
def test_methods_are_listed_by_area_the_best_first(protocol, first):
    table = curves(protocols=[protocol])
    figure = perturbation_curves(table)
    areas = [
        float(metrics.area(mean.index, mean.to_numpy()))
        for method in METHODS
        for mean in [table[table.method == method].groupby("share")["value"].mean()]
    ]
    assert areas == sorted(areas)
    wanted = areas if first == 0 else areas[::-1]
    assert listed(part(figure, f"areas {protocol}")) == [f"{area:.3f}" for area in wanted]


def test_own_methods_and_grad_cam_stand_out_and_controls_are_hollow():
    axes = part(perturbation_curves(curves()), "curves deletion")
    found = {line.get_gid().removeprefix("curve "): line for line in axes.lines}
    quiet = ["gradient", "occlusion", "guided_backprop"]
    for strong in ("backtrack", "soft", "grad_cam"):
        assert all(found[strong].get_linewidth() > found[name].get_linewidth() for name in quiet)
        assert found[strong].get_zorder() > max(found[name].get_zorder() for name in quiet)
    for name, line in found.items():
        hollow = line.get_markerfacecolor() == style.PAPER
        assert hollow == (name in ("centre", "random", "edges"))
        assert line.is_dashed() == hollow
    assert found["grad_cam"].get_color() == style.INK
    bands = {band.get_gid() for band in axes.collections}
    assert bands == {"band backtrack", "band grad_cam"}


def test_no_two_methods_look_alike():
    looks = [(mark.colour, mark.shape, str(mark.dashes)) for mark in marks(MANY).values()]
    assert len(set(looks)) == len(MANY)


def test_a_method_looks_the_same_in_every_figure():
    some = marks(["edges", "occlusion", "soft"])
    assert some.items() <= marks(METHODS).items()


def test_charts_of_probabilities_share_an_axis():
    table = curves()
    lower = table.value.where(table.protocol == "insertion", 0.3 * table.value)
    figure = perturbation_curves(table.assign(value=lower))
    limits = {part(figure, f"curves {name}").get_ylim() for name in ("deletion", "insertion")}
    assert len(limits) == 1


def test_a_single_photo_has_no_band_and_is_called_an_illustration():
    figure = perturbation_curves(curves(photos=1))
    caption = style.words(figure, "caption")
    assert "Bands" not in caption
    assert "One photo is an illustration" in caption
    several = style.words(perturbation_curves(curves()), "caption")
    assert "Bands: one standard error to each side (backtracking and Grad-CAM)" in several
    assert "illustration" not in several


@pytest.mark.parametrize(("methods", "protocols"), [(1, 1), (12, 2), (25, 3)])
def test_every_word_can_be_read(methods, protocols):
    names = ("deletion", "road_lerf", "a protocol with a name " * 9)[:protocols]
    figure = perturbation_curves(curves(MANY[:methods], 2, names), title="A title " * 20)
    assert len(drawn_names(part(figure, "curves deletion"), "curve ")) == methods
    assert_readable(figure)


def test_the_table_is_left_as_found_and_drawn_the_same_twice(tmp_path):
    table = curves(METHODS[:3])
    before = table.copy()
    assert_equal_bytes(lambda: perturbation_curves(table), tmp_path)
    pd.testing.assert_frame_equal(table, before)


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(CnnvisError, match="this one lacks protocol, share"):
        perturbation_curves(curves().drop(columns=["protocol", "share"]))
    with pytest.raises(CnnvisError, match="curves are drawn from a table with at least one row"):
        perturbation_curves(curves().head(0))
    with pytest.raises(MeasureError, match="two places or more"):
        perturbation_curves(curves(steps=1))
