"""The page about explanations, in a browser."""

import pytest
from pages.test_evaluation import results

from cnnvis.pages import evaluation

HOSTILE = '"><script>document.title="caught"</script> \u202eשלום 🐈'


@pytest.fixture
def path(tmp_path):
    results(tmp_path, figures=())
    with (tmp_path / "net/photos/evaluation/refused.tsv").open("a") as file:
        file.write(f"soft\t{HOSTILE}\n")
    written = tmp_path / "evaluation.html"
    evaluation.write(written, evaluation.page(tmp_path, [("net", "photos")]))
    return written


def test_it_says_what_holds_and_what_fails(page, path, photograph):
    page.goto(path.as_uri())
    photograph(page)
    assert page.get_by_role("heading", name="Which explanation can be trusted").is_visible()
    assert page.get_by_role("heading", name="Where backtracking holds").first.is_visible()
    assert page.get_by_role("heading", name="Where backtracking fails").first.is_visible()
    assert page.get_by_role("table").count() > 0


def test_hostile_names_are_shown_and_not_executed(page, path):
    page.goto(path.as_uri())
    assert page.title() != "caught"
    assert "<script>document.title" in page.inner_text("body")


def test_nothing_is_wider_than_a_telephone_but_tables_that_scroll(narrow, path, photograph):
    narrow.goto(path.as_uri())
    photograph(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
