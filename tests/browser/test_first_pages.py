"""The page opened first, in a browser: readable, wide and narrow, in light and dark."""

import pytest
from PIL import Image

from browser.conftest import watched
from cnnvis.pages import index
from cnnvis.pages.index import Care, Link, Page, Picture, Prediction, Section

HOSTILE = '</h2><script>document.title="caught"</script> "\' \u202eשלום 🐈 & <b>'


@pytest.fixture
def path(tmp_path):
    Image.new("RGB", (600, 300), (90, 20, 120)).save(tmp_path / "a #1.png")
    page = Page(
        title="What net sees in photos",
        lead="A lead.",
        sections=(
            Section("one", HOSTILE, HOSTILE, (Picture("a #1.png", HOSTILE, HOSTILE),), ()),
            Section("two", "Second", links=(Link("a #1.png", HOSTILE, HOSTILE),)),
        ),
        predictions=(Prediction("net", HOSTILE, "reference", HOSTILE, ((HOSTILE, 0.5),), 0),),
        next_steps=(Link("a #1.png", "The picture"),),
        cautions=(Care("net on photos", (HOSTILE,)),),
        provenance={"torch": "2"},
    )
    index.write(tmp_path / "index.html", page)
    return tmp_path / "index.html"


def test_it_shows_everything_and_executes_nothing(page, path, photograph):
    page.goto(path.as_uri())
    photograph(page)
    assert page.title() == "What net sees in photos"
    text = page.inner_text("main")
    assert text.count('<script>document.title="caught"</script>') == 9
    picture = page.locator("section#one img")
    assert picture.evaluate("image => image.naturalWidth") == 600
    assert picture.get_attribute("alt") == HOSTILE


def test_the_contents_lead_to_their_parts_and_can_be_reached_by_keyboard(page, path):
    page.goto(path.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "What to open next"
    page.get_by_role("navigation").get_by_role("link", name="Second").click()
    assert page.url.endswith("#two")
    page.wait_for_function(
        "document.querySelector('section#two').getBoundingClientRect().top < innerHeight"
    )


def test_pictures_do_not_make_the_page_jump_twice(page, path):
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    before = page.evaluate("document.documentElement.scrollHeight")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollHeight") == before


def test_a_narrow_window_scrolls_one_way(narrow, path, photograph):
    narrow.goto(path.as_uri())
    photograph(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_the_ground(browser, path, photograph, scheme):
    with watched(browser, color_scheme=scheme) as page:
        page.goto(path.as_uri())
        photograph(page)
        ink, ground = page.evaluate(
            """() => ['color', 'backgroundColor'].map(name => {
                const found = getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);
                return found.slice(0, 3);
            })"""
        )
    assert contrast(ink, ground) > 7


def contrast(one, other):
    """Return the contrast ratio of two colours by WCAG 2."""

    def luminance(colour):
        parts = [value / 255 for value in colour]
        linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
