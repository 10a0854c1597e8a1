"""Gradients of images compared by role, as tables: norms, cosines, intervals and tests."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from cnnvis import compare, contrasts
from cnnvis.contrasts import STATES
from cnnvis.errors import CnnvisError

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 6
"""Significant digits of every number."""


def tables(
    gradients: ArrayLike, ids: Sequence[str], roles: Sequence[str], correct: Sequence[bool | None]
) -> dict[str, "pd.DataFrame"]:
    """Return tables about the gradients (image, ...) of one score, by name.

    * ``norms``: one row per image: image, role, state (correct, misclassified, no label), norm.
    * ``cosines``: one row per pair of images: image, other, role, other_role, cosine.
    * ``roles``: one row per role and state: images (how many), the mean norm with the ends ``low``
      and ``high`` of its bootstrap interval, and the mean cosine between them; empty for one image.
    * ``tests``: one row per question: question, images, value, p, ways, every, smallest_p, words.

    Raises:
        CnnvisError: not one id, role and state per image, or only one role.
    """
    import pandas as pd

    if not np.shape(gradients)[:1] == (len(ids),) == (len(roles),) == (len(correct),):
        raise CnnvisError(
            f"each gradient has an id, a role and a state; got gradients {np.shape(gradients)}, "
            f"{len(ids)} ids, {len(roles)} roles and {len(correct)} states."
        )
    norms, cosines = compare.norms(gradients), compare.cosine_matrix(gradients)
    states = [STATES[state] for state in correct]
    each = {"image": list(ids), "role": list(roles), "state": states, "norm": norms}
    pairs = [
        {
            "image": ids[i],
            "other": ids[j],
            "role": roles[i],
            "other_role": roles[j],
            "cosine": cosines[i, j],
        }
        for i, j in combinations(range(len(ids)), 2)
    ]
    found = {
        "norms": pd.DataFrame(each),
        "cosines": pd.DataFrame(pairs),
        "roles": pd.DataFrame(_by_group(norms, cosines, contrasts.groups(roles, correct))),
        "tests": pd.DataFrame(questions(norms, cosines, roles)),
    }
    return {name: _rounded(table) for name, table in found.items()}


def joined(by_unit: Mapping[tuple[int, str], Mapping[str, "pd.DataFrame"]]) -> dict[str, Any]:
    """Return the tables of several units as one each, with the columns ``unit``, ``unit_name``."""
    import pandas as pd

    parts: dict[str, list[pd.DataFrame]] = {}
    for (unit, name), found in by_unit.items():
        for title, table in found.items():
            own = table.copy()
            own.insert(0, "unit", unit)
            own.insert(1, "unit_name", name)
            parts.setdefault(title, []).append(own)
    return {title: pd.concat(some, ignore_index=True) for title, some in parts.items()}


def _by_group(
    norms: contrasts.Floats, cosines: contrasts.Floats, groups: Sequence[contrasts.Group]
) -> list[dict[str, Any]]:
    """Return a row per role and state."""
    rows = []
    for group in groups:
        places = list(group.places)
        low, high = contrasts.interval(norms[places])
        within, _ = contrasts.within_and_between(
            cosines[np.ix_(places, places)], [""] * len(places)
        )
        rows.append(
            {
                "role": group.role,
                "state": STATES[group.correct],
                "images": len(places),
                "mean_norm": norms[places].mean(),
                "low": low,
                "high": high,
                "cosine_within": within,
            }
        )
    return rows


def questions(
    norms: contrasts.Floats, cosines: contrasts.Floats, roles: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row per question that images of these roles can be asked, with the answer.

    The questions: are images of one role more alike than images of two, and does the mean norm of
    the first role differ from that of each other one?
    """
    kinds = list(dict.fromkeys(roles))
    found = {}
    if 1 < len(kinds) < len(roles):
        question = "cosine within roles minus between roles"
        found[question] = (len(roles), contrasts.cosine_test(cosines, roles))
    for other in kinds[1:]:
        places = [place for place, role in enumerate(roles) if role in (kinds[0], other)]
        outcome = contrasts.norm_test(norms[places], [roles[place] for place in places])
        found[f"mean norm of {kinds[0]} apart from {other}"] = (len(places), outcome)
    return [
        {
            "question": question,
            "images": images,
            "value": outcome.value,
            "p": outcome.p,
            "ways": outcome.ways,
            "every": "yes" if outcome.every else "no",
            "smallest_p": outcome.smallest,
            "words": outcome.words,
        }
        for question, (images, outcome) in found.items()
    ]


def _rounded(table: "pd.DataFrame") -> "pd.DataFrame":
    """Round to significant digits: gradients may be small."""
    for name in table.select_dtypes("float").columns:
        table[name] = [float(f"{value:.{DIGITS}g}") for value in table[name]]
    return table
