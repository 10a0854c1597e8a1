"""The part of the page of a study about its classifier of digits."""

from pathlib import Path

from cnnvis.pages import pictures
from cnnvis.pages.index import Link, Section

DIGITS = "digit_classifier"
"""The folder of the classifier of digits."""


def section(results: Path) -> Section:
    """Return the part about the classifier of digits, whose errors have images enough.

    Args:
        results: the folder of the results.
    """
    layers = sorted(path.parent.name for path in results.glob(f"{DIGITS}/figures/*/ablation.png"))
    drawn = tuple(
        picture
        for layer in layers
        for name in ("ablation", "importance")
        for picture in pictures.in_folder(
            results, f"{DIGITS}/figures/{layer}", [name], f"digits, {layer}: {name} of the filters"
        )
    )
    return Section(
        "digits-importance",
        "Digits: the true error without some filters",
        "A small network trained here, on handwritten digits: enough labelled images for an error "
        "to mean something, which a dozen photos are not.",
        drawn,
        (
            Link(f"{DIGITS}/ablation.tsv", "ablation.tsv", "every removal measured"),
            Link(f"{DIGITS}/accuracy.tsv", "accuracy.tsv", "how well it was trained"),
        ),
    )
