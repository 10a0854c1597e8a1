"""The page of volumes in a browser: what is drawn, what controls change, and who can use it."""

import base64
import io
import json
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image

from browser.conftest import executable, watched
from cnnvis.ordering import Ordering
from cnnvis.pages import volumes
from cnnvis.volume_groups import Group

HOSTILE = '"></script></option><script>document.title="caught"</script> \' \u202eשלום 🐈 &amp; <b>'
SMALL = {"width": 900, "height": 560}
CHANNELS, SIDE = 16, 12

#: A ball of ones in one channel, row and column: where it is seen is known.
BALL = (11, 3, 8)


def order(permutation, method="natural", cluster=None):
    return Ordering(permutation, None, cluster, method, {}, "image")


def maps(channels=CHANNELS, side=SIDE, seed=0, low=0.0):
    """Blobs that overlap in no channel, some of them negative where ``low`` is."""
    random = np.random.default_rng(seed)
    rows, cols = np.mgrid[:side, :side]
    centres = random.uniform(0, side, (channels, 2))
    away = (rows - centres[:, :1, None]) ** 2 + (cols - centres[:, 1:, None]) ** 2
    found = np.exp(-away / (0.03 * side**2 + 0.3))
    found[found < 0.1] = 0
    return found * np.where(np.arange(channels) % 2, 1, -1 if low else 1)[:, None, None]


def ball():
    places = np.mgrid[:CHANNELS, :SIDE, :SIDE].T.reshape(-1, 3)
    near = ((places - BALL) ** 2).sum(axis=1) <= 2
    found = np.zeros((CHANNELS, SIDE, SIDE))
    found[tuple(places[near].T)] = 1
    return found


def of_layer(name="net/photos/conv", block=None, where="net on photos"):
    block = maps() if block is None else block
    channels = len(block)
    numbers = np.arange(channels)
    return Group(
        name,
        "conv: maps of cat",
        {"cat": block},
        {
            "natural": order(numbers),
            "kmeans": order(np.argsort(numbers % 3, kind="stable"), "kmeans", numbers % 3),
            "backwards": order(numbers[::-1], "backwards"),
        },
        tiles=np.random.default_rng(1).uniform(size=(channels, 5, 5, 3)),
        where=where,
    )


def gradients():
    return Group(
        "net/photos/gradients",
        "conv: gradients by role",
        {role: maps(seed=n, side=3, low=-1) for n, role in enumerate(("reference", "similar"))},
        {"natural": order(np.arange(CHANNELS))},
        counted="filter",
        unit="gradient (score per weight)",
        where="net on photos",
    )


def single():
    block = np.array([[[0.0, 1.0], [0.5, 0.2]]])
    return Group("net/photos/one", "one: maps", {"cat": block}, {"natural": order([0])})


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    written = tmp_path_factory.mktemp("page") / "volumes.html"
    planted = Group(
        "net/photos/ball", "ball: maps", {"ball": ball()}, {"natural": order(np.arange(CHANNELS))}
    )
    volumes.write(written, [of_layer(), gradients(), planted, single()])
    return written


def show(page, path, **state):
    """Open the page in a state, and wait until it is whole."""
    page.goto(f"{path.as_uri()}#{urlencode(state)}")
    page.wait_for_function("window.volumePage?.ready", timeout=60_000)
    return page


def state(page):
    return page.evaluate("volumePage.state.values")


def settle(page):
    page.evaluate("volumePage.painter.settled()")


def picture(page, canvas="picture"):
    """Return the pixels (row, col, 3) of a canvas, once it is whole."""
    settle(page)
    address = page.evaluate("name => document.getElementById(name).toDataURL()", canvas)
    data = base64.b64decode(address.split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), int)


def light(pixels):
    """Return how bright a picture is beyond its ground and its frame, which are grey."""
    return float((pixels.max(axis=2) - pixels.min(axis=2) - 40).clip(0).sum())


def differ(one, other):
    return one.shape != other.shape or np.abs(one - other).mean() > 0.05


def slide(page, name, value):
    """Move a slider as its user does."""
    page.locator(f"input[name={name}], #{name}").first.fill(str(value))


def choice(page, name):
    return page.get_by_role("combobox", name=name, exact=True)


@pytest.fixture
def small(browser):
    with watched(browser, viewport=SMALL) as opened:
        yield opened


