"""Write the maps of one layer for one image as volumes, in the orders given."""

from cnnvis.workflow import job


def main(activations, orders, layer, image, dtype, output):
    """Write one volume per order and format; the orders share their limits."""
    from pathlib import Path

    from cnnvis import export, ordering, store, volume

    shown = store.image_id(activations, image)
    maps = store.read(activations, layer=layer, image=shown)
    limits = volume.layer_limits(maps)
    spec = store.layer(activations, layer)
    for path in orders:
        order = ordering.read(path)
        name = f"{layer} of {shown}, {order.method} order"
        stacked = volume.stack(maps, order, spacing=spec.voxel, name=name)
        for target in map(Path, output):
            if target.stem == order.method and target.suffix in export.FORMATS:
                export.write(stacked, target, dtype=dtype, limits=limits)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.wildcards.layer,
            snakemake.wildcards.image,
            snakemake.params.dtype,
            snakemake.output,
        )
