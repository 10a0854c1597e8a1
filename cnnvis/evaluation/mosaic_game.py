"""Grid pointing: on a mosaic of photos of different classes, does a map find that of its class?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import metrics, mosaics
from cnnvis.boxes import Box
from cnnvis.errors import ImageError
from cnnvis.evaluation.photos import rows
from cnnvis.metrics.maps import Maps
from cnnvis.metrics.measures import CHANCE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Game:
    """Mosaics, and where in each a class is.

    Args:
        names: (mosaic,) their names.
        photos: (mosaic,) the name of the photo that is sought.
        pixels: (mosaic, channel, row, col), prepared for the network.
        targets: (mosaic,) the class of that photo.
        cells: (mosaic,) the cell that it is in, counted row by row.
        side: cells in a row and in a column.
    """

    names: tuple[str, ...]
    photos: tuple[str, ...]
    pixels: NDArray[np.float32]
    targets: tuple[int, ...]
    cells: tuple[int, ...]
    side: int

    @property
    def sought(self) -> tuple[Box, ...]:
        """(mosaic,) the box of the cell, in pixels."""
        places = mosaics.cells(self.pixels.shape[2:], self.side).tolist()
        found = [places[cell] for cell in self.cells]
        return tuple((row0, col0, row1, col1) for row0, col0, row1, col1 in found)


def lay_out(
    ids: Sequence[str],
    pixels: NDArray[np.floating[Any]],
    classes: Sequence[int | None],
    best: Sequence[int],
    *,
    count: int,
    side: int = 2,
    seed: int = 0,
) -> Game:
    """Make mosaics of those photos that the network recognises.

    Args:
        ids: (photo,) their names.
        pixels: (photo, channel, row, col), prepared for the network.
        classes: (photo,) what each truly shows; None where that is not known.
        best: (photo,) the class that the network gives to each.
        count: mosaics.
        side: cells in a row and in a column.
        seed: of the choice.

    Raises:
        ImageError: the photos recognised are of too few classes, or there are not so many mosaics.
    """
    known = [place for place, truth in enumerate(classes) if truth == best[place]]
    if not known:
        raise ImageError(
            f"mosaics are made of photos that the network recognises, and it recognises none of "
            f"{len(ids)}. Give photos with their classes, or another network."
        )
    truth = [best[place] for place in known]
    plan = mosaics.plan(truth, count=count, side=side, seed=seed)
    digits = len(str(count - 1))
    return Game(
        tuple(f"mosaic_{number:0{digits}d}" for number in range(count)),
        tuple(ids[known[photo]] for photo in plan.sought.tolist()),
        np.stack([mosaics.compose(pixels[known], row, side) for row in plan.photos]),
        tuple(truth[photo] for photo in plan.sought.tolist()),
        tuple(plan.target.tolist()),
        side,
    )


def table(game: Game, methods: Sequence[str], maps: Maps) -> "pd.DataFrame":
    """Return how much of each map lies in the right cell, and what chance gives.

    Args:
        game: the mosaics.
        methods: (method,) names.
        maps: (method, mosaic, row, col).

    Returns:
        A row for each mosaic and method, with the columns of
        :data:`cnnvis.evaluation.photos.COLUMNS`; the photo is the one that is sought.
    """
    found = metrics.grid_pointing(maps, game.cells, grid=(game.side, game.side))
    chance = np.full((1, len(game.cells)), 1 / game.side**2)
    values = np.concatenate([found, chance])
    return rows(game.names, game.photos, (*methods, CHANCE), "grid_pointing", values)
