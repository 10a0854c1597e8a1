"""Where objects truly lie in what a network is shown, from boxes on photos."""

from collections.abc import Iterable

import numpy as np

from cnnvis.boxes import Box
from cnnvis.geometry import Frame


def in_input(boxes: Iterable[Box], frame: Frame) -> tuple[Box, ...]:
    """Return boxes on a photo as boxes on the network's input, in whole pixels.

    What the crop cuts off is cut off; boxes outside of it are left out. A box has a pixel at least.

    Args:
        boxes: (row0, col0, row1, col1) each, in pixels of the photo, ends just outside.
        frame: how the photo became the input.

    >>> frame = Frame(photo=(20, 40), resized=(10, 20), crop=(0, 5, 10, 10))
    >>> in_input([(4, 0, 20, 20), (0, 0, 4, 8)], frame)
    ((2, 0, 10, 5),)
    """
    rows, cols = frame.crop[2:]
    found = []
    for row0, col0, row1, col1 in boxes:
        # Edges lie half a pixel before the middles of pixels.
        corners = frame.to_input(np.array([(row0, col0), (row1, col1)]) - 0.5) + 0.5
        if (corners[1] <= 0).any() or (corners[0] >= (rows, cols)).any():
            continue
        first = np.clip(np.rint(corners[0]), 0, (rows - 1, cols - 1)).astype(int)
        end = np.clip(np.rint(corners[1]), first + 1, (rows, cols)).astype(int)
        found.append((int(first[0]), int(first[1]), int(end[0]), int(end[1])))
    return tuple(found)
