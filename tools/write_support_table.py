"""Write docs/reference/support.md: what works on which network, and which operations have a rule.

``make reference`` writes the page from docs/reference/support.tsv. To measure that table anew:

    OMP_NUM_THREADS=1 .venv/bin/python tools/write_support_table.py --measure [NETWORK ...]

which takes about half an hour, as every number is compared with plain loops. Tests keep both true.
"""

import csv
import operator
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from cnnvis.backtrack import RULES
from cnnvis.files import write_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/support.md"
TABLE = ROOT / "docs/reference/support.tsv"
CAPABILITIES = ("extraction", "gradients", "channel_sum", "argmax", "soft", "sample")
COLUMNS = ("family", "network", "side", *CAPABILITIES)
YES = "yes"

HEAD = """# What works on which network

*Made by `make reference`; do not edit it here.*

## Families of networks

One network stands for each family of torchvision's classifiers, with random weights and images of
the side given. A cell says *yes* where every number agrees with one that was computed another way:

* **extraction**: the map of every layer is, bit for bit, what a hook on the layer sees in a plain
  pass of the model, copied before anything can overwrite it;
* **gradients**: those of filters are, to 1e-9 in float64, what automatic differentiation of a plain
  pass gives;
* **backtracking**, by each `winner`: from the best class, the points, their weights and what was
  lost are at every node, to 1e-9 in float64, those of `tests/backtrack/slow.py`, which is the
  definition in plain loops and shares no code with the package; nothing vanishes, and with
  `dead_end: follow` all weight reaches the pixels. Paths of `sample` are drawn: no place may be off
  from `soft` by more than Hoeffding's bound for 20 000 paths and one error in 10⁹.

| family | network | side | {capabilities} |
|---|---|---|{lines}|
"""

REFUSED = """
Backtracking stops where an operation has no rule, and says so:

"""

OPERATIONS = """
## Operations with a rule of backtracking

Anything else is refused, by an error that names the node, its operation and [how to add a
rule](../how-to/add-a-backtracking-rule.md). A layer inside of these networks that is a subclass of
one of these has no rule until it is given one.

| operations | rule |
|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    head = HEAD.format(capabilities=" | ".join(CAPABILITIES), lines="|".join(["---"] * 6))
    return head + "".join(_families()) + REFUSED + "".join(_refusals()) + OPERATIONS + _operations()


def rows() -> list[dict[str, str]]:
    """Return the rows of the table of results."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _families() -> Iterator[str]:
    for row in rows():
        cells = (row[name] if row[name] == YES else "refused" for name in CAPABILITIES)
        yield f"| {row['family']} | `{row['network']}` | {row['side']} | {' | '.join(cells)} |\n"


def _refusals() -> Iterator[str]:
    for row in rows():
        reasons = {row[name] for name in CAPABILITIES} - {YES}
        for reason in sorted(reasons):
            yield f"* `{row['network']}`: {reason}\n"


def _operations() -> str:
    """Return a row for each rule, with the first line of what its docstring says."""
    operations: dict[Any, list[str]] = defaultdict(list)
    for op, known in RULES.items():
        operations[known.follow].append(name_of(op))
    found = []
    for follow, names in operations.items():
        words = (follow.__doc__ or "").splitlines()[0].replace("``", "`")
        found.append(f"| {', '.join(f'`{name}`' for name in sorted(set(names)))} | {words} |\n")
    return "".join(sorted(found))


def name_of(op: Any) -> str:
    """Return an operation as one writes it: ``nn.Conv2d``, ``F.relu``, ``.view()``."""
    if isinstance(op, str):
        return op if "." in op else f".{op}()"
    if isinstance(op, type):
        return f"nn.{op.__name__}"
    for prefix, module in (("operator", operator), ("F", F), ("torch", torch)):
        for name, value in vars(module).items():
            if value is op and not name.startswith("_"):
                return f"{prefix}.{name}"
    return f"{op.__module__}.{op.__name__}"


def measure(networks: list[str]) -> None:
    """Check the networks (all unless named), and write what was found into the table."""
    sys.path.insert(0, str(ROOT / "tests"))
    from backtrack import support

    for family, (network, side) in support.FAMILIES.items():
        if networks and network not in networks:
            continue
        found = support.check(network, side)
        cells = {name: why or YES for name, why in found.items()}
        known = {row["network"]: row for row in rows()} if TABLE.exists() else {}
        known[network] = {"family": family, "network": network, "side": str(side), **cells}
        print(network, *cells.values(), flush=True)
        _save([known[name] for name, _ in support.FAMILIES.values() if name in known])


def _save(found: list[dict[str, str]]) -> None:
    lines = ["\t".join(COLUMNS), *("\t".join(row[name] for name in COLUMNS) for row in found)]
    write_text(TABLE, "".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2:])
    write_text(PAGE, page())
