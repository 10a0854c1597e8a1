"""Grid pointing: on a mosaic of photos of different classes, does a map find that of its class?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnvis import metrics, mosaics
from cnnvis.boxes import Box
from cnnvis.errors import ImageError
from cnnvis.evaluation.asked import Asked
from cnnvis.evaluation.chosen import Chosen
from cnnvis.evaluation.explaining import explain
from cnnvis.evaluation.photos import COLUMNS, rows
from cnnvis.map_sets import Bytes, MapSet
from cnnvis.metrics.maps import Maps
from cnnvis.metrics.measures import CHANCE
from cnnvis.network.graph import Network
from cnnvis.progress import Watch, unwatched

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
        cells_photos: (mosaic, cell) the name of the photo in every cell.
    """

    names: tuple[str, ...]
    photos: tuple[str, ...]
    pixels: NDArray[np.float32]
    targets: tuple[int, ...]
    cells: tuple[int, ...]
    side: int
    cells_photos: tuple[tuple[str, ...], ...]

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
        tuple(tuple(ids[known[photo]] for photo in row) for row in plan.photos.tolist()),
    )


@dataclass(frozen=True, eq=False)
class Played:
    """What came of a game.

    Args:
        table: see :func:`table`; empty where there was no game.
        maps: of the mosaics.
        refused: why methods, or all mosaics, could not be had.
    """

    table: "pd.DataFrame"
    maps: MapSet
    refused: Mapping[str, str]


def play(
    net: Network,
    asked: Asked,
    methods: Sequence[Chosen],
    options: Mapping[str, Any],
    *,
    watch: Watch[Chosen] = unwatched,
) -> Played:
    """Lay out mosaics of a study's images, explain and measure them.

    Where the network recognises photos of too few classes there is no game, and it is said why.

    Args:
        net: the network.
        asked: the images.
        methods: those to measure.
        options: ``count``, ``side`` and ``seed``, see :func:`lay_out`.
        watch: is passed the methods.
    """
    how = {key: options[key] for key in ("count", "side", "seed")}
    try:
        game = lay_out(asked.ids, asked.pixels, asked.truth, asked.best, **how)
    except ImageError as error:
        return _none(asked, str(error))
    found = explain(net, game.pixels, game.targets, methods, watch=watch)
    pictures = np.stack(
        [
            _picture(asked.pictures[[asked.ids.index(photo) for photo in photos]], game.side)
            for photos in game.cells_photos
        ]
    )
    maps = MapSet(
        game.names, game.photos, game.targets, found.names, found.maps, pictures, game.sought
    )
    return Played(table(game, found.names, found.maps), maps, found.refused)


def _none(asked: Asked, reason: str) -> Played:
    """Return a game that could not be."""
    import pandas as pd

    shape = asked.pictures.shape[1:3]
    maps = MapSet((), (), (), (), np.zeros((0, 0, *shape)), np.zeros((0, *shape, 3), np.uint8))
    return Played(pd.DataFrame(columns=list(COLUMNS)), maps, {"mosaics": reason})


def _picture(pictures: Bytes, side: int) -> Bytes:
    """Return a mosaic (row, col, 3) of pictures (cell, row, col, 3)."""
    planes = pictures.transpose(0, 3, 1, 2)
    made = mosaics.compose(planes, range(len(pictures)), side)
    return np.clip(np.rint(made), 0, 255).astype(np.uint8).transpose(1, 2, 0)


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
