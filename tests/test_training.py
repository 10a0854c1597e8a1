"""The classifier of digits learns, and the same seed gives the same weights."""

import numpy as np
import pytest
import torch

from cnnvis import digits, training
from cnnvis.errors import NetworkError


@pytest.fixture(scope="module")
def parts():
    return digits.load()


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_it_reads_digits_that_it_has_not_seen(parts):
    train, test = parts
    model = training.train(train.images, train.labels)
    assert training.accuracy(model, test) > 0.97
    assert not model.training
    # With the labels of other images there is nothing to learn.
    wrong = np.random.default_rng(0).permutation(train.labels)
    assert training.accuracy(training.train(train.images, wrong), test) < 0.4


def test_the_weights_depend_on_the_seed_and_on_no_number_of_threads(parts):
    few = parts[0].first_of_each(20)
    torch.manual_seed(5)
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    one = training.train(few.images, few.labels, epochs=2, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    try:
        torch.set_num_threads(2)
        torch.manual_seed(6)
        assert same(one, training.train(few.images, few.labels, epochs=2, seed=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert not same(one, training.train(few.images, few.labels, epochs=2, seed=2))


def test_the_accuracy_is_the_share_of_right_answers(parts):
    few = parts[1].first_of_each(4)
    model = training.network().eval()
    with torch.no_grad():
        right = [
            int(model(torch.from_numpy(image[None])).argmax()) == label
            for image, label in zip(few.images, few.labels, strict=True)
        ]
    assert training.accuracy(model, few) == sum(right) / 40


def test_what_is_no_digit_is_refused():
    with pytest.raises(NetworkError, match=r"got \(3, 1, 9, 8\) and \(3,\)"):
        training.train(np.zeros((3, 1, 9, 8)), np.zeros(3))
    with pytest.raises(NetworkError, match=r"got \(3, 1, 8, 8\) and \(2,\)"):
        training.train(np.zeros((3, 1, 8, 8)), np.zeros(2))
