"""Volumes in groups: one scale, levels that can be read back, and parts that fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnvis.errors import CnnvisError, OrderingError
from cnnvis.ordering import Ordering
from cnnvis.volume_groups import PERCENTILE, ZERO, Group, levels


def order(permutation, method="natural", cluster=None):
    return Ordering(permutation, None, cluster, method, {}, "image")


def block(seed=0, shape=(3, 4, 5), low=0.0):
    return np.random.default_rng(seed).uniform(low, 1, shape)


@given(st.floats(-3, 3), st.floats(0.01, 2), st.booleans())
def test_a_level_is_the_root_of_a_share(value, limit, signed):
    share = min(1.0, abs(value) / limit)
    (byte,) = levels([value], limit, signed=signed)
    if signed:
        expected = ZERO + np.sign(value) * 127 * share**0.5
    else:
        expected = 255 * share**0.5 if value > 0 else 0
    assert abs(int(byte) - expected) <= 0.5


def test_both_signs_have_equally_many_steps_and_zero_is_zero():
    assert levels([-2.0, -1.0, 0.0, 1.0, 2.0], 1.0, signed=True).tolist() == [1, 1, 128, 255, 255]


def test_a_group_is_on_one_scale():
    faint, strong = block(0) / 10, block(1)
    group = Group("a", "A", {"faint": faint, "strong": strong}, {"natural": order([0, 1, 2])})
    limit = np.percentile(np.concatenate([faint.ravel(), strong.ravel()]), PERCENTILE)
    assert group.limit == pytest.approx(limit)
    assert not group.signed
    for name, values in group.blocks.items():
        assert np.array_equal(group.levels(name), levels(values, limit, signed=False))


def test_one_negative_value_gives_all_blocks_a_sign():
    group = Group("a", "A", {"a": block(0), "b": block(1, low=-1)}, {"natural": order([0, 1, 2])})
    assert group.signed
    assert group.levels("a").min() >= ZERO


def test_a_group_of_zeros_and_one_of_few_values_have_a_scale():
    zeros = np.zeros((2, 3, 3))
    assert Group("a", "A", {"a": zeros}, {"natural": order([0, 1])}).limit == 1
    few = np.zeros((2, 40, 40))
    few[0, 0, 0] = 3
    assert Group("a", "A", {"a": few}, {"natural": order([0, 1])}).limit == 3


def test_titles_say_what_tells_volumes_apart():
    one, two = {"natural": order([0, 1, 2])}, {n: order([0, 1, 2]) for n in ("natural", "pca")}
    blocks = {"cat": block(0), "dog": block(1)}
    many = {"cat": block(0)}
    assert [t for t, *_ in Group("a", "A", many, two).volumes] == ["natural", "pca"]
    assert [t for t, *_ in Group("a", "A", blocks, one).volumes] == ["cat", "dog"]
    assert Group("a", "A", blocks, two).volumes == (
        ("cat, natural", "cat", "natural"),
        ("cat, pca", "cat", "pca"),
        ("dog, natural", "dog", "natural"),
        ("dog, pca", "dog", "pca"),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"blocks": {}}, "blocks of one shape and an order; got the shapes of none and 1 orders"),
        ({"blocks": {"a": block(), "b": block(shape=(3, 4, 6))}}, "blocks of one shape"),
        ({"orders": {}}, "0 orders"),
        ({"blocks": {"a": np.ones((3, 4))}}, r"made of maps .* got \(3, 4\)"),
        ({"blocks": {"a": np.ones((3, 0, 4))}}, r"made of maps .* got \(3, 0, 4\)"),
        ({"blocks": {"a": np.full((3, 1, 1), np.nan)}}, "NaN"),
        ({"tiles": np.ones((2, 5, 5, 3))}, "3 channels, each with a tile"),
        ({"tiles": np.ones((3, 5, 5, 1))}, "3 channels, each with a tile"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, words):
    whole = {"blocks": {"a": block()}, "orders": {"natural": order([0, 1, 2])}}
    Group("a", "A", **whole)
    with pytest.raises(CnnvisError, match=words):
        Group("a", "A", **(whole | change))


def test_an_order_of_other_channels_is_refused():
    with pytest.raises(OrderingError, match="4"):
        Group("a", "A", {"a": block()}, {"natural": order([0, 1, 2, 3])})