# What is drawn


def test_a_volume_is_drawn_where_its_voxels_are(small, path, photograph):
    show(small, path, group="net/photos/ball", slice="none")
    photograph(small)
    pixels = picture(small)
    bright = np.argwhere(pixels.max(axis=2) - pixels.min(axis=2) > 60)
    x, y = small.evaluate("place => volumePage.stage.views()[0].camera.project(place)", list(BALL))
    assert np.abs(bright.mean(axis=0) - (y, x)).max() < 6
    assert len(bright) < 0.02 * pixels[..., 0].size


def test_the_first_view_is_that_of_the_still_pictures(small, path):
    from cnnvis.camera import camera

    show(small, path, group="net/photos/ball")
    width, height = small.evaluate("volumePage.stage.size()")
    group = volumes.edges(Group("a", "A", {"a": ball()}, {"o": order(np.arange(CHANNELS))}))
    spacing = tuple(edge / count for edge, count in zip(group, ball().shape, strict=True))
    seen = camera(ball().shape, spacing=spacing, size=(width, height))
    corners = seen.project(seen.corners())
    here = small.evaluate(
        "places => places.map(p => volumePage.stage.views()[0].camera.project(p))",
        [[float(part) for part in place] for place in seen.index(seen.world(seen.corners()))],
    )
    # Both boxes are centred and turned alike; the page leaves a little more room around.
    ours, theirs = np.array(here)[:, ::-1] - np.mean(here, axis=0)[::-1], corners - corners.mean(0)
    scale = np.linalg.norm(theirs) / np.linalg.norm(ours)
    assert 0.8 < scale < 1.3
    assert np.abs(ours * scale - theirs).max() < 0.02 * width


def test_stepping_over_empty_space_changes_no_pixel(small, path):
    show(small, path)
    for mode in ("lit", "maximum", "surface", "average"):
        small.evaluate("mode => volumePage.state.set({ mode })", mode)
        found = []
        for skipping in (True, False):
            small.evaluate("on => { volumePage.renderer.skipping = on; }", skipping)
            small.evaluate("volumePage.painter.measure()")
            found.append(picture(small))
        assert light(found[0]) > 0
        assert np.abs(found[0] - found[1]).max() <= 2, mode


@pytest.mark.parametrize("layout", ["one", "all"])
def test_a_picture_that_was_refined_is_the_one_that_is_drawn_at_once(small, path, layout):
    show(small, path, group="net/photos/gradients", layout=layout, low="0", stretch="4", zoom="9")
    found = []
    for fine in (None, 0):  # unknown: coarse, then band by band; nothing: in full
        small.evaluate("fine => { volumePage.painter.cost.fine = fine; }", fine)
        small.evaluate("volumePage.painter.request()")
        found.append(picture(small))
    assert light(found[0]) > 0
    assert np.abs(found[0] - found[1]).max() == 0


def test_a_maximum_has_the_colour_of_the_greatest_level(small, path):
    show(small, path, group="net/photos/ball", slice="none", mode="maximum", sequential="grey")
    pixels = picture(small)
    assert pixels[..., 0].max() >= 250, "one is white"
    assert np.abs(pixels.max(axis=2) - pixels.min(axis=2)).max() < 45, "grey is grey"


def test_signed_data_are_told_apart_by_colour(small, path):
    show(small, path, group="net/photos/gradients", slice="none", density="5")
    pixels = picture(small)
    red, blue = pixels[..., 0] - pixels[..., 2], pixels[..., 2] - pixels[..., 0]
    assert (red > 60).any()
    assert (blue > 60).any()


def test_a_whole_group_stands_side_by_side_and_turns_together(page, path, photograph):
    show(page, path, layout="all")
    photograph(page)
    views = page.evaluate(
        "volumePage.stage.views().map(({ volume, left, top, width, height }) =>"
        " [volume.title, left, top, width, height])"
    )
    assert [title for title, *_ in views] == ["natural", "kmeans", "backwards"]

    def cut(pixels, view):
        _, left, top, width, height = view
        return pixels[top : top + height, left : left + width]

    before = picture(page)
    page.evaluate("volumePage.state.set({ turn: 40 })")
    after = picture(page)
    for view in views:
        assert light(cut(before, view)) > 0
        assert differ(cut(before, view), cut(after, view))


