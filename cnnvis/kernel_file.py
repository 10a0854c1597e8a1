"""The kernels of one layer, from the weights of a network."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import FileError, NetworkError, did_you_mean


def read(path: str | os.PathLike[str], layer: str) -> NDArray[np.floating]:
    """Return the weights (filter, in_channel, k_row, k_col) of a convolution.

    Reads that one tensor of a file that :func:`cnnvis.models.convert` wrote, and needs no torch.

    Raises:
        FileError: there is no such file.
        NetworkError: the network has no such layer, or its weights are no kernels.
    """
    from safetensors import safe_open

    if not Path(path).is_file():
        raise FileError(f"there is no file of weights {path}. Run the downloads stage first.")
    with safe_open(path, framework="numpy") as file:
        tensors = list(file.keys())
        names = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
        if layer not in names:
            raise NetworkError(
                f"no layer {layer!r} with weights in {path}{did_you_mean(layer, names)}."
            )
        shape = tuple(file.get_slice(f"{layer}.weight").get_shape())
        if len(shape) != 4:
            raise NetworkError(
                f"the weights of {layer!r} in {path} are of shape {shape}: no kernels (filter, "
                "in_channel, k_row, k_col). Choose a convolution."
            )
        return np.asarray(file.get_tensor(f"{layer}.weight"))
