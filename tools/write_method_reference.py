"""Write docs/reference/attribution.md from the table of methods: ``make reference``."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from cnnvis.attribution import METHODS
from cnnvis.attribution.make import FUNCTIONS
from cnnvis.files import write_text

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/attribution.md"

HEAD = """# Methods of attribution

*Made from `cnnvis.attribution.METHODS` by `make reference`; do not edit it here.*

`cnnvis.attribution.maps(net, pixels, targets, method, **options)` gives a map for each image by
any of these; [what is computed][methods] says how. What needs captum is there after
`pip install 'cnnvis[baselines]'`.

[methods]: ../explanation/methods.md#explanations-and-what-to-compare-them-with

| method | kind | colours become one map by | needs | options | source |
|---|---|---|---|---|---|
"""

TAIL = """
*Colours*: `abs_max`, the largest absolute value; `positive_sum`, the sum where it is positive;
`sum`, where there is one map from the start. The option `reduction` (also `abs_sum`) replaces it.

*Needs*: `nn.ReLU`, a traced network whose activations are all modules of this type, as Captum
changes the derivatives of no others; `maps`, a layer with maps (channel, row, col); `traced`, a
network that can be traced, with a rule of backtracking for every operation. Where it is not there,
the method is refused, and the message says why.

*Reduced like this by*

"""


def page() -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(_rows()) + TAIL + "".join(_reductions())


def _rows() -> Iterator[str]:
    for name, method in METHODS.items():
        needs = ", ".join(f"`{one}`" if "." in one else one for one in method.needs) or "nothing"
        parameters = inspect.signature(FUNCTIONS[name]).parameters.values()
        own = [one for one in parameters if one.kind is one.KEYWORD_ONLY and one.name != "at_once"]
        options = ", ".join(f"`{one.name}={_short(one.default)}`" for one in own) or "none"
        yield (
            f"| `{name}` | {method.kind} | `{method.reduction}` | {needs} | {options} "
            f"| {method.source} |\n"
        )


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else repr(value)


def _reductions() -> Iterator[str]:
    for name, method in METHODS.items():
        if method.reduction_source:
            yield f"* `{name}`: {method.reduction_source}\n"


if __name__ == "__main__":
    write_text(PAGE, page())
