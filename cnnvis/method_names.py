"""What methods are called in figures and on pages, and what part each plays in a comparison.

The names are those of :data:`cnnvis.attribution.METHODS`, which only torch can load; a variant has
the name of its method, a comma, and what is different, such as ``backtrack, k = 1``.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cnnvis.metrics.measures import CENTRED_BOX, CHANCE

OWN, REFERENCE, BASELINE, CONTROL, NOTHING = (
    "own",
    "reference",
    "baseline",
    "control",
    "nothing",
)
"""Parts: what is put to the test, what it is compared with first, other methods, maps that never
look at the network, and what no map at all reaches."""

GRAD_CAM, CENTRE, EDGES = "grad_cam", "centre", "edges"
"""Methods that are compared with by name."""

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "gradient": "gradient",
        "input_x_gradient": "input x gradient",
        "guided_backprop": "guided backprop",
        "deconvolution": "deconvolution",
        "integrated_gradients": "integrated gradients",
        GRAD_CAM: "Grad-CAM",
        "occlusion": "occlusion",
        "soft": "Excitation Backprop",
        "backtrack": "backtracking",
        CENTRE: "centre",
        "random": "random",
        EDGES: "edges",
        CHANCE: "chance",
        CENTRED_BOX: "box in the middle",
    }
)
"""What each is called."""

_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "soft": OWN,
        "backtrack": OWN,
        GRAD_CAM: REFERENCE,
        CENTRE: CONTROL,
        "random": CONTROL,
        EDGES: CONTROL,
        CHANCE: NOTHING,
        CENTRED_BOX: NOTHING,
    }
)


def base(method: str) -> str:
    """Return the method that a variant is one of.

    >>> base("backtrack, k = 1"), base("soft")
    ('backtrack', 'soft')
    """
    return method.split(",", 1)[0]


def title(method: str) -> str:
    """Return what a method is called; a name that is not known is its own title.

    >>> title("backtrack, k = 1"), title("mine")
    ('backtracking, k = 1', 'mine')
    """
    name = base(method)
    return TITLES.get(name, name) + method[len(name) :]


def part(method: str) -> str:
    """Return what part a method plays; one that is not known is another method to compare with.

    >>> part("backtrack, k = 1"), part("edges"), part("mine")
    ('own', 'control', 'baseline')
    """
    return _PARTS.get(base(method), BASELINE)


def looks_at_the_network(method: str) -> bool:
    """Tell methods of attribution from controls and from chance."""
    return part(method) not in (CONTROL, NOTHING)


def of_part(methods: Iterable[str], wanted: str) -> tuple[str, ...]:
    """Return the methods that play a part, each once, in their order."""
    return tuple(dict.fromkeys(method for method in methods if part(method) == wanted))
