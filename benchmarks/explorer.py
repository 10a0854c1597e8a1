"""The explorer with many channels and images, in headless Chromium without a graphics card."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from timing import ROOT

sys.path.insert(0, str(ROOT / "tests"))
import explorer_files
from browser.conftest import FLAGS, executable

ORDERS = ("random", "optimal_leaf", "natural")


def noise(layer: Any, number: int) -> np.ndarray:
    """Maps that hardly compress: half of all units are off, the others are as chance makes them."""
    draw = np.random.default_rng(number).standard_normal(layer.spec.shape, np.float32)
    return np.maximum(draw, 0)


def study(folder: Path, channels: int, side: int, images: int) -> str:
    """Write a study of that size; return the address of its page."""
    explorer_files.maps = noise
    layers = [explorer_files.layer("conv", channels, side)]
    ids = [f"photo_{number}" for number in range(images)]
    explorer_files.write_study(folder, ids=ids, layers=layers)
    return str(explorer_files.write_site(folder))


def settled(page: Any) -> None:
    """Wait until everything that the address asks for is shown."""
    page.wait_for_function("document.documentElement.dataset.ready === location.hash")


def first_view(browser: Any, address: str) -> dict[str, float]:
    """Open the page anew: milliseconds to the first grid, and the bytes that were read for it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    read: list[int] = []
    page.on("request", lambda asked: read.append(size_of(asked.url)))
    page.goto(address)
    settled(page)
    found = {
        "to the first grid, ms": page.evaluate("cnnvis.timing.firstGrid"),
        "read for it, MB": sum(read) / 1e6,
    }
    context.close()
    return found


def size_of(url: str) -> int:
    """Return the bytes of a file by its address."""
    path = Path(url.removeprefix("file://").split("#")[0])
    return path.stat().st_size if url.startswith("file://") else 0


def while_used(browser: Any, address: str, rounds: int) -> dict[str, float]:
    """Reorder, and go from image to image: frames a second, milliseconds, memory that is kept."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address)
    settled(page)
    frames: list[float] = []
    changes: list[float] = []
    for number in range(rounds):
        page.select_option("#order", ORDERS[number % len(ORDERS)])
        page.wait_for_timeout(1000)
        times = page.evaluate("cnnvis.panes.a.grid.frames")
        frames.append(1000 * (len(times) - 1) / (times[-1] - times[0]))
        start = time.perf_counter()
        page.get_by_role("button", name="Next image").first.click()
        settled(page)
        changes.append(1000 * (time.perf_counter() - start))
    found = {
        "reordering, frames a second": statistics.median(frames),
        "the slowest, frames a second": min(frames),
        "to the next image, ms": statistics.median(changes),
        "kept in memory, MB": page.evaluate("cnnvis.data.usage().bytes") / 1e6,
    }
    context.close()
    return found


def measured(address: str, rounds: int) -> dict[str, float]:
    """Return all figures, medians of several rounds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable(), args=list(FLAGS))
        views = [first_view(browser, address) for _ in range(rounds)]
        used = while_used(browser, address, rounds)
        browser.close()
    return {key: statistics.median(view[key] for view in views) for key in views[0]} | used


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=512)
    parser.add_argument("--side", type=int, default=28, help="rows and columns of a map")
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=ROOT / "results/benchmarks/explorer.json")
    return parser.parse_args()


def timed(call: Callable[[], str]) -> tuple[str, float]:
    """Return what a call returns, and the seconds of the processor that it took."""
    start = time.process_time()
    return call(), time.process_time() - start


def main() -> None:
    """Measure, print, and write the figures."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        address, seconds = timed(lambda: study(root, asked.channels, asked.side, asked.images))
        files = [path for path in (root / "explorer").rglob("*") if path.is_file()]
        found = {
            "written in, s of the processor": seconds,
            "the whole site, MB": sum(path.stat().st_size for path in files) / 1e6,
            **measured(address, asked.rounds),
        }
    for name, value in found.items():
        print(f"{name:36}{value:10.1f}")
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