# What every control changes


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("low", 0.9, lambda before, after: after < 0.7 * before),
        ("high", 0.3, lambda before, after: after > 1.1 * before),
        ("gamma", 4, lambda before, after: after < 0.9 * before),
        ("density", 0, lambda before, after: after == 0),
        ("planesFrom", 0.6, lambda before, after: after < 0.8 * before),
        ("planesTo", 0.4, lambda before, after: after < 0.8 * before),
        ("rowsFrom", 0.6, lambda before, after: after < 0.8 * before),
        ("rowsTo", 0.4, lambda before, after: after < 0.8 * before),
        ("colsFrom", 0.6, lambda before, after: after < 0.8 * before),
        ("colsTo", 0.4, lambda before, after: after < 0.8 * before),
    ],
)
def test_a_slider_changes_what_is_seen_as_it_says(small, path, name, value, expected):
    show(small, path, slice="none")
    before = light(picture(small))
    said = small.locator(f"output[data-of={name}]").inner_text()
    slide(small, name, value)
    after = light(picture(small))
    assert state(small)[name] == value
    assert expected(before, after), (before, after)
    assert small.locator(f"output[data-of={name}]").inner_text() != said


def test_clipping_hides_what_lies_outside_and_nothing_else(small, path):
    show(small, path, group="net/photos/ball", slice="none")
    whole = light(picture(small))
    assert whole > 0
    for keep, drop in (("planesFrom", "planesTo"), ("rowsTo", "rowsFrom"), ("colsFrom", "colsTo")):
        small.evaluate("name => volumePage.state.set({ [name]: 0.5 })", keep)
        assert light(picture(small)) == pytest.approx(whole, rel=0.1), f"{keep} keeps the ball"
        small.get_by_role("button", name="Show all again").click()
        small.evaluate("name => volumePage.state.set({ [name]: 0.5 })", drop)
        assert light(picture(small)) == 0, f"{drop} hides the ball"
        small.get_by_role("button", name="Show all again").click()
    assert light(picture(small)) == whole


def test_modes_colours_and_the_lamp_change_the_picture(small, path):
    show(small, path)
    seen = {}
    for mode in ("lit", "maximum", "surface", "average"):
        choice(small, "as").select_option(mode)
        seen[mode] = picture(small)
        assert state(small)["mode"] == mode
    names = list(seen)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            assert differ(seen[one], seen[other]), (one, other)
    slider = small.locator("input[name=surface]")
    assert not slider.is_visible()
    choice(small, "as").select_option("surface")
    assert slider.is_visible()
    slide(small, "surface", 0.9)
    assert light(picture(small)) < light(seen["surface"])
    choice(small, "as").select_option("lit")
    choice(small, "colours").select_option("viridis")
    assert differ(picture(small), seen["lit"])
    choice(small, "colours").select_option("inferno")
    small.get_by_label("Lamp at the eye").uncheck()
    assert light(picture(small)) > light(seen["lit"]), "without a lamp nothing is in its shade"


def test_signed_groups_offer_signed_colours(small, path):
    show(small, path)
    assert small.locator("select[name=sequential]").is_visible()
    assert not small.locator("select[name=diverging]").is_visible()
    choice(small, "group").select_option("net/photos/gradients")
    before = picture(small)
    small.locator("select[name=diverging]").select_option("blue, black, orange")
    assert differ(picture(small), before)
    assert not small.locator("select[name=sequential]").is_visible()


def test_groups_and_volumes_are_chosen_and_played(small, path):
    show(small, path)
    first = picture(small)
    choice(small, "show").select_option("backwards")
    assert differ(picture(small), first)
    small.get_by_role("button", name="Next").click()
    assert state(small)["volume"] == "natural"
    small.get_by_role("button", name="Previous").click()
    assert state(small)["volume"] == "backwards"
    play = small.locator("#play")
    play.click()
    assert (play.inner_text(), play.get_attribute("aria-pressed")) == ("Stop", "true")
    small.wait_for_function("volumePage.state.get('volume') === 'natural'")
    small.wait_for_function("volumePage.state.get('volume') === 'kmeans'")
    play.click()
    assert (play.inner_text(), play.get_attribute("aria-pressed")) == ("Play", "false")
    stopped = state(small)["volume"]
    small.wait_for_timeout(1200)
    assert state(small)["volume"] == stopped
    choice(small, "group").select_option("net/photos/gradients")
    assert "gradients by role" in small.locator("#shown").inner_text()
    assert small.locator("select[name=volume] option").all_inner_texts() == ["reference", "similar"]
    small.get_by_label("Whole group side by side").check()
    settle(small)
    assert small.evaluate("volumePage.stage.views().length") == 2


