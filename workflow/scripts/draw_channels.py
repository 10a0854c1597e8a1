"""Draw all channels of one layer, once in every order."""

from cnnvis.workflow import job


def main(activations, orders, network, layer, image, norm, formats, output):
    """Write one figure per order into a folder."""
    from pathlib import Path

    from cnnvis import ordering, store
    from cnnvis.figures import style
    from cnnvis.figures.channels import grid

    shown = store.image_id(activations, image)
    maps = store.read(activations, layer=layer, image=shown)
    for path in orders:
        order = ordering.read(path)
        title = f"{network}, {layer}: {shown}, {order.method} order"
        figure = grid(maps, order, norm=norm, title=title)
        made = ordering.provenance(path)
        style.save(figure, Path(output) / order.method, formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.image,
            snakemake.params.norm,
            snakemake.params.formats,
            snakemake.output[0],
        )
