"""How a file describes a layer: the coordinates of its maps, and what its units see."""

import h5py
import numpy as np

from cnnvis import dimensions
from cnnvis.layer_spec import LayerSpec


def write_axes(group: h5py.Group, spec: LayerSpec) -> list[h5py.Dataset]:
    """Write the coordinates of one layer; axes nobody has a name for are numbered."""
    channels, *others = spec.shape
    axes = [dimensions.scale(group, "channel", np.arange(channels, dtype=np.int32))]
    if len(others) == 2:
        for name, centres in (("row", spec.row), ("col", spec.col)):
            axes.append(dimensions.scale(group, name, centres, units="input pixels"))
        return axes
    numbered = [(f"axis_{place}", size) for place, size in enumerate(others, start=2)]
    return axes + [dimensions.scale(group, name, np.arange(size)) for name, size in numbered]


def write_attributes(dataset: h5py.Dataset, spec: LayerSpec) -> None:
    """Say of the values of a layer where they come from."""
    dataset.attrs["op"] = spec.op
    if spec.receptive_field is not None:
        dataset.attrs["receptive_field"] = spec.receptive_field
    if spec.stride is not None:
        dataset.attrs["stride"] = spec.stride
    if spec.convolution:
        dataset.attrs["convolution"] = spec.convolution


def read(dataset: h5py.Dataset, name: str, shape: tuple[int, ...]) -> LayerSpec:
    """Return the layer whose values a dataset holds, and whose output for one image has a shape."""
    group = dataset.parent
    return LayerSpec(
        name,
        shape,
        dtype=str(dataset.dtype),
        op=str(dataset.attrs["op"]),
        receptive_field=_pair(dataset, "receptive_field"),
        stride=_pair(dataset, "stride"),
        row=tuple(group["row"][:].tolist()) if "row" in group else (),
        col=tuple(group["col"][:].tolist()) if "col" in group else (),
        convolution=str(dataset.attrs.get("convolution", "")),
    )


def _pair(dataset: h5py.Dataset, name: str) -> tuple[int, int] | None:
    if name not in dataset.attrs:
        return None
    rows, cols = dataset.attrs[name]
    return int(rows), int(cols)
