"""Write the maps of one layer as volumes, in every order."""

from cnnvis.workflow import job


def main(activations, orders, layer, options, output):
    """Write one volume per order and format, into a folder."""
    from pathlib import Path

    from cnnvis import export, ordering, store, volume

    image = store.image_id(activations, options["image"])
    maps = store.read(activations, layer=layer, image=image)
    limits = (float(min(0, maps.min())), float(maps.max()))
    spec = store.layer(activations, layer)
    for path in orders:
        order = ordering.read(path)
        name = f"{layer} of {image}, {order.method} order"
        stacked = volume.stack(maps, order, spacing=spec.voxel, name=name)
        for suffix in options["formats"]:
            target = Path(output) / f"{order.method}.{suffix}"
            export.write(stacked, target, dtype=options["dtype"], limits=limits)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.wildcards.layer,
            snakemake.params.options,
            snakemake.output[0],
        )
