"""Sentences about measures: they follow the numbers, and say worse as plainly as better."""

import numpy as np
import pandas as pd
import pytest
from measured_tables import measures, summary

from cnnvis import comparisons
from cnnvis.metrics.measures import CENTRED_BOX, CHANCE
from cnnvis.pages import verdicts
from cnnvis.pages.measured import SANITY, Study
from cnnvis.pages.verdicts import BAD, GOOD, OPEN

MADE = {
    "deletion": {"backtrack": 0.1, "grad_cam": 0.2, "centre": 0.4, "edges": 0.5, "random": 0.6},
    "insertion": {"backtrack": 0.4, "grad_cam": 0.6, "centre": 0.3, "edges": 0.2, "random": 0.1},
    "energy": {"backtrack": 0.5, "grad_cam": 0.5, "centre": 0.2, CHANCE: 0.1},
    "gini": {"backtrack": 0.9, "grad_cam": 0.1, "centre": 0.2},
}


def study(made=None, photos=12, references=("grad_cam", "centre"), unit="photo"):
    tables = [
        measures(metric, methods, photos, seed)
        for seed, (metric, methods) in enumerate((made or MADE).items())
    ]
    empty = pd.DataFrame(columns=list(SANITY))
    means = summary(*tables, references=references)
    return Study(means, pd.concat(tables), empty, unit=unit)


def one(metric, methods, photos=12, **options):
    return study({metric: methods}, photos, **options)


def spread(metric, apart, photos=12, seed=0):
    """Backtracking and Grad-CAM, apart by so much and a spread of 0.1 on each photo."""
    made = measures(metric, {"backtrack": 0.5, "grad_cam": 0.5}, photos)
    random = np.random.default_rng(seed).normal(size=photos)
    random = (random - random.mean()) / (random.std(ddof=1) if photos > 1 else 1)
    own = made.method == "backtrack"
    other = made.loc[~own, "value"].to_numpy()
    made.loc[own, "value"] = other + apart + 0.1 * random
    return Study(summary(made), made, pd.DataFrame(columns=list(SANITY)))


def said(found):
    return [(sentence.tone, sentence.words) for sentence in found]


@pytest.mark.parametrize(
    ("metric", "apart", "tone", "word"),
    [
        ("deletion", -0.2, GOOD, "better"),
        ("deletion", 0.2, BAD, "worse"),
        ("insertion", 0.2, GOOD, "better"),
        ("insertion", -0.2, BAD, "worse"),
    ],
)
def test_better_and_worse_are_said_alike(metric, apart, tone, word):
    (found,) = verdicts.against(spread(metric, apart), "backtrack", "grad_cam")
    sign = "−" if apart < 0 else ""
    assert found.tone == tone
    assert found.words.startswith(f"On {metric}, backtracking (")
    assert f") is {word} than Grad-CAM (" in found.words
    assert f"the difference of {sign}0.200 [" in found.words
    assert found.words.endswith("over 12 photos is beyond two standard errors.")


def test_what_cannot_be_told_is_said_with_what_would_have_been_found():
    made = spread("deletion", -0.04)
    (found,) = verdicts.against(made, "backtrack", "grad_cam")
    row = made.summary[made.summary.method == "backtrack"].iloc[0]
    low, high, would = (
        f"{row[f'minus_grad_cam_{name}']:.3f}".replace("-", "−")
        for name in ("low", "high", "detectable")
    )
    assert found.tone == OPEN
    assert found.words == (
        f"On deletion, backtracking ({row['mean']:.3f}) and Grad-CAM ({row['mean'] + 0.04:.3f}) "
        f"cannot be told apart: the difference of −0.040 [{low}, {high}] over 12 photos is within "
        f"two standard errors; one of {would} would have been found."
    )


def test_two_standard_errors_part_the_verdicts():
    edge = 2 * 0.1 / np.sqrt(12)
    inside = verdicts.against(spread("energy", edge - 0.001), "backtrack", "grad_cam")
    beyond = verdicts.against(spread("energy", edge + 0.001), "backtrack", "grad_cam")
    assert [one.tone for one in (*inside, *beyond)] == [OPEN, GOOD]


