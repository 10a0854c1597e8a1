"""Write docs/reference/networks.md from the catalogue: ``make reference``. A test keeps it true."""

from collections.abc import Iterator
from pathlib import Path

from cnnvis import catalogue
from cnnvis.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/networks.md"

HEAD = """# Networks and photos

*Made from the catalogue by `make reference`; do not edit it here.*

Any of these names can stand under `networks` in `config.yaml`. `cnnvis layers NETWORK` lists the
layers of one. Weights are downloaded when they are needed, and refused unless their hash is the
pinned one. Neither of the first two has CaffeNet's 96 first filters; CaffeNet itself can be
[imported](../how-to/import-a-caffe-network.md).

| network | crop | layers | weights from | licence |
|---|---|---|---|---|
"""

PHOTOS = """
## Photos

{title}. {notes}

| id | class | role | from |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_networks()) + "".join(_photos())


def _networks() -> Iterator[str]:
    for name, entry in catalogue.networks().items():
        kind = entry.weights["kind"]
        origin = entry.weights["archive"] if kind == "pypi-member" else entry.weights["enum"]
        source = f"package {origin}" if kind == "pypi-member" else f"torchvision {origin}"
        layers = len(catalogue.layer_table(name))
        crop = entry.preprocessing["crop"]
        yield f"| `{name}` | {crop} | {layers} | {source} | {entry.licence} |\n"


def _photos() -> Iterator[str]:
    for entry in catalogue.image_sets().values():
        yield PHOTOS.format(title=entry.title, notes=entry.notes.strip())
        for line in entry.sheet.read_text(encoding="utf-8").splitlines()[1:]:
            name, source, label, role, _ = line.split(",")
            origin = source.split("!")[0].replace("package:", "").replace("archive:", "package ")
            yield f"| `{name}` | {label} | {role} | {origin} |\n"


if __name__ == "__main__":
    write_text(PAGE, page())
