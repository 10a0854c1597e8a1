"""Fixtures that several test files share."""

from pathlib import Path

import pytest
import torch

from cnnvis import assets, catalogue

# Small work is faster on one thread, and always the same there.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    """Begin with whole studies, the longest first: what comes last runs beside idle workers."""

    def rank(item):
        if item.get_closest_marker("workflow") is None:
            return 2
        return 0 if "default_study" in item.nodeid else 1

    items.sort(key=rank)


@pytest.fixture(scope="session")
def resources():
    """The folder that keeps downloads between runs, as the workflow uses it."""
    return Path(__file__).parents[1] / "resources"


@pytest.fixture(scope="session")
def fetched(resources):
    """Return a function from the name of an archive to its file, downloaded once."""

    def fetch(name):
        archive = catalogue.archive(name)
        path = resources / "archives" / archive.filename
        assets.fetch(archive, path, progress=False)
        return path

    return fetch
