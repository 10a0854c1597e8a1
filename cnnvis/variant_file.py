"""The variants file: one photo walked back with several choices of the method.

    /variant                          (variant,): names
    /kind, /winner, /position, /k     (variant,): why it is there, and how it was walked
    /points                           (variant,): units that it came to, in all layers together
    /start_edge                       (edge,): variant v has the fixations from start_edge[v] on
    /index                            (point, axis): the pixels of the input it ended at, (row, col)
    /weight                           (point,)
    /frame                            (field,): how the photo became the input
    /nodes/<node>/mean                (row, col): the mean map, where the node has rows and columns

The nodes are the milestones at which a walk is shown, from the input on; @op says what a node does.
"""

import os

import h5py
import numpy as np

from cnnvis import dimensions, hdf5
from cnnvis.backtrack_writer import FRAME_FIELDS
from cnnvis.geometry import Frame
from cnnvis.provenance import Provenance
from cnnvis.variants import Milestone, Variant, Variants

SCHEMA = "cnnvis/variants"
VERSION = 1

_CHOICES = ("winner", "position", "k")

Path = str | os.PathLike[str]


def write(path: Path, variants: Variants, *, provenance: Provenance) -> None:
    """Write all variants of one photo.

    Raises:
        FileError: the disk is full, or the folder cannot be written to.
    """
    attrs = {"image": variants.image, "target": variants.target}
    with hdf5.create(
        path, schema=SCHEMA, version=VERSION, provenance=provenance, attrs=attrs
    ) as file:
        _write_found(file, variants.found)
        field = dimensions.scale(file, "field", FRAME_FIELDS)
        dimensions.table(file, "frame", np.array(variants.frame.numbers, np.int32), [field])
        for node, milestone in variants.milestones.items():
            group = file.create_group(f"nodes/{node}", track_order=True)
            group.attrs["op"] = milestone.kind
            mean = milestone.mean
            if mean is not None:
                row = dimensions.extent(group, "row", mean.shape[0])
                col = dimensions.extent(group, "col", mean.shape[1])
                dimensions.table(group, "mean", mean, [row, col])


def read(path: Path) -> Variants:
    """Return all variants of the photo.

    Raises:
        FileError, StoreError: there is no such file, or it is of another kind.
    """
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        return Variants(
            image=str(file.attrs["image"]),
            target=int(file.attrs["target"]),
            frame=Frame.from_numbers(file["frame"][:]),
            found=_read_found(file),
            milestones={
                node: Milestone(
                    str(group.attrs["op"]), group["mean"][:] if "mean" in group else None
                )
                for node, group in file["nodes"].items()
            },
        )


def provenance(path: Path) -> Provenance:
    """Return where the variants come from."""
    with hdf5.open_checked(path, SCHEMA, VERSION) as file:
        return hdf5.provenance_of(file)


def _write_found(file: h5py.File, found: tuple[Variant, ...]) -> None:
    """Write what there is of every variant, and the fixations of one after the other."""
    variant = dimensions.scale(file, "variant", [one.name for one in found])
    dimensions.table(file, "kind", [one.kind for one in found], [variant])
    for name in _CHOICES:
        dimensions.table(file, name, [one.choice[name] for one in found], [variant])
    dimensions.table(file, "points", np.array([one.points for one in found], np.int64), [variant])
    counts = [len(one.weight) for one in found]
    edge = dimensions.extent(file, "edge", len(found) + 1)
    dimensions.table(file, "start_edge", np.cumsum([0, *counts], dtype=np.int64), [edge])
    point = dimensions.extent(file, "point", sum(counts))
    axis = dimensions.scale(file, "axis", ("row", "col"))
    index = np.concatenate([one.index for one in found]).astype(np.int32)
    dimensions.table(file, "index", index, [point, axis])
    dimensions.table(file, "weight", np.concatenate([one.weight for one in found]), [point])


def _read_found(file: h5py.File) -> tuple[Variant, ...]:
    """Return the variants as they were written."""
    columns = {name: file[name].asstr()[:] for name in ("kind", "variant", *_CHOICES)}
    points, edges = file["points"][:], file["start_edge"][:]
    index, weight = file["index"][:].astype(np.int64), file["weight"][:]
    return tuple(
        Variant(
            kind=columns["kind"][place],
            name=columns["variant"][place],
            choice={name: columns[name][place] for name in _CHOICES},
            index=index[edges[place] : edges[place + 1]],
            weight=weight[edges[place] : edges[place + 1]],
            points=int(points[place]),
        )
        for place in range(len(points))
    )
