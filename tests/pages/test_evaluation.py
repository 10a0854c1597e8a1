"""The page about explanations: it says what the tables say, and is safe whatever they hold."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from measured_tables import curves, measures, sanity, summary

from cnnvis.errors import CnnvisError, FileError
from cnnvis.metrics.measures import CHANCE
from cnnvis.pages import evaluation, measured

MADE = {
    "deletion": {"backtrack": 0.1, "soft": 0.3, "grad_cam": 0.2, "gradient": 0.3, "edges": 0.05},
    "energy": {"backtrack": 0.5, "grad_cam": 0.5, "gradient": 0.4, "centre": 0.3, CHANCE: 0.2},
}


def write_tables(folder, made=None, refused=()):
    """Write the tables of one study as the workflow does."""
    folder.mkdir(parents=True)
    tables = [measures(*pair, 12, seed) for seed, pair in enumerate((made or MADE).items())]
    checks = [
        sanity("cascade", {"backtrack": [0.9, 0.1], "edges": [1.0, 1.0]}, changes=["3", "0"]),
        sanity("independent", {"backtrack": [0.9, 0.2]}, changes=["3", "0"]),
        sanity("other_classes", {"backtrack": [0.3]}),
    ]
    made = {
        "measures": pd.concat(tables),
        "summary": summary(*tables),
        "sanity": pd.concat(checks),
        "curves": curves(["backtrack"], 2),
        "refused": pd.DataFrame(refused, columns=["method", "reason"]),
    }
    for name, table in made.items():
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False)


def results(tmp_path, network="net", images="photos", figures=evaluation.FIGURES, **options):
    folder = tmp_path / network / images
    write_tables(folder / "evaluation", **options)
    drawn = folder / "figures/evaluation"
    drawn.mkdir(parents=True)
    for name in figures:
        (drawn / f"{name}.png").write_bytes(b"")
    return tmp_path


def scenes(tmp_path, figures=("bars", "cases")):
    write_tables(tmp_path / "scene_classifier/evaluation")
    (tmp_path / "scene_classifier/figures").mkdir()
    for name in figures:
        (tmp_path / f"scene_classifier/figures/{name}.png").write_bytes(b"")
    table = "part\timages\taccuracy\ntrain\t9\t1.0\ntest\t400\t0.9725\n"
    (tmp_path / "scene_classifier/accuracy.tsv").write_text(table)


class Parsed(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self.inside = [], [], []
        self.feed(html)
        assert not self.inside, f"not closed: {self.inside}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        if "style" not in self.inside:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def of(self, tag, attribute):
        return [attrs[attribute] for name, attrs in self.tags if name == tag and attribute in attrs]


def rendered(folder, looks=(("net", "photos"),), **options):
    return Parsed(evaluation.render(evaluation.page(folder, list(looks), **options)))


def test_the_page_says_what_the_tables_say(tmp_path):
    html = rendered(results(tmp_path))
    assert "In 2 comparisons with Grad-CAM, backtracking is better in 1, worse in 0" in html.text
    assert "is better on deletion; not to be told apart on energy on the object." in html.text
    assert "An alarm is raised once" in html.text
    assert "on deletion, edges (" in html.text
    assert "correlate 0.10 with those of the trained network" in html.text
    assert "0 changes the maps of backtracking most" in html.text, "a layer may be called 0"
    assert "correlate 0.30 with those of the class" in html.text


def test_the_page_changes_with_the_numbers(tmp_path):
    worse = {"deletion": {"backtrack": 0.9, "grad_cam": 0.2, "edges": 0.95}}
    html = rendered(results(tmp_path, made=worse))
    assert "better in 0, worse in 1" in html.text
    assert "alarm is raised" not in html.text
    assert "Nothing that was measured speaks for it." not in html.text, "edges is beaten"


def boxes(html):
    """The sentences of the three boxes, by their kind."""
    found = re.findall(r'<div class="said (\w+)">(.*?)</div>', html, re.S)
    return {kind: re.sub(r"<[^>]*>", "", words) for kind, words in found}


def test_failures_are_as_prominent_as_successes(tmp_path):
    text = evaluation.render(evaluation.page(results(tmp_path), [("net", "photos")]))
    found = boxes(text)
    assert list(found) == ["good", "bad", "open"]
    assert "Where backtracking holds" in found["good"]
    assert "is better than Grad-CAM" in found["good"]
    assert "Where backtracking fails" in found["bad"]
    assert "Alarm: on deletion, edges" in found["bad"]
    assert "cannot be told apart" in found["open"]
    lost = {"deletion": {"backtrack": 0.9, "grad_cam": 0.2, "edges": 0.1}}
    other = results(tmp_path / "other", made=lost)
    html = boxes(evaluation.render(evaluation.page(other, [("net", "photos")], method="soft")))
    assert "Nothing that was measured speaks for it." in html["good"]
    assert "Nothing that was measured speaks against it." in html["bad"]


def test_pictures_that_exist_are_shown_with_words_and_others_are_left_out(tmp_path):
    html = rendered(results(tmp_path, figures=["bars", "cases", "cascade"]))
    folder = "net/photos/figures/evaluation"
    shown = [f"{folder}/{name}.png" for name in ("cases", "bars", "cascade")]
    assert html.of("img", "src") == shown
    assert all(words.startswith("net on photos: ") for words in html.of("img", "alt"))
    everything = rendered(results(tmp_path / "all"))
    assert len(everything.of("img", "src")) == len(evaluation.FIGURES) == 7
    assert len(set(everything.of("img", "src"))) == 7
    none = rendered(results(tmp_path / "none", figures=()))
    assert not none.of("img", "src")
    assert "Best and worst" not in none.text
    assert "look at the network at all" not in none.text


def test_tables_that_exist_are_linked_to(tmp_path):
    folder = results(tmp_path)
    (folder / "net/photos/evaluation/curves.tsv").unlink()
    links = rendered(folder).of("a", "href")
    tables = [link for link in links if link.endswith(".tsv")]
    names = ("measures", "summary", "sanity", "refused")
    assert tables == [f"net/photos/evaluation/{name}.tsv" for name in names]
    assert links[0] == "index.html"


def test_all_numbers_stand_in_the_table(tmp_path):
    text = evaluation.render(evaluation.page(results(tmp_path), [("net", "photos")]))
    (table,) = re.findall(r"<table>.*?</table>", text, re.S)
    assert table.count("<tbody>") == 2
    assert table.count('scope="row"') == 7
    assert '<td class="best"><b>' in table
    assert 'aria-label="better than Grad-CAM"' in table
    assert "<td>–</td>" in table
    control = table[table.index('<tr class="control">') :]
    assert "<bdi>backtracking</bdi>" not in control


def test_refused_methods_have_their_reasons(tmp_path):
    why = ("deconvolution", "no nn.ReLU: SiLU at features.0")
    html = rendered(results(tmp_path, refused=[why]))
    assert "Methods that could not be used deconvolution no nn.ReLU: SiLU" in html.text
    none = rendered(results(tmp_path / "none"))
    assert "could not be used" not in none.text


def test_other_walks_have_a_sentence_each(tmp_path):
    html = rendered(results(tmp_path))
    assert "Excitation Backprop against Grad-CAM is worse on deletion." in html.text


def test_scenes_are_on_the_page_where_they_were_measured(tmp_path):
    folder = results(tmp_path)
    assert "scenes" not in rendered(folder).of("section", "id")
    scenes(folder)
    html = rendered(folder)
    assert html.of("section", "id") == ["study-1", "scenes", "limits"]
    assert "The network is right on 97.2 % of 400 scenes" in html.text
    assert "Over 12 scenes, backtracking against Grad-CAM" in html.text
    assert "scene_classifier/figures/cases.png" in html.of("img", "src")
    assert "In 4 comparisons with Grad-CAM" in html.text, "scenes are counted, too"
    (folder / "scene_classifier/accuracy.tsv").unlink()
    assert "The network is right" not in rendered(folder).text
    alone = rendered(folder, looks=[])
    assert alone.of("section", "id") == ["scenes", "limits"]


def test_several_studies_have_parts_of_their_own(tmp_path):
    results(tmp_path, "net", "photos")
    results(tmp_path, "net", "others")
    html = rendered(tmp_path, [("net", "photos"), ("net", "others")])
    assert html.of("section", "id") == ["study-1", "study-2", "limits"]
    anchors = [link for link in html.of("a", "href") if link.startswith("#")]
    assert anchors == ["#study-1", "#study-2", "#limits"]


def test_limits_are_said_and_lead_to_the_documentation(tmp_path):
    folder = results(tmp_path)
    assert "no proof that methods are equal" in rendered(folder).text
    docs = rendered(folder, docs="../docs/explanation/measuring.md")
    assert "../docs/explanation/measuring.md" in docs.of("a", "href")
    with pytest.raises(CnnvisError, match="by relative paths"):
        rendered(folder, docs="https://example.org/measuring")


def test_the_page_loads_nothing_from_a_network(tmp_path):
    text = evaluation.render(evaluation.page(results(tmp_path), [("net", "photos")]))
    assert "http" not in text
    assert "<script" not in text


HOSTILE = [
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "' onerror='x",
    "\u202eslortnoc\u202c שלום",
    "{{ 7 * 7 }}",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_wherever_they_stand(tmp_path, name):
    made = {
        "deletion": {"backtrack": 0.1, "grad_cam": 0.2, name: 0.3, f"soft, {name}": 0.05},
        name: {"backtrack": 0.1, "grad_cam": 0.2},
    }
    folder = name.replace("/", "∕")
    results(tmp_path, folder, made=made, refused=[(name, f"because of {name}")])
    table = sanity("independent", {"backtrack": [0.1, 0.9]}, changes=[name, "conv"])
    table.to_csv(tmp_path / folder / "photos/evaluation/sanity.tsv", sep="\t", index=False)
    html = rendered(tmp_path, [(folder, "photos")])
    tags = {tag for tag, _ in html.tags}
    assert not tags & {"script", "b>"}
    assert not any(key.startswith("on") for _, attrs in html.tags for key in attrs)
    words = html.text
    assert f"because of {name}" in words
    assert f"Excitation Backprop, {name} against Grad-CAM" in words
    assert f"{name} changes the maps of backtracking most" in words
    assert words.count(name) >= 5


def test_a_method_may_be_called_like_a_number_or_a_missing_value(tmp_path):
    made = {"deletion": {"backtrack": 0.1, "grad_cam": 0.2, "nan": 0.3, "NA": 0.4}}
    only = {"deletion": {"007": 0.1, "1e3": 0.2}}
    write_tables(tmp_path / "other", made=only)
    assert measured.read(tmp_path / "other").methods("deletion") == ["007", "1e3"]
    text = evaluation.render(evaluation.page(results(tmp_path, made=made), [("net", "photos")]))
    assert "<bdi>nan</bdi>" in text
    assert "<bdi>NA</bdi>" in text


def test_tables_are_read_as_they_were_written(tmp_path):
    write_tables(tmp_path / "evaluation", refused=[("soft", "no rule")])
    study = measured.read(tmp_path / "evaluation")
    assert study.refused == (("soft", "no rule"),)
    assert set(study.sanity["change"]) >= {"3", "0"}
    assert study.metrics == ("deletion", "energy")
    for name in ("sanity", "refused", "curves"):
        (tmp_path / f"evaluation/{name}.tsv").unlink()
    bare = measured.read(tmp_path / "evaluation")
    assert bare.refused == ()
    assert bare.sanity.empty


@pytest.mark.parametrize("name", ["measures", "summary"])
def test_a_study_without_measures_is_refused(tmp_path, name):
    folder = results(tmp_path)
    (folder / f"net/photos/evaluation/{name}.tsv").unlink()
    with pytest.raises(FileError, match=rf"has a table {name}\.tsv; there is none in"):
        evaluation.page(folder, [("net", "photos")])


def test_the_page_is_written_the_same_twice(tmp_path):
    folder = results(tmp_path)
    for name in ("one", "other"):
        made = evaluation.page(folder, [("net", "photos")])
        evaluation.write(folder / f"{name}.html", made)
    assert (folder / "one.html").read_bytes() == (folder / "other.html").read_bytes()
    assert (folder / "one.html").read_text().startswith("<!doctype html>")
