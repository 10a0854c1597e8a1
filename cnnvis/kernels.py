"""Kernels that look at the image: as colours, and described by orientation, frequency and colour.

This is for convolutions whose input is the image: three input channels are red, green and blue.
The input channels of deeper layers are no colours, and have no such pictures.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnvis.errors import CnnvisError
from cnnvis.volume import finite, symmetric_limit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

LABELS = ("faint", "colour", "oriented", "blob")
"""What :func:`describe` calls a kernel: the first of these that it is."""

FAINT_BELOW = 0.001
"""A kernel is called ``faint`` where its norm is less than this share of the largest one."""

COLOUR_FROM = 0.5
"""A kernel is called ``colour`` where more than this share of its energy is outside of grey."""

COHERENT_FROM, WAVE_FROM = 0.5, 0.75
"""A kernel is called ``oriented`` where its coherence or its strength is above these: large kernels
hold several waves of one direction, small ones less than one wave."""

_SAMPLES = 128  # frequencies of a kernel padded with zeros, along each axis
_SAME = 1e-9  # relative difference below which powers are rounding errors apart


def checked(kernels: ArrayLike) -> Floats:
    """Return kernels (filter, 3, k_row, k_col) as float64, or say what is wrong with them.

    Raises:
        CnnvisError: another shape, NaN or infinity.
    """
    array = np.asarray(kernels)
    if array.ndim != 4 or array.shape[1] != 3 or array.size == 0:
        raise CnnvisError(
            "kernels are shown in colour where they see red, green and blue: "
            f"(filter, 3, k_row, k_col); got {array.shape}. Leave them out for deeper layers."
        )
    finite("a kernel", array)
    return array.astype(np.float64)


def tiles(kernels: ArrayLike, *, each: bool = False) -> Floats:
    """Return kernels (filter, 3, k_row, k_col) as colours (filter, k_row, k_col, 3), 0 to 1.

    Zero is mid-grey, on a symmetric scale: one for all, or for ``each`` filter its own, up to its
    largest weight.

    Raises:
        CnnvisError: another shape, NaN or infinity.

    >>> tiles(np.array([1.0, 0.0, -1.0]).reshape(1, 3, 1, 1)).ravel().tolist()
    [1.0, 0.5, 0.0]
    """
    array = checked(kernels)
    if each:
        array, _ = _scaled(array)
    else:
        array = array / symmetric_limit(array)
    return np.moveaxis(0.5 + 0.5 * array, 1, -1)


def describe(kernels: ArrayLike) -> "pd.DataFrame":
    r"""Return one row per kernel (filter, 3, k_row, k_col): what it answers to.

    Columns:

    * ``filter``: its number.
    * ``orientation``: of the stripes it answers to, in degrees from 0 to 180, counter-clockwise
      from horizontal, as seen: 0 is horizontal stripes, 90 vertical ones. NaN for flat kernels,
      and for checkered ones, whose stripes run in two directions at once.
    * ``cycles_per_pixel``, ``cycles_per_kernel``: the spatial frequency of these stripes.
    * ``strength``: the share of the energy of the kernel without its means that one wave of this
      orientation and frequency explains (0 to 1; least squares, a phase for each colour).
    * ``coherence``: how much of the power lies in one direction, whatever the frequency:
      \|sum of P exp(2i angle)\| / sum of P. 1: all of it; 0: in all directions alike, or in two
      that are square to each other.
    * ``opponency``: the share of the energy outside of the grey axis, on which red, green and blue
      are equal (0: a grey kernel; 1: colours against each other that add up to nothing).
    * ``norm``: root of the sum of squares.
    * ``label``: ``faint`` where the norm is below :data:`FAINT_BELOW` of the largest, else
      ``colour`` where the opponency is above :data:`COLOUR_FROM`, else ``oriented`` where there
      is an orientation, and coherence or strength are above :data:`COHERENT_FROM` and
      :data:`WAVE_FROM`, else ``blob``.

    Orientation and frequency are where the power spectrum P of the kernel is largest: the mean of
    each colour is taken off, the rest padded with zeros, the powers of the colours added.

    Raises:
        CnnvisError: another shape, NaN or infinity.
    """
    import pandas as pd

    array, largest = _scaled(kernels)
    centred = array - array.mean(axis=(2, 3), keepdims=True)
    power = [_power(kernel) for kernel in centred]
    peak = np.array([_peak(each) for each in power])
    strength = np.array([_explained(kernel, *at) for kernel, at in zip(centred, peak, strict=True)])
    coherence = np.array([_coherence(each) for each in power])
    opponency = colour_opponency(array)
    norm = largest * np.sqrt((array**2).sum(axis=(1, 2, 3)))
    angle = _orientation(peak)
    oriented = np.isfinite(angle) & directed(coherence, strength)
    conditions = [norm < FAINT_BELOW * norm.max(), opponency > COLOUR_FROM, oriented]
    table = pd.DataFrame(
        {
            "filter": np.arange(len(array)),
            "orientation": angle,
            "cycles_per_pixel": np.hypot(*peak.T),
            "cycles_per_kernel": np.hypot(*(peak * array.shape[2:]).T),
            "strength": strength,
            "coherence": coherence,
            "opponency": opponency,
            "norm": norm,
            "label": np.select(conditions, LABELS[:3], LABELS[3]),
        }
    )
    return table.round(6)


def directed(coherence: ArrayLike, strength: ArrayLike) -> NDArray[np.bool_]:
    """Tell whether kernels of such a coherence and strength are mostly stripes of one direction.

    >>> directed([0.9, 0.1, 0.1], [0.3, 0.9, 0.3]).tolist()
    [True, True, False]
    """
    return (np.asarray(coherence) > COHERENT_FROM) | (np.asarray(strength) > WAVE_FROM)


def colour_opponency(kernels: ArrayLike) -> Floats:
    """Return (filter,) the share of each kernel's energy outside of the grey axis, 0 to 1.

    With the weights (r, g, b) of a place, the energy is r² + g² + b², and that on the grey axis
    (r + g + b)² / 3. A kernel that is all zero has none: 0.

    >>> rgb = [[1.0, 1.0, 1.0], [1.0, -1.0, 0.0], [1.0, 0.0, 0.0]]
    >>> colour_opponency(np.reshape(rgb, (3, 3, 1, 1))).round(3).tolist()
    [0.0, 1.0, 0.667]
    """
    array, _ = _scaled(kernels)
    energy = (array**2).sum(axis=(1, 2, 3))
    grey = (array.sum(axis=1) ** 2).sum(axis=(1, 2)) / 3
    share = 1 - grey / np.where(energy > 0, energy, 1)
    return np.asarray(np.clip(share, 0, 1) * (energy > 0))


def _scaled(kernels: ArrayLike) -> tuple[Floats, Floats]:
    """Return checked kernels up to 1, and the largest weight of each; tiny squares would vanish."""
    array = checked(kernels)
    largest = np.abs(array).max(axis=(1, 2, 3))
    return array / np.where(largest > 0, largest, 1)[:, None, None, None], largest


def _power(kernel: Floats) -> Floats:
    """Return the power (row, col) at the frequencies of :func:`_frequencies`, of all colours."""
    samples = max(_SAMPLES, 4 * max(kernel.shape[1:]))
    spectrum = np.fft.rfft2(kernel, (samples, samples))
    return np.asarray((np.abs(spectrum) ** 2).sum(axis=0))


def _frequencies(power: Floats) -> tuple[Floats, Floats]:
    """Return the frequencies along rows and along columns (n, 1) and (m,), cycles per pixel.

    Of each pair of opposite waves only the one to the right is there; those along the rows are
    there twice.
    """
    samples = len(power)
    rows, cols = np.fft.fftfreq(samples), np.fft.rfftfreq(samples)
    return rows.astype(np.float64)[:, None], cols.astype(np.float64)


def _peak(power: Floats) -> tuple[float, float]:
    """Return the frequency (row, col), cycles per pixel, of the largest power; 0, 0 of nothing."""
    if not power.max() > 0:
        return 0.0, 0.0
    # Symmetric kernels have several equal peaks: take the first, whatever the rounding.
    place = np.argmax(power >= power.max() * (1 - _SAME))
    row, col = np.unravel_index(place, power.shape)
    rows, cols = _frequencies(power)
    return float(rows[row, 0]), float(cols[col])


def _orientation(peaks: Floats) -> Floats:
    """Return the direction (filter,) of the stripes of frequencies (filter, 2), in degrees or NaN.

    At the highest frequency of one axis, a wave to the left and one to the right have the same
    values at every pixel: unless it runs along that axis, it has no one direction.
    """
    row, col = peaks.T
    highest = (np.abs(peaks) == 0.5).any(axis=1)
    none = ((row == 0) & (col == 0)) | (highest & (row != 0) & (col != 0))
    angle = np.degrees(np.arctan2(-row, col)) + 90
    return np.asarray(np.where(none, np.nan, angle.round(6) % 180))


def _coherence(power: Floats) -> float:
    """Return how much of the power lies in one direction, 0 to 1."""
    rows, cols = _frequencies(power)
    # Both halves of the first column are there. The highest frequencies have no single direction:
    # on a grid, opposite ones are the same.
    weight = power * np.where(cols > 0, 1.0, 0.5) * (np.abs(rows) < 0.5) * (cols < 0.5)
    if not weight.sum() > 0:
        return 0.0
    return float(abs((weight * np.exp(2j * np.arctan2(rows, cols))).sum()) / weight.sum())


def _explained(kernel: Floats, row: float, col: float) -> float:
    """Return the share of a kernel's energy that one wave explains, a phase for each colour."""
    energy = float((kernel**2).sum())
    if energy == 0:
        return 0.0
    rows, cols = np.indices(kernel.shape[1:])
    phase = 2 * np.pi * (row * rows + col * cols).ravel()
    waves = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    colours = kernel.reshape(len(kernel), -1).T
    fit = waves @ np.linalg.lstsq(waves, colours, rcond=1e-9)[0]
    return float(min(1.0, (fit**2).sum() / energy))
