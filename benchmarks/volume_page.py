"""Measure the page of volumes in headless Chromium, whose graphics are computed by the processor.

All contestants are open in one browser and draw in turn, round by round: whole lit pictures,
with and without stepping over empty space, and pages that are named on the command line.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from backtracks import opened
from playwright.sync_api import Browser, Page, sync_playwright
from timing import ROOT

from cnnvis.ordering import Ordering
from cnnvis.pages import volumes
from cnnvis.volume_groups import Group

sys.path.insert(0, str(ROOT / "tests"))
from browser.conftest import FLAGS, executable

WINDOW = {"width": 1280, "height": 800}
#: (row, col, channel) of the volumes, and the side of the photo whose first maps are so large
SHAPES = {"55x55x96": 111, "111x111x64": 223, "224x224x64": 449}
DRAG_S = 3


def maps(shape: str) -> np.ndarray:
    """Return maps (channel, row, col) of the first layer of SqueezeNet 1.1 for two photos."""
    import torch
    from PIL import Image

    side = SHAPES[shape]
    model, _, trained = opened("squeezenet1_1")
    print(f"{shape}: {'trained' if trained else 'random'} weights")
    files = sorted((ROOT / "resources/images/photos").glob("[!.]*"))[:2]
    if files:
        photos = [np.asarray(Image.open(f).convert("RGB").resize((side, side))) for f in files]
    else:
        photos = list(np.random.default_rng(0).integers(0, 255, (2, side, side, 3)))
    images = torch.tensor(np.stack(photos) / 255, dtype=torch.float32).permute(0, 3, 1, 2)
    images = (images - 0.45) / 0.225
    with torch.no_grad():
        found = model.features[:2](images)
    return np.concatenate(found.numpy())[: int(shape.split("x")[-1])]


def group(shape: str) -> Group:
    block = maps(shape)
    order = Ordering(np.arange(len(block)), None, None, "natural", {}, "image")
    return Group(shape, shape, {"photo": block}, {"natural": order})


def show(browser: Browser, address: str, ready: str, stage: str) -> Page:
    """Open a page in a window in which its stage has as many pixels as all others have."""
    page = browser.new_page(viewport=WINDOW)
    page.goto(address)
    page.wait_for_function(ready, timeout=120_000)
    box = page.locator(stage).first.bounding_box()
    page.set_viewport_size(
        {
            "width": round(2 * WINDOW["width"] - box["width"] - 336),
            "height": round(2 * WINDOW["height"] - box["height"] - 40),
        }
    )
    page.wait_for_timeout(1000)
    return page


def covered(page: Page, canvas: str) -> float:
    """Return the share of the pixels of a canvas that are unlike its corner."""
    return page.evaluate(
        """async name => {
            const canvas = document.querySelector(name);
            const copy = new OffscreenCanvas(canvas.width, canvas.height);
            const context = copy.getContext("2d");
            context.drawImage(canvas, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let at = 0; at < data.length; at += 4) {
                count += [0, 1, 2].some(part => Math.abs(data[at + part] - data[part]) > 3);
            }
            return count / (data.length / 4);
        }""",
        canvas,
    )


def drags(page: Page) -> float:
    """Return pictures per second while the volume is turned with the mouse."""
    page.mouse.move(400, 400)
    page.mouse.down()
    before = page.evaluate("[volumePage.painter.frames, performance.now()]")
    step = 0
    while page.evaluate("performance.now()") - before[1] < 1000 * DRAG_S:
        step += 1
        page.mouse.move(400 + step % 200, 400)
    after = page.evaluate("[volumePage.painter.frames, performance.now()]")
    page.mouse.up()
    return 1000 * (after[0] - before[0]) / (after[1] - before[1])


def processor_s(browser: Browser) -> float:
    """Return the processor's seconds that the graphics of the browser have taken so far.

    They do not depend on what else the machine is busy with, as the seconds on the clock do.
    """
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    return next(one["cpuTime"] for one in processes if one["type"] == "GPU")


def drawn(low: float, *, skipping: bool) -> str:
    """Return the script that draws the levels above one, and gives the milliseconds."""
    return (
        f"volumePage.state.set({{ low: {low} }}), "
        f"volumePage.renderer.skipping = {str(skipping).lower()}, volumePage.painter.measure()"
    )


def measured(browser: Browser, shape: str, beside: Mapping[str, str], rounds: int) -> dict:
    """Return the processor's milliseconds of whole pictures of one shape, and what is felt."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        volumes.write(path, [group(shape)])
        page = show(browser, path.as_uri(), "window.volumePage?.ready", "#stage")
        first = page.evaluate("volumePage.ready")
        contestants = {
            "page": (page, drawn(0.1, skipping=True)),
            "skipping nothing": (page, drawn(0.1, skipping=False)),
            "strong levels": (page, drawn(0.5, skipping=True)),
            "skipping nothing, too": (page, drawn(0.5, skipping=False)),
        }
        if shape in beside:
            other = show(browser, beside[shape], "window.drawNow", "canvas")
            contestants["beside"] = (other, "drawNow()")
            print(
                f"  covered: {covered(page, '#picture'):.3f}, beside {covered(other, 'canvas'):.3f}"
            )
        times: dict[str, list[float]] = {name: [] for name in contestants}
        clock: dict[str, list[float]] = {name: [] for name in contestants}
        for number in range(rounds + 1):  # the first warms up
            for name, (where, draw) in contestants.items():
                where.bring_to_front()
                before = processor_s(browser)
                took = where.evaluate(draw)
                if number:
                    times[name].append(1000 * (processor_s(browser) - before))
                    clock[name].append(took)
        page.bring_to_front()
        page.evaluate(drawn(0.1, skipping=True))
        rate = drags(page)
    table = {
        name: {
            "median_ms": statistics.median(each),
            "median_clock_ms": statistics.median(clock[name]),
            "least_ms": min(each),
            "greatest_ms": max(each),
            "median_ratio": statistics.median(
                t / base for t, base in zip(each, times["page"], strict=True)
            ),
        }
        for name, each in times.items()
    }
    for name, row in table.items():
        print(
            f"  {name:20}{row['median_ms']:9.0f} ms  ({row['least_ms']:.0f} .. "
            f"{row['greatest_ms']:.0f}){row['median_ratio']:8.2f} x, "
            f"{row['median_clock_ms']:.0f} ms on the clock"
        )
    print(f"  first picture, whole and sharp: {first:.0f} ms; while dragged: {rate:.1f} pictures/s")
    return {"table": table, "ready_ms": first, "pictures_per_second": rate}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", help=f"of {', '.join(SHAPES)}; all by default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="SHAPE=ADDRESS",
        help="a page to measure too, whose drawNow() draws in full and promises the milliseconds",
    )
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/volume_page.json")
    given = parser.parse_args()
    beside = dict(one.split("=", 1) for one in given.beside)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable(), args=list(FLAGS))
        found = {
            shape: measured(browser, shape, beside, given.rounds)
            for shape in given.shapes or SHAPES
        }
        browser.close()
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
