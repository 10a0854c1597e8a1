"""The default study from end to end, on real weights and photos, and what each change reruns."""

import csv
from contextlib import ExitStack, contextmanager

import pytest

from workflow import runs

pytestmark = pytest.mark.workflow

#: the first page, and its copy for the report
PAGES = {"write_index", "write_alone"}
VOLUME_PAGE = "write_volume_page"
#: the explorer, its copy for the report, and the page that leads to it
SITE = {"write_explorer", "copy_explorer", *PAGES}
EXPLORER = {"export_explorer", *SITE}
DRAWN_FROM_MAPS = {"draw_predictions", "draw_channels", "draw_orderings", "draw_volumes"}
FROM_ORDERS = {
    "write_volumes",
    "draw_channels",
    "draw_orderings",
    "draw_through",
    "draw_volumes",
    VOLUME_PAGE,
    *EXPLORER,
}
OF_PREDICTIONS = {"tabulate_predictions", "draw_predictions", "draw_backtracks", "find_objects"}
FROM_ACTIVATIONS = FROM_ORDERS | {"order_channels", *OF_PREDICTIONS}
FROM_IMPORTANCE = {"remove_filters", "draw_importance", *PAGES}
OF_DIGITS = {"study_digits", "draw_digits"}
DRAWN_FROM_GRADIENTS = {"draw_gradients", "write_gradient_volumes", VOLUME_PAGE}
FROM_GRADIENTS = {"gather_gradients", *DRAWN_FROM_GRADIENTS, *FROM_IMPORTANCE}
WALKS = {"walk_back", "walk_variants", "walk_channels"}
GATHERED = {"gather_backtracks", "gather_objects"}
FROM_WALKS = {"gather_walks", *EXPLORER}
FROM_BACKTRACKS = {*GATHERED, "draw_backtracks", "find_objects", *FROM_WALKS}
FOLLOWED = {"spot_in_frames", "draw_tracks", *PAGES}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A finished run; every test that changes something puts it back.

    Figures are drawn once, as PNG: the second format takes a minute of the processor's time.
    """
    folder = runs.copy_repository(tmp_path_factory.mktemp("default"))
    config = folder / "config.yaml"
    text = config.read_text()
    assert "formats: [png, svg]" in text
    config.write_text(text.replace("formats: [png, svg]", "formats: [png]"))
    runs.snakemake(folder, "--cores", "2")
    return folder


def predictions(study, network):
    with (study / f"results/{network}/photos/predictions.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_weights_are_real(study):
    """No random or wrongly converted network says what these say."""
    for network, right in (("squeezenet1_1", 8), ("efficientnet_lite0", 9)):
        rows = predictions(study, network)
        best = {row["image"]: row["class"] for row in rows if row["rank"] == "1"}
        assert len(best) == 12
        assert 281 <= int(best["chelsea"]) <= 285, "chelsea is a cat"
        assert best["coffee"] == "967"
        assert best["siamese_cat"] == "284"
        correct = [row["image"] for row in rows if row["rank"] == "1" and row["correct"] == "yes"]
        assert len(correct) >= right, f"{network} is right on {correct} only"


def test_a_second_run_has_nothing_to_do(study):
    assert runs.would_run(study) == {}


#: (file, old text, new text, the rules that run again)
CHANGES = {
    "activations": (
        "config.yaml",
        "dtype: float32",
        "dtype: float16",
        {
            "extract",
            "gather_activations",
            *FROM_ACTIVATIONS,
        },
    ),
    "ordering": ("config.yaml", "clusters: 7", "clusters: 6", {"order_channels", *FROM_ORDERS}),
    "gradients": (
        "config.yaml",
        "units: [Egyptian cat]",
        "units: [tabby, Egyptian cat]",
        {
            "differentiate",
            *FROM_GRADIENTS,
        },
    ),
    "roles": (
        "config.yaml",
        "roles: [reference, similar, dissimilar]",
        "roles: [reference, similar]",
        DRAWN_FROM_GRADIENTS | FROM_IMPORTANCE,
    ),
    "ablation": ("config.yaml", "  steps: 4", "  steps: 3", FROM_IMPORTANCE | OF_DIGITS),
    "backtrack": ("config.yaml", "  k: 10", "  k: 5", WALKS | FROM_BACKTRACKS | FOLLOWED),
    "what is compared": (
        "config.yaml",
        "k: [1, 5,",
        "k: [1, 2,",
        {"walk_variants", "draw_backtracks", *PAGES},
    ),
    "saliency": (
        "config.yaml",
        "sigma: 0.05",
        "sigma: 0.09",
        {"draw_backtracks", *FOLLOWED, *EXPLORER},
    ),
    "boxes": (
        "config.yaml",
        "  box: tight",
        "  box: tight\n\nobjects:\n  rivals: 1",
        {"walk_back", *GATHERED, "draw_backtracks", "find_objects", *PAGES},
    ),
    "order of filters": (
        "config.yaml",
        "  units: [Egyptian cat]",
        "  units: [Egyptian cat]\n  order: natural",
        DRAWN_FROM_GRADIENTS | PAGES,
    ),
    "volumes": (
        "config.yaml",
        "dtype: uint8",
        "dtype: float32",
        {"write_volumes", "write_gradient_volumes", *PAGES},
    ),
    "the order through the layers": (
        "config.yaml",
        "through: pca_image",
        "through: natural",
        {"draw_through", *PAGES},
    ),
    "what kernels are called": (
        "cnnvis/kernels.py",
        "FAINT_BELOW = 0.001",
        "FAINT_BELOW = 0.002",
        {"draw_kernels", "draw_channels", "draw_orderings", VOLUME_PAGE, *EXPLORER},
    ),
    "figures": (
        "config.yaml",
        "norm: percentile",
        "norm: global",
        {
            "draw_channels",
            *PAGES,
        },
    ),
    "a module of the arrays": (
        "cnnvis/saliency.py",
        "_CUT = 4",
        "_CUT = 5",
        {"draw_backtracks", "find_objects", *FOLLOWED, *EXPLORER},
    ),
    "a module of one format": (
        "cnnvis/export.py",
        "Luminance",
        "luminance",
        {"write_volumes", "write_gradient_volumes", *PAGES},
    ),
    "a module of torch": (
        "cnnvis/gradients.py",
        "from functools import partial",
        "from functools import partial\nextra = 1",
        {
            "differentiate",
            *FROM_GRADIENTS,
            *OF_DIGITS,
        },
    ),
    "a rule of backtracking": (
        "cnnvis/backtrack/pools.py",
        "Found = Mapping[str, Points]",
        "Found = Mapping[str, Points]\nextra = 1",
        WALKS | FROM_BACKTRACKS | FOLLOWED,
    ),
    "a thin script": (
        "workflow/scripts/draw_orderings.py",
        'side_by_side"',
        'beside"',
        {
            "draw_orderings",
            *PAGES,
        },
    ),
    "the words about orders": (
        "cnnvis/pages/findings.py",
        "NEARLY, PARTLY = 0.9",
        "NEARLY, PARTLY = 0.8",
        EXPLORER,
    ),
    "a template": (
        "cnnvis/pages/templates/index.html",
        "<body",
        "<body data-x",
        {VOLUME_PAGE, *SITE},  # what makes pages from templates knows that of the first page
    ),
    "a script of the explorer": (
        "cnnvis/pages/templates/explorer/grid.js",
        "const GAP = 5",
        "const GAP = 6",
        SITE,
    ),
    "what the explorer walks back from": (
        "config.yaml",
        "tracking:",
        "explorer:\n  units: 2\n\ntracking:",
        {"walk_channels", *FROM_WALKS},
    ),
    "a shader": (
        "cnnvis/pages/templates/volumes/ray.glsl",
        "AMBIENT = 0.35",
        "AMBIENT = 0.3",
        {VOLUME_PAGE, *PAGES},
    ),
    "an entry of the catalogue": (
        "cnnvis/data/networks.yaml",
        "crop: 227",
        "crop: 226",
        {
            "network_weights",
            "draw_kernels",
            "extract",
            "gather_activations",
            "differentiate",
            *WALKS,
            *FROM_ACTIVATIONS,
            *FROM_GRADIENTS,
            *FROM_BACKTRACKS,
            *FOLLOWED,
        },
    ),
    "a photo of the catalogue": (
        "cnnvis/data/image_sets/photos.csv",
        "buckeye,",
        "chestnut,",
        {
            "image_part",
            "image_set",
            "extract",
            "gather_activations",
            "differentiate",
            *WALKS,
            *FROM_ACTIVATIONS,
            *FROM_GRADIENTS,
            *FROM_BACKTRACKS,
            *FOLLOWED,
        },
    ),
}


@contextmanager
def changed(study, file, old, new):
    """One file of the study with another text, and as it was again afterwards."""
    path = study / file
    before = path.read_bytes()
    assert before.count(old.encode()), f"{old!r} is not in {file}"
    try:
        path.write_bytes(before.replace(old.encode(), new.encode(), 1))
        yield
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_reruns_what_depends_on_it_and_no_more(study, name):
    file, old, new, expected = CHANGES[name]
    with changed(study, file, old, new):
        again = runs.would_run(study)
    assert set(again) == set(expected)
    if name == "an entry of the catalogue":  # of one network: the other is left alone
        counts = (again["network_weights"], again["extract"], again["order_channels"])
        assert counts == (1, 1, 3)


#: (file, old text, new text): what changes no result; tried together, for a dry run takes seconds
NEUTRAL = (
    ("cnnvis/files.py", "import hashlib", "import hashlib  # hashes"),
    ("cnnvis/errors.py", '"""What can go wrong', '"""All that can go wrong'),
    (
        "workflow/scripts/extract.py",
        "from cnnvis.workflow import job",
        "# the log\nfrom cnnvis.workflow import job",
    ),
    ("workflow/rules/ordering.smk", "# One job", "# A job"),
    ("cnnvis/data/archives.yaml", "citation: J. Rauber", "citation: Jonas Rauber"),
)


def test_comments_docstrings_time_stamps_and_entries_not_used_rerun_nothing(study):
    (study / "config.yaml").touch()
    with ExitStack() as stack:
        for change in NEUTRAL:
            stack.enter_context(changed(study, *change))
        assert runs.would_run(study) == {}
