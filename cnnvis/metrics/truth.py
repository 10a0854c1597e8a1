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
        (top, left), (bottom, right) = np.clip(np.rint(corners), 0, (rows, cols)).astype(int)
        inside = (corners[1] > 0).all() and (corners[0] < (rows, cols)).all()
        if inside:
            bottom, right = max(bottom, top + 1), max(right, left + 1)
            found.append(
                (int(min(top, rows - 1)), int(min(left, cols - 1)), int(bottom), int(right))
            )
    return tuple(found)
