"""The page of a study names what lies in the results, and nothing that does not."""

import re

import pytest

from cnnvis.errors import FileError
from cnnvis.pages import index, layer_sections, study
from cnnvis.pages.look import Look

TABLE = """image\trole\ttrue_class\ttrue_name\trank\tclass\tname\tscore\tprobability\tcorrect
tom\treference\t285\tEgyptian cat\t1\t281\ttabby\t9.0\t0.6\tno
tom\treference\t285\tEgyptian cat\t2\t285\tEgyptian cat\t8.0\t0.3\tyes
mug\t\t\t\t1\t504\tcoffee mug\t7.0\t0.9\t
"""
WARNING = {
    "backtracks": "image\trank\tlost\ton_object\tblob\ntom\t1\t0.5\t\t\n",
    "detections": "image\trank\toverlap\tcentred_overlap\ntom\t1\t0.9\t0.1\n",
    "class_sensitivity": "image\toverlap\tother_photos\ntom\t0.4\t0.5\n",
    "gradients/conv2/tests": "question\tsmallest_p\nnorms\t0.01\n",
}
LOOK = Look("net", "photos", ("conv1",), ("conv2",), "set", ("conv0",), ("walk",))
PICTURES = {
    "predictions": ["best_classes"],
    "backtracks": ["all_photos"],
    "walk": ["path", "classes", "winners"],
    "objects": ["detections", "proposals"],
    "tracks": ["walk"],
    "through": ["layers"],
    "volumes/conv1": ["stills"],
    "orderings/conv1": ["side_by_side", "slice"],
    "channels/conv1": ["kmeans", "natural"],
    "gradients/conv2": ["by_role_9", "by_role_10", "stills_9", "stills_10"],
    "importance/conv2": ["importance", "ablation"],
}


FILES = (
    *("backtracks.h5", "activations.h5", "gradients/conv2.h5", "volumes/conv1/set/a.hd"),
    *("class_pairs.tsv", "variants.tsv", "proposals.tsv", "recalls.tsv", "tracks/scores.tsv"),
    *("ablation.tsv", "orders/conv1/set/quality.tsv", "figures/tracks/walk.gif"),
    *(f"gradients/conv2/{name}.tsv" for name in layer_sections.TABLES),
    *(f"figures/gradients/conv2/film_{unit}.gif" for unit in (9, 10)),
    *(f"../{name}" for name in ("kernels/conv0/kernels.png", "kernels/conv0.tsv")),
    *("../../orders.html", "../../volumes.html"),
)


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "net/photos"
    drawn = [
        f"figures/{kind}/{name}.{suffix}"
        for kind, names in PICTURES.items()
        for name in names
        for suffix in ("png", "svg")
    ]
    for path in (*FILES, *drawn):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    for name in ("gradients/conv2/volumes", "importance"):
        (folder / name).mkdir()
    for name, text in {"predictions": TABLE, **WARNING}.items():
        (folder / f"{name}.tsv").write_text(text)
    return tmp_path


def test_every_figure_is_on_the_page_with_its_other_format(results):
    index.write(results / "index.html", study.page(results, [LOOK], {"source": "abc"}))
    text = (results / "index.html").read_text()
    for kind, names in PICTURES.items():
        for name in names:
            assert f'src="net/photos/figures/{kind}/{name}.png"' in text
            assert f'href="net/photos/figures/{kind}/{name}.svg"' in text
    assert all(re.findall(r'<img[^>]*alt="([^"]*)"', text))


def test_the_kernels_of_a_network_are_on_the_page_with_their_table(results):
    index.write(results / "index.html", study.page(results, [LOOK], {}))
    text = (results / "index.html").read_text()
    assert 'src="net/kernels/conv0/kernels.png"' in text
    assert 'href="net/kernels/conv0.tsv"' in text


def test_every_inspected_unit_has_its_pictures_in_order(results):
    sections = study.page(results, [LOOK], {}).sections
    (found,) = [section for section in sections if "gradients-conv2" in section.anchor]
    names = [picture.path.rsplit("/", 1)[1] for picture in found.pictures]
    assert names == [
        f"{name}.{suffix}"
        for unit in (9, 10)
        for name, suffix in (
            (f"by_role_{unit}", "png"),
            (f"stills_{unit}", "png"),
            (f"film_{unit}", "gif"),
        )
    ]
    linked = [link.path for link in found.links]
    for name in ("norms.tsv", "cosines.tsv", "roles.tsv", "tests.tsv", "volumes"):
        assert f"net/photos/gradients/conv2/{name}" in linked


def test_the_predictions_say_what_the_table_says(results):
    tom, mug = study.page(results, [LOOK], {}).predictions
    assert (tom.truth, tom.place, tom.verdict) == ("Egyptian cat", 1, "misclassified")
    assert tom.best == (("tabby", 0.6), ("Egyptian cat", 0.3))
    assert (mug.place, mug.verdict) == (None, "no label")


def test_a_figure_that_is_missing_is_named(results):
    (results / "net/photos/figures/volumes/conv1/stills.png").unlink()
    with pytest.raises(FileError, match="stills"):
        index.write(results / "index.html", study.page(results, [LOOK], {}))
    assert not (results / "index.html").exists()


