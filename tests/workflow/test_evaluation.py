"""`snakemake evaluation` on the tiny study: what comes out, and what a change reruns."""

import h5py
import pytest

from cnnvis import table_file
from workflow import runs

pytestmark = pytest.mark.workflow

OF_PHOTOS = {"explain_photos", "evaluate", "evaluate_mosaics", "sanity"}
AFTER = {"summarise", "draw_evaluation", "write_evaluation"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = runs.evaluated_study(tmp_path_factory.mktemp("evaluated"))
    runs.snakemake(folder, "--cores", "2", "evaluation")
    return folder


def test_the_target_asks_for_every_file_that_is_left(study):
    of_evaluation = [path for path in runs.unasked(study, "evaluation") if "/evaluation" in path]
    assert of_evaluation == []


def tables(study):
    folder = study / "results/digits/digits/evaluation"
    return {path.stem: table_file.read(path) for path in folder.glob("*.tsv")}


def test_everything_comes_out(study):
    found = tables(study)
    measures = found["measures"]
    assert list(measures.columns) == ["image", "photo", "method", "metric", "value"]
    assert set(measures.method) == {
        "backtrack",
        "backtrack, k = 1",
        "grad_cam",
        "gradient",
        "guided_backprop",
        "centre",
    }
    assert set(measures.metric) == {"deletion", "insertion", "gini"}, "no box of a digit is known"
    assert len(measures) == 6 * 6 * 3
    summary = found["summary"].set_index(["metric", "method"])
    assert (summary.photos == 6).all()
    assert summary.loc[("deletion", "grad_cam"), "minus_grad_cam"] == 0
    own = measures[(measures.method == "backtrack") & (measures.metric == "deletion")].value
    assert summary.loc[("deletion", "backtrack"), "mean"] == pytest.approx(own.mean(), abs=1e-6)
    curves = found["curves"]
    assert sorted(set(curves.share)) == [0, 0.5, 1]
    assert set(found["sanity"].check) == {
        "cascade",
        "independent",
        "last",
        "other_classes",
        "stability",
    }
    with h5py.File(study / "results/digits/digits/evaluation/maps.h5") as file:
        assert file["map"].shape == (6, 6, 32, 32)


def test_what_could_not_be_is_said_and_stands_on_the_page(study):
    """A network with random weights recognises too few digits for mosaics."""
    refused = tables(study)["refused"].set_index("method").reason
    assert (
        "different classes at least" in refused["mosaics"]
        or "recognises none" in (refused["mosaics"])
    )
    page = (study / "results/evaluation.html").read_text()
    assert "Which explanation can be trusted" in page
    assert "mosaics" in page


def test_the_figures_are_there(study):
    figures = study / "results/digits/digits/figures/evaluation"
    names = {path.stem for path in figures.glob("*.png")}
    assert names == {
        "bars",
        "curves",
        "cases",
        "cascade",
        "randomisation",
        "classes_and_stability",
    }
    assert {path.stem for path in (study / "results/scene_classifier/figures").glob("*.png")} == {
        "bars",
        "cases",
        "curves",
    }


def test_scenes_have_masks_and_a_network_that_knows_them(study):
    folder = study / "results/scene_classifier"
    assert table_file.read(folder / "accuracy.tsv").accuracy.item() > 0.8
    measures = table_file.read(folder / "evaluation/measures.tsv")
    assert {"energy", "energy_on_others", "pointing"} <= set(measures.metric)
    energy = measures[measures.metric == "energy"].groupby("method").value.mean()
    assert energy["backtrack"] > 2 * energy["chance"]


def test_a_second_run_has_nothing_to_do(study):
    assert runs.would_run(study, "evaluation") == {}


#: (file, old text, new text, the rules that run again)
CHANGES = {
    "steps": (
        "config.yaml",
        "steps: 2\n  mosaics",
        "steps: 3\n  mosaics",
        {"evaluate", "evaluate_scenes"},
    ),
    "mosaics": ("config.yaml", "mosaics: {count: 2}", "mosaics: {count: 3}", {"evaluate_mosaics"}),
    "sanity": ("config.yaml", "stages: 2", "stages: 3", {"sanity"}),
    "a variant": (
        "config.yaml",
        "options: {k: 1}",
        "options: {k: 2}",
        OF_PHOTOS | {"evaluate_scenes"},
    ),
    "the walk": ("config.yaml", "  k: 5", "  k: 4", OF_PHOTOS | {"evaluate_scenes"}),
    "a metric": (
        "cnnvis/metrics/sparseness.py",
        "2 * np.arange(1, count + 1)",
        "2.0 * np.arange(1, count + 1)",
        None,
    ),
    "words of the page": ("cnnvis/pages/verdicts.py", "ALARM = ", "ALARM = extra = ", {}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_reruns_what_depends_on_it_and_no_more(study, name):
    file, old, new, expected = CHANGES[name]
    path = study / file
    before = path.read_text()
    assert old in before
    try:
        path.write_text(before.replace(old, new, 1))
        again = set(runs.would_run(study, "evaluation")) - {"evaluation"}
    finally:
        path.write_text(before)
    if expected is None:
        assert {"evaluate", "evaluate_scenes", "draw_evaluation"} <= again
        assert "train_scenes" not in again
        return
    follow = set()
    if set(expected) & {"evaluate", "evaluate_mosaics", "explain_photos"}:
        follow |= AFTER
    if "sanity" in expected:
        follow |= {"draw_evaluation"}
    if "evaluate_scenes" in expected:
        follow |= {"summarise_scenes", "draw_scenes"}
    assert again == set(expected) | follow | {"write_evaluation", "write_alone"}