def test_playing_ends_where_there_is_only_one_volume(small, path):
    show(small, path)
    small.locator("#play").click()
    choice(small, "group").select_option("net/photos/one")
    assert small.locator("#play").inner_text() == "Play"
    assert small.locator("#play").is_disabled()


def test_the_scrubber_shows_the_map_its_channel_its_cluster_and_its_place(small, path):
    show(small, path, volume="kmeans", slice="outline")
    group = of_layer()
    ordering = group.orders["kmeans"]
    before = picture(small)
    for place in (3, 12):
        slide(small, "position", place)
        channel = int(ordering.permutation[place])
        assert state(small)["channel"] == channel
        words = f"Channel {channel}, cluster {channel % 3}, at position {place} of 0 to 15"
        small.wait_for_function(
            "words => document.getElementById('channel-words').textContent.startsWith(words)",
            arg=words,
        )
        shown = picture(small, "map")
        assert shown.shape == (SIDE, SIDE, 3)
        levels = group.levels("cat")[channel].astype(int)
        # The brighter the level, the brighter inferno.
        assert np.corrcoef(levels.ravel(), shown.sum(axis=2).ravel())[0, 1] > 0.95
        tile = np.rint(group.tiles[channel] * 255)
        assert np.abs(picture(small, "kernel") - tile).max() <= 1
    assert differ(picture(small), before), "the plane is marked elsewhere"
    white = (picture(small) > 240).all(axis=2).sum()
    choice(small, "in the box").select_option("none")
    assert (picture(small) > 240).all(axis=2).sum() < 0.2 * white
    choice(small, "in the box").select_option("picture")
    assert light(picture(small)) > 0


def test_the_map_says_what_is_under_the_pointer(small, path):
    show(small, path, group="net/photos/ball", channel=str(BALL[0]))
    box = small.locator("#map").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    small.mouse.move(left + (BALL[2] + 0.5) * side / SIDE, top + (BALL[1] + 0.5) * side / SIDE)
    assert small.locator("#pointed").inner_text() == "row 3, column 8: 1 or more"
    small.mouse.move(left + 0.5 * side / SIDE, top + 0.5 * side / SIDE)
    assert small.locator("#pointed").inner_text() == "row 0, column 0: 0"


def test_the_window_is_pulled_in_the_histogram(small, path):
    show(small, path)
    small.locator("#histogram").scroll_into_view_if_needed()
    box = small.locator("#histogram").bounding_box()
    small.mouse.move(box["x"] + 0.98 * box["width"], box["y"] + 30)
    small.mouse.down()
    small.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 30)
    small.mouse.up()
    assert state(small)["high"] == pytest.approx(0.5, abs=0.02)
    assert float(small.locator("input[name=high]").input_value()) == state(small)["high"]


def test_the_ends_of_a_range_push_each_other(small, path):
    show(small, path)
    slide(small, "low", 0.8)
    slide(small, "high", 0.3)
    assert state(small)["low"] < state(small)["high"] == 0.3


def test_stretching_makes_the_order_longer(small, path):
    show(small, path, slice="none")

    def shape():
        low, high = small.evaluate(
            "[-0.5, 15.5].map(p => volumePage.stage.views()[0].camera.project([p, 0, 0]))"
        )
        top, bottom = small.evaluate(
            "[-0.5, 11.5].map(r => volumePage.stage.views()[0].camera.project([0, r, 0]))"
        )
        return np.hypot(*np.subtract(high, low)) / np.hypot(*np.subtract(bottom, top))

    before = shape()
    slide(small, "stretch", 2)
    assert 1.5 < shape() / before < 2.5


# Mouse, fingers and keys


