"""The table of best classes says what the scores say."""

import numpy as np
import pytest
from scipy.special import softmax

from cnnvis import predictions
from cnnvis.errors import CnnvisError, ConfigError

SCORES = np.array([[0.0, 5.0, 1.0, 5.0], [2.0, -1.0, 800.0, 0.5]])


def test_probabilities_are_the_softmax():
    np.testing.assert_allclose(predictions.probabilities(SCORES), softmax(SCORES, axis=1))


def test_the_best_classes_come_in_order_and_ties_go_to_the_first():
    assert predictions.best(SCORES, count=3).tolist() == [[1, 3, 2], [2, 0, 3]]


def test_the_table_names_ranks_and_truth():
    names = ["a", "b", "c", "d"]
    table = predictions.table(["x", "y"], [3, None], ["reference", ""], SCORES, names)
    first = table[table.image == "x"]
    assert first["name"].tolist() == ["b", "d", "c", "a"]
    assert first["rank"].tolist() == [1, 2, 3, 4]
    assert first["correct"].tolist() == ["no", "yes", "no", "no"]
    assert table[table.image == "y"]["correct"].tolist() == [""] * 4
    assert float(first["probability"].iloc[0]) == pytest.approx(softmax(SCORES[0])[1], abs=1e-4)


@pytest.mark.parametrize("scores", [[[np.nan, 1.0]], [1.0, 2.0], np.zeros((0, 3))])
def test_scores_that_say_nothing_are_refused(scores):
    with pytest.raises(CnnvisError, match="finite numbers"):
        predictions.probabilities(scores)


def test_targets_are_the_best_classes_of_each_image_or_one_for_all():
    scores = np.array([[0.0, 3.0, 1.0], [5.0, 1.0, 2.0]])
    assert predictions.targets("top1", scores, None).tolist() == [[1], [0]]
    assert predictions.targets("top3", scores, None).tolist() == [[1, 2, 0], [0, 2, 1]]
    assert predictions.targets(2, scores, None).tolist() == [[2], [2]]
    for wanted, said in ((3, "the network has 3"), ("top4", "no 4 best .* has 3 in all")):
        with pytest.raises(ConfigError, match=said):
            predictions.targets(wanted, scores, None)
