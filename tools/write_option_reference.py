"""Write docs/reference/backtracking-options.md from the class of options: ``make reference``."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

from cnnvis.backtrack import Options
from cnnvis.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/backtracking-options.md"

HEAD = """# Options of backtracking

*Made from `cnnvis.backtrack.Options` by `make reference`; do not edit it here.*

The choices that *How You See Me* (arXiv:1811.08152) leaves open, with the defaults of the package.
In `config.yaml` they stand under [`backtrack`](configuration.md), where the default study makes
some of them otherwise, for a [reason](../decisions/0007-default-study-backtracking.md). What they
mean is explained [here](../explanation/backtracking.md).

| option | values | default | |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_rows())


def _rows() -> Iterator[str]:
    hints = get_type_hints(Options)
    meanings = _meanings(Options.__doc__ or "")
    for field in fields(Options):
        words = [value for kind in (hints[field.name], *get_args(hints[field.name]))
                 for value in get_args(kind) if isinstance(value, str)]  # fmt: skip
        values = ", ".join(f"`{word}`" for word in dict.fromkeys(words))
        if not words or field.name == "k":
            values = ", ".join(filter(None, (values, "number")))
        yield f"| `{field.name}` | {values} | `{field.default}` | {meanings[field.name]} |\n"


def _meanings(docstring: str) -> dict[str, str]:
    """Return what the section "Args" of a docstring says of each name, quotes as code."""
    section = docstring.split("Args:\n")[1].split("\n\n")[0]
    entries = re.split(r"^ {8}(?=\w+: )", section, flags=re.MULTILINE)[1:]
    found = {}
    for entry in entries:
        name, words = entry.split(": ", 1)
        plain = " ".join(words.split()).replace("``", "`").replace("|", "\\|")
        found[name] = re.sub(r'"(\w+)"', r"`\1`", plain)
    return found


if __name__ == "__main__":
    write_text(PAGE, page())