def test_few_photos_are_called_few_and_one_shows_nothing():
    (few,) = verdicts.against(spread("energy", 0.9, photos=4), "backtrack", "grad_cam")
    assert few.words.endswith("So few photos are no safe ground.")
    (enough,) = verdicts.against(spread("energy", 0.9, photos=5), "backtrack", "grad_cam")
    assert "So few" not in enough.words
    single = study(photos=1)
    assert not list(verdicts.measures(single, "backtrack", "grad_cam"))
    words = verdicts.overall(single, "backtrack")
    assert words == "Measured on a single photo: an illustration, from which nothing follows."


def test_nothing_is_said_of_what_was_not_compared():
    alone = one("deletion", {"backtrack": 0.1, "centre": 0.4})
    assert not list(verdicts.against(alone, "backtrack", "grad_cam"))
    assert verdicts.overall(alone, "backtrack") == ""
    assert verdicts.over_all([alone], "backtrack") == ""
    assert verdicts.overall(study(), "grad_cam") == ""
    assert verdicts.over_all([study()], "grad_cam") == ""
    assert not list(verdicts.against(study(), "grad_cam", "grad_cam"))
    assert not list(verdicts.chance(alone, "backtrack"))
    assert not list(verdicts.controls(one("deletion", {"backtrack": 0.1}), "backtrack"))


def test_overall_lists_metrics_by_verdict_and_counts_comparisons():
    made = MADE | {"gini": {"backtrack": 0.9, "grad_cam": 0.1, "centre": 0.2}}
    words = verdicts.overall(study(made), "backtrack")
    assert words == (
        "Over 12 photos, backtracking against Grad-CAM is better on deletion; worse on insertion; "
        "not to be told apart on energy on the object."
    )
    many = {
        metric: {"backtrack": 0.9, "grad_cam": 0.1}
        for metric in ("insertion", "lerf", "road_lerf", "energy", "max_box_accuracy")
    }
    words = verdicts.overall(study(many), "backtrack")
    assert "insertion, LeRF, ROAD (LeRF), energy on the object and box right (mean of" in words
    assert words.endswith(
        "These are 5 comparisons; of twenty between equals, one is expected to look like a "
        "difference."
    )


def test_over_all_studies_comparisons_are_counted():
    words = verdicts.over_all([study(), study()], "backtrack")
    assert words == (
        "In 6 comparisons with Grad-CAM, backtracking is better in 2, worse in 2, and not to be "
        "told apart in 2."
    )
    single = verdicts.over_all([one("deletion", MADE["deletion"])], "backtrack")
    assert single.startswith("In 1 comparison with Grad-CAM")


def test_controls_that_are_beaten_are_named_once_for_all_metrics():
    found = said(verdicts.controls(study(), "backtrack"))
    assert found == [
        (
            GOOD,
            "On deletion and insertion, backtracking is better than centre, edges and random, "
            "which never look at the network.",
        ),
        (
            GOOD,
            "On energy on the object, backtracking is better than centre, which never looks at the "
            "network.",
        ),
    ]


def test_a_control_that_does_better_or_as_well_raises_an_alarm():
    made = {"backtrack": 0.4, "grad_cam": 0.2, "centre": 0.395, "edges": 0.1, "random": 0.6}
    (found,) = verdicts.controls(one("deletion", made), "backtrack")
    assert found.tone == BAD
    values = {
        name: f"({value:.3f})"
        for name, value in one("deletion", made).summary.set_index("method")["mean"].items()
    }
    assert found.words == (
        f"Alarm: on deletion, edges {values['edges']} does better than backtracking "
        f"{values['backtrack']}, and centre {values['centre']} cannot be told from it, though they "
        "never look at the network."
    )
    (single,) = verdicts.controls(one("energy", {"backtrack": 0.4, "random": 0.9}), "backtrack")
    assert single.words.endswith("though it never looks at the network.")
    assert ") does better than backtracking (" in single.words
    (both,) = verdicts.controls(
        one("energy", {"backtrack": 0.4, "random": 0.9, CENTRED_BOX: 0.8}), "backtrack"
    )
    assert "box in the middle (" in both.words
    assert ") do better than backtracking (" in both.words


