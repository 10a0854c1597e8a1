"""The explorer in a browser: every control changes what it says, and addresses say all of it."""

import re

import explorer_files
import pytest

from browser.conftest import watched

CONV = explorer_files.layer("conv", 8, 16, convolution="conv1")
DEEP = explorer_files.layer("deep", 64, 8, signed=True, op="Conv2d")
PIXELS = {
    "grid": "#grid-a canvas",
    "map": "#map-a canvas",
    "photo": "#photo-a canvas",
    "second grid": "#grid-b canvas",
    "second map": "#map-b canvas",
    "second photo": "#photo-b canvas",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Two networks and two sets of images."""
    root = tmp_path_factory.mktemp("explorer")
    explorer_files.write_study(root, ids=("cat", "mug", "goose"), layers=[CONV, DEEP])
    explorer_files.write_study(root, ids=("dog",), layers=[CONV], images="more")
    explorer_files.write_study(root, ids=("cat", "mug"), layers=[DEEP], network="other")
    return explorer_files.write_site(
        root, [("net", "photos"), ("net", "more"), ("other", "photos")]
    )


def settled(page):
    """Wait until everything that the address asks for is shown."""
    page.wait_for_function("document.documentElement.dataset.ready === location.hash")


def opened(page, address, place="#net/photos/conv/2/cat/natural"):
    page.goto("about:blank")  # the same page with another address would not load anew
    page.goto(address + place)
    settled(page)
    return page


def painted(page, part):
    """The pixels of a canvas, as text."""
    return page.evaluate(
        """async (what) => {
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            return document.querySelector(what).toDataURL();
        }""",
        PIXELS[part],
    )


def still(page):
    """Wait until no tile glides any more."""
    page.wait_for_timeout(800)
    settled(page)


def place_of(page):
    return page.evaluate("location.hash")


def tile(page, channel, grid="a"):
    """The middle of a tile in the window, once it has been scrolled there."""
    return page.evaluate(
        """([channel, name]) => {
            const { grid } = cnnvis.panes[name];
            const [x, y] = grid.corner(grid.place[channel]);
            grid.scroller.scrollTo(0, y - grid.size.tile);
            grid.scroller.scrollIntoView({ block: "nearest" });
            const box = grid.root.getBoundingClientRect();
            return { x: box.left + x + grid.size.tile / 2, y: box.top + y + grid.size.tile / 2 };
        }""",
        [channel, grid],
    )


def click_tile(page, channel, grid="a"):
    at = tile(page, channel, grid)
    page.mouse.click(at["x"], at["y"])
    settled(page)


def say(page, part="#quality"):
    return page.locator(part).inner_text()


# What is seen first


def test_the_first_view_shows_a_backtrack_of_the_best_class(page, address, photograph):
    page.goto(address)
    settled(page)
    photograph(page)
    assert place_of(page) == "#net/photos/conv/0/cat/natural?from=0", "the best order"
    assert "Explorer" in page.inner_text("h1")
    assert page.title() == "conv, channel 0 — cat — cnnvis"
    pressed = page.locator("#photo-a .from [aria-pressed=true]")
    assert pressed.inner_text().startswith("tabby")
    assert "6 pixels" in say(page, "#photo-a .told")


def test_maps_have_the_colours_of_their_values(page, address):
    """Where a hill is known to be, the map is bright; far from it, it is black."""
    opened(page, address)
    row, col = explorer_files.peak(CONV, 0, 2)
    colours = page.evaluate(
        """([row, col]) => {
            const canvas = document.querySelector("#map-a canvas");
            const context = canvas.getContext("2d");
            const side = canvas.width / 16;
            const at = (...place) => {
                const [y, x] = place.map((unit) => (unit + 0.5) * side);
                return [...context.getImageData(x, y, 1, 1).data];
            };
            return [at(row, col), at((row + 8) % 16, (col + 8) % 16)];
        }""",
        [row, col],
    )
    assert sum(colours[0][:3]) > 350
    assert sum(colours[1][:3]) < 30


def test_signed_maps_have_one_colour_above_zero_and_another_below(page, address):
    opened(page, address, "#net/photos/deep/2/cat/natural")
    row, col = explorer_files.peak(DEEP, 0, 2)
    peak, far = page.evaluate(
        """([row, col]) => {
            const canvas = document.querySelector("#map-a canvas");
            const context = canvas.getContext("2d");
            const side = canvas.width / 8;
            const at = (...place) => {
                const [y, x] = place.map((unit) => (unit + 0.5) * side);
                return [...context.getImageData(x, y, 1, 1).data];
            };
            return [at(row, col), at((row + 4) % 8, (col + 4) % 8)];
        }""",
        [row, col],
    )
    assert peak[0] - peak[2] != far[0] - far[2]
    assert (peak[0] > peak[2]) != (far[0] > far[2]), "above and below zero look alike"


# Choices in the bar


def test_network_images_layer_and_order_are_chosen(page, address):
    opened(page, address)
    before = painted(page, "grid")
    page.select_option("#layer", "deep")
    still(page)
    assert place_of(page).startswith("#net/photos/deep/2/cat/natural")
    assert "deep (64)" in page.inner_text("#layer")
    assert (other := painted(page, "grid")) != before
    page.select_option("#order", "optimal_leaf")
    still(page)
    assert place_of(page).startswith("#net/photos/deep/2/cat/optimal_leaf")
    assert painted(page, "grid") != other
    page.select_option("#images", "more")
    settled(page)
    assert place_of(page).startswith("#net/more/conv/2/dog/")
    assert "Not here" in page.inner_text("#notice"), "layer, image and order were replaced"
    page.select_option("#network", "other")
    settled(page)
    assert place_of(page).startswith("#other/photos/deep/2/cat/")
    assert page.locator("#images option").all_inner_texts() == ["photos"]


def test_the_words_beside_an_order_say_how_good_it_is(page, address):
    opened(page, address, "#net/photos/deep/0/cat/natural")
    assert say(page).startswith("natural, as the network numbers them.")
    assert "random orders" in say(page)
    page.select_option("#order", "random")
    settled(page)
    assert say(page).startswith("random, at random: a control. No better than chance: neighbours")
    assert page.locator("#order optgroup").get_attribute("label") == "to compare with"


def test_tiles_glide_from_one_order_to_the_next(page, address):
    opened(page, address, "#net/photos/deep/0/cat/natural")
    before = painted(page, "grid")
    page.select_option("#order", "random")
    settled(page)
    assert page.evaluate("cnnvis.panes.a.grid.started > 0"), "they do not jump there"
    half_way = page.evaluate(
        """() => {
            const { grid } = cnnvis.panes.a;
            grid.started = performance.now() - 325;
            grid.drawn(performance.now());
            const seen = grid.canvas.toDataURL();
            grid.started = performance.now() - 2000;
            return seen;
        }"""
    )
    after = painted(page, "grid")
    assert len({before, half_way, after}) == 3


def test_who_wants_less_motion_sees_no_gliding(browser, address):
    with watched(browser, reduced_motion="reduce") as page:
        opened(page, address, "#net/photos/deep/0/cat/natural")
        page.select_option("#order", "random")
        settled(page)
        assert not page.evaluate("cnnvis.panes.a.grid.started > 0")
        after = painted(page, "grid")
        assert painted(page, "grid") == after


def test_colours_are_chosen(page, address):
    opened(page, address)
    root = painted(page, "map")
    page.select_option("#scale", "linear")
    settled(page)
    assert "scale=linear" in place_of(page)
    linear = painted(page, "map")
    page.check("#own")
    settled(page)
    assert "own=1" in place_of(page)
    assert len({root, linear, painted(page, "map")}) == 3


# The photo


def test_what_is_drawn_on_the_photo_is_chosen(page, address):
    opened(page, address, "#net/photos/conv/2/cat/natural?from=0")
    seen = [painted(page, "photo")]
    for value in ("points", "none"):
        page.check(f'[name="show"][value="{value}"]')
        settled(page)
        assert f"show={value}" in place_of(page)
        seen.append(painted(page, "photo"))
    assert len(set(seen)) == 3
    opened(page, address)
    assert painted(page, "photo") == seen[2], "nothing on it: the plain photo"


def test_classes_and_the_channel_are_walked_back_from(page, address):
    opened(page, address)
    plain = painted(page, "photo")
    buttons = page.locator("#photo-a .from button")
    assert buttons.count() == 5
    buttons.nth(1).click()
    settled(page)
    assert place_of(page).endswith("?from=1")
    cat = painted(page, "photo")
    assert buttons.nth(2).is_disabled(), "two classes were walked back from"
    page.get_by_role("button", name="channel 2 highest unit").click()
    settled(page)
    assert place_of(page).endswith("?from=channel")
    row, col = explorer_files.peak(CONV, 0, 2)
    assert f"From the unit in row {row}, column {col}, of 1.2" in say(page, "#photo-a .told")
    assert len({plain, cat, painted(page, "photo")}) == 3
    page.get_by_role("button", name="channel 2 highest unit").click()
    settled(page)
    assert painted(page, "photo") == plain


def test_a_backtrack_is_shown_layer_by_layer(page, address):
    opened(page, address, "#net/photos/conv/2/cat/natural?from=0")
    pixels = painted(page, "photo")
    assert say(page, "#photo-a .at") == "the pixels"
    slider = page.locator("#photo-a .step")
    slider.focus()
    slider.press("ArrowLeft")
    settled(page)
    assert say(page, "#photo-a .at") == "conv"
    assert slider.get_attribute("aria-valuetext") == "conv"
    assert "1 unit, 100.0 % of the weight" in say(page, "#photo-a .told")
    assert painted(page, "photo") != pixels
    page.locator("#photo-a .through button").click()
    settled(page)
    assert place_of(page).startswith("#net/photos/conv/0/cat/natural"), "it went through channel 0"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(",")
    settled(page)
    assert say(page, "#photo-a .at") == "deep"
    page.keyboard.press(".")
    page.keyboard.press(".")
    settled(page)
    assert say(page, "#photo-a .at") == "the pixels"


def test_images_are_gone_through(page, address):
    opened(page, address)
    seen = [painted(page, "photo")]
    page.get_by_role("button", name="Next image").first.click()
    settled(page)
    seen.append(painted(page, "photo"))
    page.select_option("#photo-a .image", "goose")
    settled(page)
    seen.append(painted(page, "photo"))
    assert place_of(page) == "#net/photos/conv/2/goose/natural"
    assert "misclassified" in say(page, "#photo-a .truth")
    page.get_by_role("button", name="Previous image").first.click()
    settled(page)
    assert painted(page, "photo") == seen[1]
    assert "Truly Egyptian cat" in say(page, "#photo-a .truth")
    assert len(set(seen)) == 3


# The grid


def test_pointing_at_a_tile_shows_its_map_its_kernel_and_its_figures(page, address, photograph):
    opened(page, address)
    chosen = painted(page, "map")
    at = tile(page, 5)
    page.mouse.move(at["x"], at["y"])
    page.wait_for_function("document.querySelector('#map-a .title').textContent === 'channel 5'")
    photograph(page)
    assert painted(page, "map") != chosen
    facts = say(page, "#channel .facts")
    assert re.search(r"maximum\s+1\.5\b", facts)
    assert re.search(r"place in natural\s+6 of 8", facts)
    assert "Filter of conv1: 5 × 5, 3 inputs" in say(page, "#channel .kernel")
    assert page.locator("#channel .weights").is_visible()
    assert page.locator("#channel .alike button").first.get_attribute("data-channel") == "4"
    page.mouse.move(5, 5)
    page.wait_for_function("document.querySelector('#map-a .title').textContent === 'channel 2'")
    assert painted(page, "map") == chosen


def test_a_click_on_a_tile_shows_where_its_highest_unit_comes_from(page, address):
    opened(page, address)
    plain = painted(page, "photo")
    click_tile(page, 6)
    assert place_of(page) == "#net/photos/conv/6/cat/natural?from=channel"
    assert painted(page, "photo") != plain
    assert page.locator("#grid-a [role=gridcell]").get_attribute("data-channel") == "6"


def test_likest_channels_and_best_photos_lead_on(page, address):
    opened(page, address)
    like = page.locator("#channel .alike button").first
    assert like.get_attribute("aria-label") == "channel 3, correlation 1.00"
    like.click()
    settled(page)
    assert place_of(page).startswith("#net/photos/conv/3/cat/")
    assert page.evaluate("document.activeElement.dataset.channel") == "2", "the focus is lost"
    answers = page.locator("#channel .answers button")
    assert answers.count() == 3
    name = answers.nth(2).inner_text()
    answers.nth(2).click()
    settled(page)
    assert f"/{name}/" in place_of(page)


def test_the_map_is_read_unit_by_unit(page, address):
    opened(page, address)
    readout = page.locator("#map-a .readout")
    box = page.locator("#map-a canvas").bounding_box()
    row, col = explorer_files.peak(CONV, 0, 2)
    side = box["width"] / 16
    page.mouse.move(box["x"] + (col + 0.5) * side, box["y"] + (row + 0.5) * side)
    page.wait_for_function(
        "document.querySelector('#map-a .readout').textContent.startsWith('unit')"
    )
    value = re.match(rf"unit \(2, {row}, {col}\): ([\d.]+)\.", readout.inner_text())
    assert float(value[1]) == pytest.approx(1.2, abs=0.01)
    first, last = max(0, 4 * row + 1.5 - 4), min(63, 4 * row + 1.5 + 4)
    assert f"It sees rows {first:g} to {last:g}" in readout.inner_text()
    page.mouse.click(box["x"] + (col + 0.5) * side, box["y"] + (row + 0.5) * side)
    settled(page)
    assert f"unit={row}.{col}" in place_of(page)
    page.locator("#map-a canvas").press("ArrowDown")
    settled(page)
    assert f"unit={row + 1}.{col}" in place_of(page)


def test_pointing_at_the_photo_names_the_unit_that_looks_there(page, address):
    opened(page, address)
    box = page.locator("#photo-a canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.51, box["y"] + box["height"] * 0.26)
    page.wait_for_function(
        "document.querySelector('#map-a .readout').textContent.startsWith('unit')"
    )
    assert "unit (2, 4, 8)" in say(page, "#map-a .readout")
    page.mouse.click(box["x"] + box["width"] * 0.51, box["y"] + box["height"] * 0.26)
    settled(page)
    assert "unit=4.8" in place_of(page)


# Comparing


def test_two_images_are_compared(page, address, photograph):
    opened(page, address, "#net/photos/conv/2/cat/natural?from=0")
    page.get_by_role("button", name="Compare").click()
    settled(page)
    assert "with=mug" in place_of(page)
    photograph(page)
    for part in ("grid", "map", "photo"):
        assert painted(page, part) != painted(page, f"second {part}")
    seen = painted(page, "second photo")
    page.locator("#photo-b .from button").nth(1).click()
    settled(page)
    assert "withfrom=2" in place_of(page)
    assert painted(page, "second photo") != seen
    at = tile(page, 7, "b")
    page.mouse.move(at["x"], at["y"])
    page.wait_for_function("document.querySelector('#map-a .title').textContent === 'channel 7'")
    assert say(page, "#map-b .title") == "channel 7", "both show the channel under the pointer"
    page.get_by_role("button", name="Compare").click()
    settled(page)
    assert not page.locator("#photo-b").is_visible()


def test_two_classes_of_one_image_are_compared(page, address):
    opened(page, address, "#net/photos/conv/2/cat/natural?from=0")
    page.get_by_role("button", name="Compare").click()
    settled(page)
    page.select_option("#photo-b .image", "cat")
    settled(page)
    assert place_of(page).endswith("?from=0&with=cat&withfrom=1")
    assert painted(page, "map") == painted(page, "second map")
    assert painted(page, "photo") != painted(page, "second photo")


# Finding


def test_search_finds_images_classes_layers_orders_and_channels(page, address, photograph):
    opened(page, address)
    field = page.get_by_role("combobox", name="Search for")
    for words, first, then in (
        ("goose", "image", "#net/photos/conv/2/goose/natural"),
        ("coffee", "class", "#net/photos/conv/2/mug/natural?from=2"),
        ("deep 63", "channel", "#net/photos/deep/63/mug/natural"),
        ("random", "order", "#net/photos/deep/63/mug/random"),
        ("other photos", "study", "#other/photos/deep/63/mug/random"),
    ):
        field.fill(words)
        page.locator("#found [role=option]").first.wait_for()
        entry = page.locator(f"#found [role=option]:has-text('{first}')").first
        photograph(page, first)
        assert entry.is_visible()
        entry.click()
        settled(page)
        assert place_of(page).split("?from")[0] == then.split("?from")[0]
        if "from" in then:
            assert then in place_of(page)


def test_search_goes_by_keys_and_says_where_nothing_is_found(page, address):
    opened(page, address)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search for")
    assert field.evaluate("field => field === document.activeElement")
    page.keyboard.type("mu")
    page.locator("#found [role=option]").first.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    marked = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") != marked
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    settled(page)
    assert "/mug/" in place_of(page)
    field.fill("no such thing")
    page.wait_for_function("document.querySelector('#found').textContent.includes('Nothing')")
    page.keyboard.press("Escape")
    assert not page.locator("#found").is_visible()
    assert field.input_value() == ""


# Addresses


@pytest.mark.parametrize(
    "place",
    [
        "#net/photos/conv/7/goose/natural",
        "#net/photos/deep/63/mug/random?from=1&step=conv",
        "#net/photos/deep/5/cat/kmeans?from=channel&unit=3.2&scale=linear&own=1&show=points",
        "#net/photos/conv/1/cat/natural?from=0&with=mug&withfrom=channel",
    ],
)
def test_an_address_shows_the_same_again(page, address, place):
    opened(page, address, place)
    assert place_of(page) == place
    first = {part: painted(page, part) for part in PIXELS}
    opened(page, address, place)
    assert {part: painted(page, part) for part in PIXELS} == first


def test_an_address_of_what_is_not_there_says_so(page, address):
    opened_at = address + "#gone/photos/conv/99/nobody/natural?from=3&unit=90.1"
    page.goto(opened_at)
    settled(page)
    words = page.inner_text("#notice")
    for part in ("network “gone”", "image “nobody”", "channel 99 in conv", "unit 90, 1"):
        assert part in words
    assert place_of(page).startswith("#net/photos/conv/0/cat/natural")
    assert page.locator("#notice").get_attribute("role") == "alert"


def test_back_and_forward_go_through_places(page, address):
    opened(page, address)
    page.select_option("#layer", "deep")
    settled(page)
    page.select_option("#photo-a .image", "mug")
    settled(page)
    page.go_back()
    settled(page)
    assert place_of(page).startswith("#net/photos/deep/2/cat")
    page.go_back()
    settled(page)
    assert place_of(page) == "#net/photos/conv/2/cat/natural"
    page.go_forward()
    settled(page)
    assert place_of(page).startswith("#net/photos/deep/2/cat")
    assert page.locator("#layer").input_value() == "deep"


# Keyboard and screen readers


def test_the_grid_is_walked_by_keys(page, address):
    opened(page, address, "#net/photos/deep/0/cat/natural")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "to-grid"
    page.keyboard.press("Enter")
    cell = page.locator("#grid-a [role=gridcell]")
    assert cell.evaluate("cell => cell === document.activeElement")
    assert cell.get_attribute("aria-label") == "channel 0, place 1 of 64, cluster 1"
    page.keyboard.press("ArrowRight")
    settled(page)
    assert cell.get_attribute("data-channel") == "1"
    columns = int(page.locator("#grid-a [role=grid]").get_attribute("aria-colcount"))
    page.keyboard.press("ArrowDown")
    settled(page)
    assert cell.get_attribute("data-channel") == str(1 + columns)
    assert cell.get_attribute("aria-colindex") == "2"
    page.keyboard.press("End")
    settled(page)
    assert cell.get_attribute("data-channel") == "63"
    page.keyboard.press("Home")
    settled(page)
    assert "/deep/0/" in place_of(page)
    page.wait_for_function(
        "document.querySelector('#said').textContent === 'Channel 0, place 1 in natural'"
    )


def test_keys_do_what_the_help_says(page, address):
    opened(page, address)
    page.evaluate("document.activeElement.blur()")
    for key, expected in (
        ("]", "/mug/"),
        ("[", "/cat/"),
        ("o", "/kmeans"),
        ("O", "/natural"),
        ("l", "/deep/"),
        ("L", "/conv/"),
        ("b", "from=channel"),
        ("c", "with="),
    ):
        page.keyboard.press(key)
        settled(page)
        assert expected in place_of(page), key
    page.keyboard.press("c")
    settled(page)
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="What is what").is_visible()
    listed = page.locator("#help kbd").all_inner_texts()
    assert {"]", "[", "o", "O", "l", "L", "b", "c", "g", "/", ",", ".", "?"} <= {*listed}
    page.get_by_role("checkbox", name="Keys without Ctrl").uncheck()
    page.get_by_role("button", name="Close").click()
    assert not page.locator("#help").is_visible()
    before = place_of(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("]")
    settled(page)
    assert place_of(page) == before, "keys were turned off"
    page.get_by_role("button", name="Help and keys").click()
    assert page.locator("#help").is_visible()


def test_everything_that_is_used_has_a_name(page, address):
    opened(page, address, "#net/photos/conv/2/cat/natural?from=0&with=mug&withfrom=1")
    nameless = page.evaluate(
        """() => {
            const used = "button, select, input, section, [role=application], [role=img]";
            const words = (one) => one.getAttribute("aria-label") || one.textContent.trim();
            return [...document.querySelectorAll(used)]
                .filter((one) => one.checkVisibility() && !words(one) && !one.labels?.length)
                .map((one) => one.outerHTML);
        }"""
    )
    assert nameless == []
    for role, name in (
        ("region", "All channels on the photo"),
        ("region", "All channels on the second photo"),
        ("slider", "Step"),
        ("group", "Walk back from"),
        ("img", "The photo as the network saw it"),
        ("application", "Map of the channel"),
    ):
        assert page.get_by_role(role, name=name).first.is_visible(), name


def test_the_focus_is_seen_and_stays_where_it_was(page, address):
    opened(page, address)
    button = page.locator("#photo-a .from button").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    settled(page)
    assert page.evaluate("document.activeElement.dataset.from") == "1"
    page.keyboard.press("Tab")
    width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(width.removesuffix("px")) >= 2


# Sizes, windows, colours


@pytest.mark.parametrize("channels", [1, 64, 512])
def test_it_holds_few_and_many_channels(page, tmp_path, photograph, channels):
    layer = explorer_files.layer("conv", channels, 16)
    explorer_files.write_study(tmp_path, layers=[layer])
    opened(
        page, explorer_files.write_site(tmp_path), f"#net/photos/conv/{channels - 1}/mug/natural"
    )
    photograph(page)
    box = page.locator("#grid-a [role=gridcell]").bounding_box()
    assert 0 < box["y"] < 800 - box["height"], "the chosen tile is in view"
    under = page.evaluate(
        """({ x, y, width, height }) => {
            const [left, top] = [x + width / 2, y + height / 2];
            const canvas = document.elementFromPoint(left, top);
            const box = canvas.getBoundingClientRect();
            const context = canvas.getContext("2d");
            return context.getImageData(left - box.left, top - box.top, 1, 1).data[3];
        }""",
        box,
    )
    assert under == 255, "and drawn"
    click_tile(page, channels - 1)
    assert f"/{channels - 1}/" in place_of(page)
    assert f"{channels} of {channels}" in say(page, "#channel .facts")
    if channels == 1:
        assert "None" in say(page, "#channel .alike")


def test_a_narrow_window_scrolls_one_way_and_keeps_the_map_at_hand(narrow, address, photograph):
    opened(narrow, address, "#net/photos/deep/2/cat/natural?from=0")
    photograph(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    narrow.locator("#grid-a").scroll_into_view_if_needed()
    narrow.evaluate("scrollTo(0, document.body.scrollHeight)")
    narrow.wait_for_function("document.documentElement.hasAttribute('data-away')")
    photograph(narrow, "away")
    at = tile(narrow, 63)
    narrow.touchscreen.tap(at["x"], at["y"])
    settled(narrow)
    assert "/63/" in place_of(narrow)
    narrow.get_by_role("button", name="Show", exact=True).tap()
    narrow.wait_for_function("document.querySelector('#map-a').getBoundingClientRect().top >= 0")
    narrow.goto("about:blank")
    opened(narrow, address, "#net/photos/deep/2/cat/natural?from=0&with=mug&withfrom=1")
    photograph(narrow, "compared")
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_the_ground(browser, address, photograph, scheme):
    from browser.test_first_pages import contrast

    with watched(browser, color_scheme=scheme) as page:
        opened(page, address, "#net/photos/deep/2/cat/kmeans?from=0")
        photograph(page)
        found = page.evaluate(
            """() => {
                const colour = (one, name) =>
                    getComputedStyle(one)[name].match(/[\\d.]+/g).map(Number);
                const ground = (one) => {
                    const [red, green, blue, seen = 1] = colour(one, "backgroundColor");
                    return seen ? [red, green, blue] : ground(one.parentElement);
                };
                const words = "p, dt, dd, h2, h3, button:enabled, label, li";
                return [...document.querySelectorAll(words)]
                    .filter((one) => one.checkVisibility() && one.textContent.trim())
                    .map((one) => [one.outerHTML, colour(one, "color"), ground(one)]);
            }"""
        )
    assert len(found) > 30
    for html, ink, ground in found:
        assert contrast(ink[:3], ground) >= 4.5, html


def test_nothing_jumps_while_it_loads(page, address):
    opened(page, address, "#net/photos/deep/0/cat/natural?from=0")
    page.evaluate(
        """() => {
            window.moved = 0;
            new PerformanceObserver((list) => {
                for (const shift of list.getEntries()) window.moved += shift.value;
            }).observe({ type: "layout-shift", buffered: true });
        }"""
    )
    for image in ("mug", "goose", "cat"):
        page.select_option("#photo-a .image", image)
        settled(page)
        page.wait_for_timeout(600)
    assert page.evaluate("window.moved") < 0.02


# Names that try to be code

HOSTILE = (
    '</script><script>document.title="caught"</script><img src=x onerror=caught()>'
    "\"' \u202eשלום 🐈 & <b>"
)


def test_hostile_names_are_shown_and_never_executed(page, tmp_path, photograph):
    classes = (HOSTILE, "b" + HOSTILE, "c\u2028\\" + HOSTILE, "</STYLE>")
    explorer_files.write_study(tmp_path, ids=(HOSTILE, "../" + HOSTILE), classes=classes)
    page.goto(explorer_files.write_site(tmp_path))
    settled(page)
    photograph(page)
    assert "caught" not in page.evaluate("document.title.slice(0, 6)")
    assert page.locator("#photo-a .image option").first.inner_text() == HOSTILE
    assert page.locator("#photo-a .truth bdi").first.inner_text() == HOSTILE
    assert HOSTILE in page.locator("#photo-a .from button").first.inner_text()
    assert page.locator("main img, main b:not(#quality b)").count() == 0
    page.get_by_role("button", name="Next image").first.click()
    settled(page)
    place = place_of(page)
    assert "<" not in place
    page.reload()
    settled(page)
    assert place_of(page) == place
    assert page.locator("#photo-a .image").input_value() == "../" + HOSTILE
    page.get_by_role("combobox", name="Search for").fill("caught")
    page.locator("#found [role=option]").first.wait_for()
    photograph(page, "search")
    assert page.locator("#found bdi").first.inner_text() == HOSTILE
    page.goto("about:blank")
    page.goto(
        explorer_files.write_site(tmp_path) + "#" + "%3Cimg%20src=x%20onerror=caught()%3E/" * 5
    )
    settled(page)
    assert "<img src=x" in page.inner_text("#notice")
    assert page.locator("#notice img").count() == 0


# What goes wrong


def test_a_file_that_is_gone_is_named(browser, tmp_path):
    explorer_files.write_study(tmp_path)
    address = explorer_files.write_site(tmp_path)
    (tmp_path / "explorer/data/net/photos/maps/conv/mug.js").unlink()
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + "#net/photos/conv/0/mug")
    page.wait_for_function("!document.querySelector('#notice').hidden")
    assert "data/net/photos/maps/conv/mug.js cannot be read" in page.inner_text("#notice")
    page.select_option("#photo-a .image", "cat")
    settled(page)
    assert page.locator("#notice").is_hidden(), "what is there is shown all the same"
    context.close()


def test_a_network_that_cannot_be_walked_back_says_why(page, tmp_path):
    explorer_files.write_study(tmp_path, refused={"scores": "no rule for <Sort>"})
    address = explorer_files.write_site(tmp_path)
    page.goto(address)
    settled(page)
    assert "from=" not in place_of(page)
    assert page.locator("#photo-a .from button").first.is_disabled()
    assert "no rule for <Sort>" in say(page, "#photo-a")


def test_memory_stays_bounded(page, tmp_path):
    """More is looked at than is kept."""
    ids = [f"photo_{number}" for number in range(6)]
    explorer_files.write_study(tmp_path, ids=ids, layers=[explorer_files.layer("conv", 64, 32)])
    address = explorer_files.write_site(tmp_path)
    opened(page, address, "#net/photos/conv/0/photo_0/natural")
    page.evaluate("cnnvis.data.keep(100000)")
    for id in ids:
        page.select_option("#photo-a .image", id)
        settled(page)
    used = page.evaluate("cnnvis.data.usage()")
    assert used["bytes"] <= 100000 + 64 * 32 * 32 + 20000
    assert used["files"] < 3 * len(ids)
