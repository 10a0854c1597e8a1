"""Photos as the network saw them, and what it said of each."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from cnnvis import predictions
from cnnvis.images import Photo
from cnnvis.labels import Image
from cnnvis.pages.explorer.packing import rounded

_LEVEL = 6


def as_png(photo: Photo) -> str:
    """Return a photo as text: PNG, which keeps every pixel as the network saw it."""
    buffer = io.BytesIO()
    Picture.fromarray(photo).save(buffer, "PNG", compress_level=_LEVEL)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def listed(
    image: Image,
    file: str,
    chances: NDArray[np.float64],
    names: Sequence[str],
    walked: Sequence[int],
) -> dict[str, Any]:
    """Return what is known of an image before it is opened.

    Args:
        image: its id, its role, its true class.
        file: the name of its files.
        chances: (class,) what the network says.
        names: of the classes.
        walked: the classes that backtracks begin at.
    """
    best = predictions.best(chances[None])[0].tolist()
    true = image.class_index
    return {
        "id": image.id,
        "file": file,
        "role": image.role,
        "truth": "" if true is None else predictions.class_name(true, names),
        "place": best.index(true) if true in best else None,
        "best": [
            [index, predictions.class_name(index, names), rounded(chances[index])] for index in best
        ],
        "walked": [[index, predictions.class_name(index, names)] for index in walked],
    }