def test_a_layer_that_lost_no_filters_has_no_curves(results):
    for suffix in ("png", "svg"):
        (results / f"net/photos/figures/importance/conv2/ablation.{suffix}").unlink()
    index.write(results / "index.html", study.page(results, [LOOK], {}))
    text = (results / "index.html").read_text()
    assert "importance/conv2/importance.png" in text
    assert "importance/conv2/ablation.png" not in text


def test_of_the_walk_there_is_what_was_drawn(results):
    """Without fully connected layers there is no figure of k; nothing need be compared at all."""
    text = page_text(results)
    assert "walk/k.png" not in text
    assert 'href="net/photos/variants.tsv"' in text
    for name in ("path", "winners"):
        for file in (results / "net/photos/figures/walk").glob(f"{name}.*"):
            file.unlink()
    text = page_text(results)
    assert "walk/classes.png" in text
    assert "walk/winners.png" not in text
    assert "variants.tsv" not in text
    assert 'href="net/photos/class_sensitivity.tsv"' in text


def page_text(results):
    index.write(results / "index.html", study.page(results, [LOOK], {}))
    return (results / "index.html").read_text()


def test_the_classifier_of_digits_is_on_the_page_where_it_was_studied(results):
    for layer in ("conv1", "conv2"):
        for name in ("importance", "ablation"):
            file = results / f"digit_classifier/figures/{layer}/{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    for name in ("ablation.tsv", "accuracy.tsv"):
        (results / "digit_classifier" / name).touch()
    index.write(results / "index.html", study.page(results, [LOOK], {}, digits=True))
    text = (results / "index.html").read_text()
    for layer in ("conv1", "conv2"):
        for name in ("importance", "ablation"):
            assert f'src="digit_classifier/figures/{layer}/{name}.png"' in text
    assert 'href="digit_classifier/ablation.tsv"' in text
    index.write(results / "index.html", study.page(results, [LOOK], {}))
    assert "digit_classifier" not in (results / "index.html").read_text()


def test_a_sequence_has_its_stills_and_its_film(results):
    sections = study.page(results, [LOOK], {}).sections
    (found,) = [section for section in sections if section.anchor.endswith("-tracks")]
    names = [picture.path.rsplit("/", 1)[1] for picture in found.pictures]
    assert names == ["walk.png", "walk.gif"]
    assert [*found.pictures[0].others] == ["SVG"]
    without = Look("net", "photos", ("conv1",), ("conv2",), "set")
    anchors = [section.anchor for section in study.page(results, [without], {}).sections]
    assert "net-photos-objects" in anchors
    assert "net-photos-tracks" not in anchors


def test_what_to_keep_in_mind_stands_before_the_pictures(results):
    page = study.page(results, [LOOK], {})
    (care,) = page.cautions
    assert care.where == "net on photos"
    wrong, unlabelled, lost, few = care.sentences
    assert wrong.startswith("1 of 1 images are misclassified: tom")
    assert unlabelled.startswith("1 images have no class")
    assert "50% of the weight" in lost or "at most 50%" in lost
    assert few.startswith("Roles have few images (1 reference)")
    text = page_text(results)
    assert text.index("Read with care") < text.index("what it says")


def test_the_explorer_is_what_to_open_first_where_there_is_one(results):
    assert study.page(results, [LOOK], {}, explored=True).next_steps[0] == study.EXPLORER
    with pytest.raises(FileError, match="explorer"):
        index.write(results / "index.html", study.page(results, [LOOK], {}, explored=True))
    (results / "explorer").mkdir()
    (results / "explorer/index.html").touch()
    index.write(results / "index.html", study.page(results, [LOOK], {}, explored=True))
    assert 'href="explorer/index.html"' in (results / "index.html").read_text()
    assert "explorer" not in page_text(results)


def left_out(tmp_path, count):
    rows = "".join(f"p{n}\t<b>.png\tp{n}.png cannot be decoded: <b>\n" for n in range(count))
    table = tmp_path / "mine.left_out.tsv"
    table.write_text("image\tsource\treason\n" + rows)
    return table


def test_images_that_were_left_out_are_listed_first(results, tmp_path):
    table = left_out(tmp_path, 2)
    page = study.page(results, [LOOK], {}, left_out={"photos": table})
    first = page.cautions[0]
    assert first.where == "Images left out of photos"
    assert first.sentences == (
        "2 images could not be used; no figure and no number is about them.",
        "p0: p0.png cannot be decoded: <b>",
        "p1: p1.png cannot be decoded: <b>",
    )
    text = index.render(page)
    assert "p1.png cannot be decoded: &lt;b&gt;" in text


def test_of_many_images_left_out_some_are_listed(results, tmp_path):
    table = left_out(tmp_path, 23)
    (first, *_) = study.page(results, [LOOK], {}, left_out={"photos": table}).cautions
    assert len(first.sentences) == 1 + 20 + 1
    assert first.sentences[-1] == f"3 more: {table}"


def test_where_nothing_was_left_out_nothing_is_said(results, tmp_path):
    table = left_out(tmp_path, 0)
    page = study.page(results, [LOOK], {}, left_out={"photos": table})
    assert not [care for care in page.cautions if "left out" in care.where]
