"""The study of digits: each digit by its own images, and curves that tell the orders apart."""

import numpy as np
import pytest

from cnnvis import ablation, digit_study, digits, gradients, importance, network, removal, training


@pytest.fixture(scope="module")
def studied():
    train, test = digits.load()
    net = network.open(training.train(train.images, train.labels), input_shape=digits.SHAPE)
    tables = digit_study.tables(net, train, test, layer="conv1", steps=4, seeds=5)
    return net, train, test, *tables


def test_the_importance_of_a_digit_is_of_its_score_and_its_training_images(studied):
    net, train, _, weighed, _ = studied
    few = train.first_of_each(20)
    weights = net.node("conv1").module.weight.numpy()
    found = gradients.filters(net, few.images, layer="conv1", target=4)
    lengths = importance.by_image(found, weights)["l2"]
    rows = weighed[(weighed.unit == 4) & (weighed.method == "l2")]
    for group, own in (("same class", few.labels == 4), ("other class", few.labels != 4)):
        chosen = rows[rows.group == group].sort_values("filter")
        np.testing.assert_allclose(chosen.importance, lengths[own].mean(axis=0), rtol=1e-5)
        assert set(chosen.images) == {own.sum()}


def test_what_is_measured_are_the_test_images_of_the_digit(studied):
    net, _, test, _, removed = studied
    whole = removed[(removed.order == removal.LEAST_FIRST) & (removed.removed == 0)]
    for digit in range(10):
        rows = whole[(whole.unit == digit) & (whole.method == "l2")].set_index("measure")
        scores = ablation.scores(net, test.of(digit), layer="conv1", removed=[[]])[0]
        assert rows.value["error"] == pytest.approx(
            (scores.argmax(axis=1) != digit).mean(), abs=1e-6
        )
        assert rows.images["error"] == len(test.of(digit))


def test_the_orders_are_told_apart_by_the_error(studied):
    """Half of the filters gone: the least important ones do no harm, the most important all."""
    rows = removal.pooled(studied[-1])
    half = rows[(rows.measure == "error") & (rows.removed == 8)].set_index("order").value
    assert half[removal.LEAST_FIRST].max() < 0.06
    assert half[removal.MOST_FIRST].min() > 0.5
    between = half[removal.RANDOM].mean()
    assert half[removal.LEAST_FIRST].max() < between < half[removal.MOST_FIRST].min()


def test_the_classifier_is_left_as_it_was(studied):
    net, train, *_ = studied
    again = training.train(train.images, train.labels)
    for name, tensor in net.model.state_dict().items():
        np.testing.assert_array_equal(tensor, again.state_dict()[name])
