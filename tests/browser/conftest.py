"""Pages in a real browser: headless Chromium of the system, driven by Playwright."""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

#: What Chromium needs to draw WebGL 2 without a graphics card, and to leave the network alone.
FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCREENSHOTS = Path(__file__).parents[2] / "build/screenshots"


def executable():
    """Return the path of Chromium: that of CNNVIS_CHROMIUM, or the system's."""
    named = os.environ.get("CNNVIS_CHROMIUM", "")
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if found is None:
        pytest.exit(
            f"no browser: {named or ', '.join(NAMES)} is not there. Install Chromium (Debian: "
            "apt-get install chromium), or name one in CNNVIS_CHROMIUM.",
            returncode=2,
        )
    return found


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=executable(), args=list(FLAGS))
        yield started
        started.close()


@contextmanager
def watched(browser, **options):
    """A page that fails the test on any error of its console, and on any request off the disk."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
    page = context.new_page()
    errors, requests = [], []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda asked: requests.append(asked.url))
    yield page
    context.close()
    assert errors == []
    outside = [url for url in requests if not re.match(r"(file|data|blob|about):", url)]
    assert outside == [], "pages ask no network for anything"


@pytest.fixture
def page(browser):
    with watched(browser) as opened:
        yield opened


@pytest.fixture
def narrow(browser):
    """The same in a window as narrow as a telephone, with touch."""
    size = {"width": 390, "height": 800}
    with watched(browser, viewport=size, has_touch=True, is_mobile=True) as opened:
        yield opened


@pytest.fixture
def photograph(request):
    """Keep a screenshot of a page under build/screenshots, to be looked at."""

    def keep(page, name=""):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        test = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)
        path = SCREENSHOTS / f"{test}{f'-{name}' if name else ''}.png"
        page.screenshot(path=path)
        return path

    return keep
