"""Importance of filters against its definition in loops, and planted truth."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from cnnvis import ablation, gradients, importance, network
from cnnvis.errors import ImageError, ImportanceError
from cnnvis.labels import Image


def some(images=4, filters=5, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(images, filters, 3, 2, 2)), random.normal(size=(filters, 3, 2, 2))


def linear_network():
    """A convolution without bias whose maps are summed: removing a filter is a linear change."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 5, 2, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4)
    ).double()
    images = torch.randn(3, 3, 6, 7, dtype=torch.float64)
    return network.open(model, input_shape=(3, 6, 7)), images


def test_both_measures_in_loops():
    stack, weights = some()
    found = importance.by_image(iter(stack), weights)
    for image in range(4):
        for number in range(5):
            own = stack[image, number].ravel()
            changes = [w * g for w, g in zip(weights[number].ravel(), own, strict=True)]
            assert found["l2"][image, number] == pytest.approx(sum(g * g for g in own) ** 0.5)
            assert found["taylor"][image, number] == pytest.approx(abs(sum(changes)))


def test_the_magnitude_is_of_the_sum_over_weights_and_the_mean_over_images_comes_after():
    weights = np.array([[1.0, 1.0]])
    cancelling_weights = importance.by_image([[[2.0, -2.0]]], weights)
    assert cancelling_weights["taylor"].tolist() == [[0.0]]
    both_signs = importance.by_image([[[2.0, 0.0]], [[-2.0, 0.0]]], weights)
    assert importance.by_group(both_signs, {"same class": [0, 1]})["same class"]["taylor"] == 2.0


def test_taylor_is_what_a_linear_network_loses_with_the_filter():
    net, images = linear_network()
    weights = net.node("0").module.weight.detach().numpy()
    found = importance.by_image(gradients.filters(net, images, layer="0", target=2), weights)
    removed = [[], *([number] for number in range(5))]
    scores = ablation.scores(net, images, layer="0", removed=removed)[..., 2]
    np.testing.assert_allclose(found["taylor"].T, np.abs(scores[1:] - scores[0]), rtol=1e-10)


def test_taylor_over_the_weights_is_taylor_over_the_map():
    """As in Molchanov and others: the sum of activation times gradient, where there is no bias."""
    torch.manual_seed(1)
    conv = nn.Conv2d(3, 5, 2, bias=False)
    rest = nn.Sequential(nn.Tanh(), nn.Flatten(), nn.Linear(5 * 30, 4))
    model = nn.Sequential(conv, rest).double()
    images = torch.randn(2, 3, 6, 7, dtype=torch.float64)
    net = network.open(model, input_shape=(3, 6, 7))
    found = importance.by_image(
        gradients.filters(net, images, layer="0", target=1), conv.weight.detach().numpy()
    )
    maps = conv(images).detach().requires_grad_()
    (slope,) = torch.autograd.grad(rest(maps)[:, 1].sum(), maps)
    expected = (maps * slope).sum((2, 3)).abs().detach().numpy()
    np.testing.assert_allclose(found["taylor"], expected, rtol=1e-10)


def test_gradients_are_taken_one_at_a_time():
    stack, weights = some()
    taken = []

    def blocks():
        for image in stack:
            taken.append(len(taken))
            yield image

    assert importance.by_image(blocks(), weights)["l2"].shape == (4, 5)
    assert taken == [0, 1, 2, 3]


def test_groups_are_means_over_their_images_and_the_control_draws_anew():
    stack, weights = some()
    found = importance.by_image(stack, weights)
    means = importance.by_group(found, {"same class": [2], "other class": [0, 3]}, seed=7)
    np.testing.assert_array_equal(means["same class"]["l2"], found["l2"][2])
    expected = (found["taylor"][0] + found["taylor"][3]) / 2
    np.testing.assert_allclose(means["other class"]["taylor"], expected)
    np.testing.assert_array_equal(means["same class"]["random"], importance.random(5, seed=7))
    np.testing.assert_array_equal(means["other class"]["random"], importance.random(5, seed=8))
    assert not np.array_equal(importance.random(5, seed=7), importance.random(5, seed=8))


def test_groups_are_the_first_role_and_the_others():
    images = [Image("a", role="x"), Image("b", role="y"), Image("c"), Image("d", role="z")]
    assert importance.groups_of(images, ["y", "x", "z"]) == {
        "same class": [1],
        "other class": [0, 3],
    }
    with pytest.raises(ImageError, match="no image has the role 'w'"):
        importance.groups_of(images, ["x", "w"])


@pytest.mark.parametrize("seed", range(3))
def test_agreement_is_spearmans(seed):
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 6, 20), random.normal(size=20)
    assert importance.agreement(one, other) == pytest.approx(spearmanr(one, other)[0])
    assert importance.agreement(one, np.ones(20)) == 0.0


def test_the_table_says_what_the_means_say_and_can_be_read_back(tmp_path):
    stack, weights = some(filters=12)
    groups = {"same class": [0, 1], "other class": [2]}
    means = importance.by_group(importance.by_image(stack * 1e-9, weights), groups)
    table = importance.table(means, groups, unit=285)
    assert len(table) == 12 * 3 * 2
    table.to_csv(tmp_path / "table.tsv", sep="\t", index=False)
    read = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    found, images, unit = importance.first_unit(pd.concat([read, read.assign(unit=3)]))
    assert (images, unit) == ({"same class": 2, "other class": 1}, 285)
    for group, methods in means.items():
        for method, values in methods.items():
            # Tiny gradients keep their digits.
            np.testing.assert_allclose(found[group][method], values, rtol=1e-5)


def test_what_cannot_be_weighed_is_refused():
    stack, weights = some()
    with pytest.raises(ImportanceError, match=r"shapes \(5, 3, 2, 2\) and \(4, 3, 2, 2\)"):
        importance.taylor(stack[0], weights[:4])
    with pytest.raises(ImportanceError, match=r"\(filter, ...\), none of them 0; got shape \(3,\)"):
        importance.l2(np.ones(3))
    with pytest.raises(ImportanceError, match=r"NaN or infinity in filters \[1\]"):
        importance.l2([[1.0], [np.nan]])
    with pytest.raises(ImportanceError, match="got none"):
        importance.by_image([], weights)
    found = importance.by_image(stack, weights)
    with pytest.raises(ImportanceError, match="other class has any"):
        importance.by_group(found, {"same class": [0], "other class": []})
    with pytest.raises(ImportanceError, match="without a row"):
        importance.first_unit(pd.DataFrame(columns=list(importance.COLUMNS)))