def test_the_mouse_turns_moves_and_zooms(small, path):
    show(small, path)
    before, pixels = state(small), picture(small)
    small.mouse.move(300, 300)
    small.mouse.down()
    small.mouse.move(340, 320, steps=4)
    small.mouse.up()
    assert state(small)["turn"] == pytest.approx(before["turn"] - 18)
    assert state(small)["tilt"] == pytest.approx(before["tilt"] + 9)
    assert differ(picture(small), pixels)
    small.keyboard.down("Shift")
    small.mouse.down()
    small.mouse.move(360, 320, steps=4)
    small.mouse.up()
    small.keyboard.up("Shift")
    assert state(small)["panX"] > 0
    small.mouse.wheel(0, -200)
    small.wait_for_function("volumePage.state.get('zoom') > 1.2")
    small.get_by_role("button", name="First view").click()
    assert {name: state(small)[name] for name in before} == before
    assert not differ(picture(small), pixels)


def test_a_click_chooses_a_picture_of_the_group(page, path):
    show(page, path, layout="all")
    left, top = page.evaluate(
        "(({ left, top, width, height }) => [left + width / 2, top + height / 2])"
        "(volumePage.stage.views()[2])"
    )
    box = page.locator("#picture").bounding_box()
    page.mouse.click(box["x"] + left, box["y"] + top)
    assert state(page)["volume"] == "backwards"


def test_two_fingers_zoom(narrow, path):
    show(narrow, path)
    session = narrow.context.new_cdp_session(narrow)
    box = narrow.locator("#picture").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind, apart):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        session.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [] if kind == "touchEnd" else points},
        )

    touch("touchStart", 30)
    for apart in (40, 50, 60):
        touch("touchMove", apart)
    touch("touchEnd", 60)
    narrow.wait_for_function("Math.abs(volumePage.state.get('zoom') - 2) < 0.2")
    before = state(narrow)["turn"]
    session.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    session.send(
        "Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x + 20, "y": y}]}
    )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    narrow.wait_for_function("turn => volumePage.state.get('turn') < turn", arg=before)


def test_keys_do_what_the_list_of_keys_says(small, path):
    show(small, path)
    before = state(small)
    small.locator("#picture").focus()
    press = small.keyboard.press
    press("ArrowRight")
    press("ArrowUp")
    assert state(small)["turn"] == before["turn"] + 5
    assert state(small)["tilt"] == before["tilt"] + 5
    press("Shift+ArrowLeft")
    assert state(small)["panX"] < 0
    press("+")
    assert state(small)["zoom"] > 1
    press("r")
    assert {k: state(small)[k] for k in ("turn", "tilt", "zoom", "panX")} == {
        k: before[k] for k in ("turn", "tilt", "zoom", "panX")
    }
    press(".")
    assert state(small)["channel"] == before["channel"] + 1
    press(",")
    assert state(small)["channel"] == before["channel"]
    press("n")
    assert state(small)["volume"] == "kmeans"
    press("p")
    assert state(small)["volume"] == "natural"
    for key, mode in (("2", "maximum"), ("3", "surface"), ("4", "average"), ("1", "lit")):
        press(key)
        assert state(small)["mode"] == mode
    press("g")
    assert state(small)["layout"] == "all"
    press(" ")
    assert small.locator("#play").inner_text() == "Stop"
    press(" ")
    press("?")
    assert small.get_by_role("dialog", name="Keys, mouse and fingers").is_visible()
    press("n")
    assert state(small)["volume"] == "natural", "the list keeps keys from the page"
    press("Escape")
    assert not small.get_by_role("dialog").is_visible()


def test_keys_leave_lists_alone(small, path):
    show(small, path)
    choice(small, "show").focus()
    small.keyboard.press("n")
    assert state(small)["volume"] == "natural"


def test_everything_can_be_reached_by_keyboard_and_the_focus_is_seen(small, path):
    show(small, path)
    reached = []
    for _ in range(40):
        small.keyboard.press("Tab")
        name, outline = small.evaluate(
            """() => {
                const { id, name, tagName } = document.activeElement;
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                return [id || name || tagName, `${outlineStyle} ${outlineWidth}`];
            }"""
        )
        if name == "BODY":
            break
        reached.append(name)
        assert outline.split()[0] != "none", f"{name} shows no focus"
        assert outline.split()[1] != "0px", f"{name} shows no focus"
    visible = small.evaluate(
        """[...document.querySelectorAll("a, button, input, select, canvas[tabindex]")]
            .filter((one) => one.checkVisibility() && !one.disabled)
            .map((one) => one.id || one.name || one.tagName)"""
    )
    assert reached == visible


