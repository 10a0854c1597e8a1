"""Render the maps of one layer as a volume, once in every order."""

from cnnvis.workflow import job


def main(activations, orders, network, layer, image, formats, output):
    """Write one figure with a still picture per order into a folder."""
    from pathlib import Path

    from cnnvis import ordering, store, volume
    from cnnvis.figures import style
    from cnnvis.figures.volumes import stills

    shown = store.image_id(activations, image)
    maps = store.read(activations, layer=layer, image=shown)
    voxel = store.layer(activations, layer).voxel
    figure = stills(
        {
            order.method: volume.stack(maps, order, spacing=voxel)
            for order in map(ordering.read, orders)
        },
        title=f"{network}, {layer}: the maps of {shown} stacked in {len(orders)} orders",
    )
    made = ordering.provenance(orders[0])
    style.save(figure, Path(output) / "stills", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.image,
            snakemake.params.formats,
            snakemake.output[0],
        )
