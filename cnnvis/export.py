"""Volumes as files for the viewers of others. To add a format: one writer, named in ``FORMATS``.

Equal volumes give equal bytes. Values are little-endian, columns vary fastest, then rows, then
planes.
"""

import os
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from cnnvis.errors import FileError, did_you_mean
from cnnvis.files import replacing
from cnnvis.volume import Volume, to_bytes

DTYPES = ("uint8", "float32", "binary")
"""What a voxel can be written as. ``binary`` is one byte, 0 or 1."""

Limits = tuple[float, float]

_VTI = """<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">
  <ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{spacing}">
{field}    <Piece Extent="{extent}">
      <PointData Scalars={name}>
        <DataArray type="{kind}" Name={name} format="appended" offset="0"/>
      </PointData>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
"""
_VTI_END = b"\n  </AppendedData>\n</VTKFile>\n"
_FIELD = """    <FieldData>
      <DataArray type="Float64" Name="limits" NumberOfTuples="2" format="ascii">
        {low!r} {high!r}
      </DataArray>
    </FieldData>
"""


def write(
    volume: Volume,
    path: str | os.PathLike[str],
    *,
    dtype: str = "uint8",
    limits: Limits | None = None,
) -> None:
    """Write a volume in the format that the suffix of ``path`` names.

    * ``.hd``: a text header for the CGV viewer, with the voxels in a ``.vox`` file of the same name
      beside it. The viewer's example reads ``uint8`` only.
    * ``.nrrd``: one file for 3D Slicer, ParaView, napari and others.
    * ``.vti``: one file for ParaView and all that is built on VTK.

    Args:
        volume: what to write.
        path: where to.
        dtype: ``uint8``, for viewing; ``float32``, the values themselves; or ``binary``, 1 above
            the middle between the limits and 0 below: the share of the range, rounded without a
            factor of 255, as the volumes of CNN-VIS (2016) were.
        limits: the values that become 0 and 255 as ``uint8``, 0 and 1 as ``binary``; by default the
            least and the greatest of the volume. Give volumes to be compared the same limits, and
            signed ones symmetric limits (:func:`cnnvis.volume.symmetric_limit`), so that zero is in
            the middle. Values as ``float32`` are what they are, whatever the limits.

    Raises:
        FileError: an unknown suffix or dtype, values too large for ``float32``, a name that the
            format cannot hold, a full disk or a read-only folder. Nothing is written.
        CnnvisError: limits that are not finite, or the wrong way round.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise FileError(
            f"cannot write a volume as {target.name!r}: there is no format {suffix!r}; choose one "
            f"of {', '.join(FORMATS)}{did_you_mean(suffix, FORMATS)}."
        )
    voxels, shown = _voxels(volume, dtype, limits)
    FORMATS[suffix](volume, voxels, shown, target)


def _voxels(
    volume: Volume, dtype: str, limits: Limits | None
) -> tuple[NDArray[Any], Limits | None]:
    """Return voxels (plane, row, col) as they are written, and the values of 0 and 255 if any."""
    least, greatest = float(volume.data.min()), float(volume.data.max())
    low, high = limits or (least, greatest)
    if dtype == "uint8":
        return to_bytes(volume.data, low, high), (low, high)
    if dtype == "binary":
        return to_bytes(volume.data, low, high, top=1), None
    if dtype != "float32":
        raise FileError(f"voxels are written as {', '.join(DTYPES)}, not as {dtype!r}.")
    if max(-least, greatest) > float(np.finfo(np.float32).max):
        raise FileError(f"values from {least} to {greatest} do not fit float32; scale them down.")
    return volume.data.astype("<f4"), None


def _write_hd(volume: Volume, voxels: NDArray[Any], limits: Limits | None, path: Path) -> None:
    """Write the header and raw voxels of the CGV viewer.

    The header gives sizes and spacing in the order x, y, z: columns, rows, planes. ``Spacing`` is
    per voxel and has to follow ``Size``.
    """
    words = {"uint8": "unsigned byte", "float32": "float"}[voxels.dtype.name]
    size = "x".join(str(length) for length in reversed(voxels.shape))
    spacing = "x".join(f"{step:.9g}" for step in reversed(volume.spacing))
    text = f"Size: {size} {words} Luminance\nSpacing: {spacing}\n"
    # The header takes its place last: where there is a header, its voxels are there.
    with replacing(path) as header, replacing(path.with_suffix(".vox")) as data:
        data.write_bytes(voxels.tobytes())
        header.write_text(text, encoding="ascii")


def _write_nrrd(volume: Volume, voxels: NDArray[Any], limits: Limits | None, path: Path) -> None:
    """Write a NRRD file with raw encoding: spacing, axis labels, and the values of 0 and 255."""
    import nrrd

    texts = (volume.name, *volume.axes)
    if not all(text.isascii() and text.isprintable() and '"' not in text for text in texts):
        raise FileError(
            f"a NRRD header holds plain ASCII without quotes; got {texts!r}. Rename the volume."
        )
    header: dict[str, Any] = {
        "encoding": "raw",
        "space dimension": 3,
        "space directions": np.diag(volume.spacing[::-1]),
        "space origin": np.zeros(3),
        "kinds": ["domain"] * 3,
        "labels": list(volume.axes[::-1]),
    }
    if volume.name:
        header["content"] = volume.name
    if limits:
        header["old min"], header["old max"] = limits
    buffer = BytesIO()
    with warnings.catch_warnings():
        # The library reads the clock in a way that newer Pythons warn about.
        warnings.simplefilter("ignore", DeprecationWarning)
        nrrd.write(buffer, voxels, header, index_order="C")
    with replacing(path) as temporary:
        temporary.write_bytes(_undated(buffer.getvalue()))


def _undated(content: bytes) -> bytes:
    """Drop the comments of a NRRD header: the library writes the date into one."""
    header, _, data = content.partition(b"\n\n")
    lines = [line for line in header.split(b"\n") if not line.startswith(b"#")]
    return b"\n".join(lines) + b"\n\n" + data


def _write_vti(volume: Volume, voxels: NDArray[Any], limits: Limits | None, path: Path) -> None:
    """Write VTK's XML image data, raw voxels behind the XML: "VTK File Formats" of its manual.

    Extents, spacing and points go x, y, z: columns, rows, planes. The values of 0 and 255 are an
    array of the field data, ``limits``. The voxels follow an underscore and their size in bytes.
    """
    name = volume.name or "value"
    if not name.isprintable():
        raise FileError(f"a name in XML is of printable letters; got {name!r}. Rename the volume.")
    kind = {"uint8": "UInt8", "float32": "Float32"}[voxels.dtype.name]
    extent = " ".join(f"0 {length - 1}" for length in reversed(voxels.shape))
    spacing = " ".join(f"{step:.9g}" for step in reversed(volume.spacing))
    field = _FIELD.format(low=limits[0], high=limits[1]) if limits else ""
    head = _VTI.format(
        extent=extent, spacing=spacing, field=field, name=quoteattr(name), kind=kind
    ).encode("utf-8")
    size = np.array(voxels.nbytes, "<u8").tobytes()
    with replacing(path) as temporary:
        temporary.write_bytes(head + b"_" + size + voxels.tobytes() + _VTI_END)


FORMATS: dict[str, Callable[[Volume, NDArray[Any], Limits | None, Path], None]] = {
    ".hd": _write_hd,
    ".nrrd": _write_nrrd,
    ".vti": _write_vti,
}
"""The writers, by suffix."""