def test_everything_has_a_name_for_those_who_do_not_see_it(small, path):
    show(small, path)
    session = small.context.new_cdp_session(small)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    controls = {"button", "combobox", "slider", "checkbox", "link", "image", "application"}
    found = [
        (node["role"]["value"], node["name"]["value"])
        for node in tree
        if not node["ignored"] and node["role"]["value"] in controls
    ]
    assert [role for role, name in found if not name.strip()] == []
    assert ("application", "net on photos, conv: maps of cat: natural") in found
    assert ("image", "Map of channel 8") in found
    assert ("slider", "clear up to") in found
    assert small.locator("#position").get_attribute("aria-valuetext") == "8: channel 8"


# The address


def test_the_address_holds_all_that_is_set(browser, path):
    wanted = {
        "group": "net/photos/gradients", "volume": "similar", "layout": "all", "channel": 3,
        "slice": "picture", "mode": "average", "diverging": "blue, black, orange", "low": 0.2,
        "high": 0.8, "gamma": 0.5, "density": 2, "rowsTo": 0.9, "stretch": 2, "turn": 20,
        "tilt": -10, "zoom": 1.5, "panX": 0.1,
    }  # fmt: skip
    with watched(browser, viewport=SMALL) as page:
        show(page, path)
        page.evaluate("wanted => volumePage.state.set(wanted)", wanted)
        page.wait_for_function("location.hash.includes('zoom=1.5')")
        first, address, before = picture(page), page.url, state(page)
    with watched(browser, viewport=SMALL) as page:
        page.goto(address)
        page.wait_for_function("window.volumePage?.ready")
        assert state(page) == before
        assert {name: state(page)[name] for name in wanted} == wanted
        assert np.abs(picture(page) - first).max() <= 2


def test_an_address_that_is_changed_is_followed(small, path):
    show(small, path)
    small.evaluate("location.hash = 'mode=maximum&turn=10'")
    small.wait_for_function("volumePage.state.get('mode') === 'maximum'")
    assert state(small)["turn"] == 10
    assert choice(small, "as").input_value() == "maximum"


def test_nonsense_in_the_address_is_left_out(small, path):
    show(
        small, path, group="none", volume="x", channel="999", mode="<b>", low="NaN", high="1e9",
        zoom="", nothing="1",
    )  # fmt: skip
    found = state(small)
    assert (found["group"], found["volume"], found["mode"]) == ("net/photos/conv", "natural", "lit")
    assert (found["channel"], found["low"], found["high"], found["zoom"]) == (8, 0.1, 1, 1)


def test_the_picture_is_saved_as_it_is_seen(small, path, tmp_path):
    show(small, path, volume="kmeans")
    with small.expect_download() as download:
        small.get_by_role("button", name="Save PNG").click()
    assert download.value.suggested_filename == "net-photos-conv-kmeans.png"
    download.value.save_as(tmp_path / "saved.png")
    saved = np.asarray(Image.open(tmp_path / "saved.png").convert("RGB"), int)
    seen, words = picture(small), picture(small, "words")
    assert saved.shape == seen.shape
    bare = words.sum(axis=2) == 0
    assert np.abs(saved - seen)[bare].max() <= 2
    assert (saved.min(axis=2) > 200).sum() > (seen.min(axis=2) > 200).sum(), "words are in it"


# Sizes, names, and browsers that cannot


