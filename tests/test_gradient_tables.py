"""Tables of gradients by role, against their definitions."""

import numpy as np
import pandas as pd
import pytest

from cnnvis import contrasts, gradient_tables
from cnnvis.errors import CnnvisError

IDS = ["one", "two", "three", "four", "five"]
ROLES = ["ref", "ref", "ref", "other", "other"]
CORRECT = [True, True, False, None, None]


def some(seed=0):
    return np.random.default_rng(seed).normal(size=(5, 4, 2, 3, 2)).astype(np.float32)


def made(values=None):
    return gradient_tables.tables(some() if values is None else values, IDS, ROLES, CORRECT)


def close(value):
    return pytest.approx(value, rel=2e-5)


def test_norms_are_those_of_whole_gradients():
    norms = made()["norms"]
    assert norms.columns.tolist() == ["image", "role", "state", "norm"]
    assert norms.state.tolist() == ["correct"] * 2 + ["misclassified"] + ["no label"] * 2
    expected = [np.sqrt((one.astype(float) ** 2).sum()) for one in some()]
    assert norms.norm.tolist() == close(expected)


def test_cosines_are_of_every_pair_once():
    cosines = made()["cosines"]
    assert len(cosines) == 10
    flat = some().reshape(5, -1).astype(float)
    for row in cosines.itertuples():
        a, b = flat[IDS.index(row.image)], flat[IDS.index(row.other)]
        assert row.cosine == close(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        assert row.role == ROLES[IDS.index(row.image)]
        assert row.other_role == ROLES[IDS.index(row.other)]


def test_roles_have_their_mean_its_interval_and_their_number():
    found = made()
    roles, norms = found["roles"].set_index(["role", "state"]), found["norms"].norm.to_numpy()
    assert roles.index.tolist() == [
        ("ref", "correct"),
        ("ref", "misclassified"),
        ("other", "no label"),
    ]
    assert roles.images.tolist() == [2, 1, 2]
    two = roles.loc[("other", "no label")]
    assert two.mean_norm == close(norms[3:].mean())
    assert (two.low, two.high) == close(contrasts.interval(norms[3:]))
    cosines = found["cosines"].set_index(["image", "other"]).cosine
    assert two.cosine_within == close(cosines["four", "five"])
    assert roles.loc[("ref", "misclassified"), ["low", "high", "cosine_within"]].isna().all()


def test_tests_ask_for_the_cosines_and_for_the_norms_of_each_other_role():
    tests = made()["tests"].set_index("question")
    assert tests.index.tolist() == [
        "cosine within roles minus between roles",
        "mean norm of ref apart from other",
    ]
    norms = made()["norms"].norm
    assert tests.value.iloc[1] == pytest.approx(abs(norms[:3].mean() - norms[3:].mean()), rel=1e-4)
    assert tests[["images", "ways"]].to_numpy().tolist() == [[5, 10], [5, 10]]
    assert tests.every.tolist() == ["yes", "yes"]
    assert tests.words.str.contains("too few images").all()


def test_an_image_for_each_role_is_asked_for_norms_alone():
    found = gradient_tables.questions(np.array([1.0, 2.0]), np.eye(2), ["a", "b"])
    assert [row["question"] for row in found] == ["mean norm of a apart from b"]
    assert gradient_tables.questions(np.array([1.0, 2.0]), np.eye(2), ["a", "a"]) == []


def test_numbers_are_rounded_to_digits_and_not_to_places():
    small = made(some() * np.float32(1e-12))
    assert (small["norms"].norm > 0).all()
    assert small["norms"].norm.tolist() == close((made()["norms"].norm * 1e-12).tolist())
    text = made()["norms"].to_csv(sep="\t", index=False)
    assert max(len(line.rsplit("\t", 1)[1]) for line in text.splitlines()[1:]) <= 7


def test_units_follow_one_another():
    one, two = made(), made(some(1))
    joined = gradient_tables.joined({(7, "bee"): one, (3, "ant"): two})
    assert list(joined) == ["norms", "cosines", "roles", "tests"]
    for name, table in joined.items():
        assert table.columns[:2].tolist() == ["unit", "unit_name"]
        half = len(table) // 2
        assert table.unit.tolist() == [7] * half + [3] * half
        pd.testing.assert_frame_equal(table.iloc[:half, 2:], one[name])


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(CnnvisError, match="4 ids, 5 roles and 5 states"):
        gradient_tables.tables(some(), IDS[:4], ROLES, CORRECT)