def test_differences_to_other_controls_are_taken_from_the_measures():
    made = one("deletion", MADE["deletion"])
    assert "minus_edges" not in made.summary
    found = made.difference("deletion", "backtrack", "edges")
    table = made.measures.pivot(index="photo", columns="method", values="value")
    each = table["backtrack"] - table["edges"]
    assert found.value == pytest.approx(each.mean())
    assert found.verdict == comparisons.BETTER
    assert found.photos == 12
    other = measures("deletion", {"edges": 0.5}).assign(image="elsewhere", photo="elsewhere")
    apart = pd.concat([made.measures[made.measures.method != "edges"], other.head(1)])
    assert (
        Study(made.summary, apart, made.sanity).difference("deletion", "backtrack", "edges") is None
    )


@pytest.mark.parametrize(
    ("reached", "tone", "words"),
    [
        (0.9, GOOD, "Backtracking is better than chance on energy on the object ("),
        (0.505, BAD, "Alarm: backtracking is no better than chance on energy on the object ("),
        (0.1, BAD, "Alarm: backtracking is worse than chance on energy on the object ("),
    ],
)
def test_chance_is_beaten_or_an_alarm_is_raised(reached, tone, words):
    (found,) = verdicts.chance(one("energy", {"backtrack": reached, CHANCE: 0.5}), "backtrack")
    assert found.tone == tone
    assert found.words.startswith(words)
    assert " against 0.5" in found.words


def test_chance_is_no_control():
    assert not list(verdicts.controls(one("energy", {"backtrack": 0.1, CHANCE: 0.5}), "backtrack"))


def test_ranks_count_halves_and_name_the_ends():
    made = study(
        {
            "deletion": {"backtrack": 0.1, "grad_cam": 0.2, "gradient": 0.3, "edges": 0.0},
            "insertion": {"backtrack": 0.1, "grad_cam": 0.2, "gradient": 0.3},
            "energy": {"backtrack": 0.2, "grad_cam": 0.3, "gradient": 0.1},
            "pointing": {"backtrack": 0.2, "centre": 0.1},
        }
    )
    assert verdicts.ranks(made, "backtrack") == (
        "Among methods that look at the network, by their means alone, backtracking is in the "
        "better half on 1 of 3 metrics: first on deletion; last on insertion."
    )
    assert verdicts.ranks(made, "soft") == ""


def test_a_metric_without_a_good_end_is_never_judged():
    words = " ".join(text for _, text in said(verdicts.measures(study(), "backtrack")))
    assert "Gini" not in words
    assert "Gini" not in verdicts.overall(study(), "backtrack")
    assert "metrics" in verdicts.ranks(study(), "backtrack")


def test_scenes_are_counted_as_scenes():
    words = verdicts.overall(study(unit="scene"), "backtrack")
    assert words.startswith("Over 12 scenes")


def test_the_classifier_is_right_on_what_it_was_not_trained_on():
    words = verdicts.classifier([("train", 10, 1.0), ("test", 400, 0.9725)])
    assert words == "The network is right on 97.2 % of 400 scenes that it was not trained on."
    assert (
        verdicts.classifier([("all", 9, 0.5)])
        == "The network is right on 50.0 % of 9 scenes (all)."
    )
    assert verdicts.classifier([]) == ""


def test_sentences_of_one_tone():
    found = [verdicts.Said(GOOD, "a"), verdicts.Said(BAD, "b"), verdicts.Said(GOOD, "c")]
    assert verdicts.of_tone(found, GOOD) == ("a", "c")