@pytest.mark.parametrize(("channels", "side"), [(1, 24), (64, 20), (512, 7)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_channel_and_five_hundred_are_shown(
    browser, tmp_path, photograph, channels, side, scheme
):
    block = maps(channels, side)
    volumes.write(tmp_path / "volumes.html", [of_layer(block=block)])
    with watched(browser, viewport=SMALL, color_scheme=scheme) as page:
        show(page, tmp_path / "volumes.html")
        photograph(page, "one")
        assert light(picture(page)) > 0
        assert page.locator("#position").get_attribute("max") == str(channels - 1)
        page.keyboard.press("g")
        settle(page)
        assert page.evaluate("volumePage.stage.views().length") == 3
        photograph(page, "all")
        assert light(picture(page)) > 0


def test_a_narrow_window_scrolls_one_way_and_keeps_the_picture_in_sight(narrow, path, photograph):
    show(narrow, path)
    photograph(narrow)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 390
    narrow.locator("#save").scroll_into_view_if_needed()
    photograph(narrow, "below")
    top = narrow.locator("#picture").bounding_box()["y"]
    assert top == pytest.approx(0, abs=2), "controls move under it"
    assert narrow.locator("#save").is_visible()


def test_nothing_jumps_while_the_page_loads(small, path):
    small.add_init_script(
        """window.jumps = [];
        new PerformanceObserver((list) => {
          for (const one of list.getEntries()) jumps.push(one.value);
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    show(small, path)
    assert sum(small.evaluate("jumps")) < 0.01


def test_hostile_names_are_shown_and_not_executed(browser, tmp_path, photograph):
    group = Group(
        HOSTILE,
        HOSTILE,
        {HOSTILE: maps(), "b": maps(seed=1)},
        {"natural": order(np.arange(CHANNELS))},
        counted="channel",
        unit=HOSTILE,
        where=HOSTILE,
    )
    volumes.write(tmp_path / "volumes.html", [group], title=HOSTILE)
    with watched(browser, viewport=SMALL) as page:
        show(page, tmp_path / "volumes.html")
        photograph(page)
        assert page.title() == HOSTILE, "the title is the name, not what it tried to set"
        assert page.locator("h1").first.inner_text() == HOSTILE
        assert page.locator("#shown").inner_text().replace(" ", "") == (
            f"{HOSTILE}, {HOSTILE}".replace(" ", "")
        )
        options = page.locator("select[name=group] option").all_inner_texts()
        assert options == [HOSTILE]
        page.evaluate("volumePage.state.set({ zoom: 2 })")
        page.wait_for_function("location.hash.includes('zoom=2')")
        page.reload()
        page.wait_for_function("window.volumePage?.ready")
        assert page.title() != "caught"
        assert state(page)["volume"] == HOSTILE


@pytest.mark.parametrize("why", ["no WebGL 2", "no scripts"])
def test_without_graphics_there_are_still_pictures_and_words(browser, path, photograph, why):
    if why == "no scripts":
        with watched(browser, java_script_enabled=False) as page:
            look_at_stills(page, path, photograph)
        return
    other = browser.browser_type.launch(
        executable_path=executable(), args=["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]
    )
    try:
        with watched(other) as page:
            look_at_stills(page, path, photograph)
            assert page.evaluate("document.documentElement.className") == "stills"
    finally:
        other.close()


def look_at_stills(page, path, photograph):
    page.goto(path.as_uri())
    photograph(page)
    assert page.locator("#why").is_visible()
    assert "WebGL 2" in page.locator("#why").inner_text()
    assert not page.locator("#viewer").is_visible()
    pictures = page.locator("#stills img")
    assert pictures.count() == 3 + 2 + 1 + 1
    for number in range(pictures.count()):
        one = pictures.nth(number)
        one.scroll_into_view_if_needed()
        assert one.evaluate(
            "async image => { await image.decode(); return image.naturalWidth; }"
        ) == (400)
        assert one.get_attribute("alt")


def test_what_the_graphics_refuse_is_said_and_what_was_shown_stays(small, path):
    show(small, path)
    small.evaluate("volumePage.renderer.most = 4")
    choice(small, "show").select_option("kmeans")
    alert = small.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == (
        "Cannot show kmeans: a volume of 16 × 12 × 12 does not fit the graphics of this machine, "
        "which takes 4 along each axis."
    )
    assert light(picture(small)) > 0
    small.evaluate("volumePage.renderer.most = 2048")
    choice(small, "show").select_option("backwards")
    alert.wait_for(state="hidden")


def test_a_program_that_does_not_compile_gives_way_to_still_pictures(small, path, tmp_path):
    text = path.read_text(encoding="utf-8")
    assert text.count("void main() {") == 2
    (tmp_path / "broken.html").write_text(text.replace("uniform vec3 eye;", "uniform eye;"))
    small.goto((tmp_path / "broken.html").as_uri())
    small.wait_for_selector("#stills", state="visible")
    assert "Here it failed" in small.locator("#why").inner_text()


def test_data_are_in_the_page_as_json(path):
    text = path.read_text(encoding="utf-8")
    begin = text.index('id="data">') + len('id="data">')
    record = json.loads(text[begin : text.index("</script>", begin)])
    assert len(record["groups"]) == 4
