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

    with safe_open(_checked(path), framework="numpy") as file:
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


def of_colours(path: str | os.PathLike[str], layer: str) -> NDArray[np.floating] | None:
    """Return the kernels of a layer that sees red, green and blue; None for any other, and for ''.

    Raises:
        FileError, NetworkError: as :func:`read`.
    """
    kernels = read(path, layer) if layer else None
    return kernels if kernels is not None and kernels.shape[1] == 3 else None


def provenance(path: str | os.PathLike[str]) -> str:
    """Return where the weights come from, as JSON; empty where the file does not say it.

    Raises:
        FileError: there is no such file.
    """
    from safetensors import safe_open

    with safe_open(_checked(path), framework="numpy") as file:
        said: dict[str, str] = file.metadata() or {}
    return said.get("provenance", "")


def _checked(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """Return the path of a file that is there."""
    if not Path(path).is_file():
        raise FileError(f"there is no file of weights {path}. Run the downloads stage first.")
    return path
