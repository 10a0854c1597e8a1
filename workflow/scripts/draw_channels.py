"""Draw all channels of one layer, once in every order."""

from cnnvis.workflow import job


def main(activations, weights, orders, network, layer, image, norm, formats, output):
    """Write one figure per order into a folder, with the kernels of a first layer beside."""
    from pathlib import Path

    from cnnvis import kernel_file, ordering, store
    from cnnvis.figures import style
    from cnnvis.figures.channels import grid

    shown = store.image_id(activations, image)
    maps = store.read(activations, layer=layer, image=shown)
    kernels = kernel_file.of_colours(weights, store.layer(activations, layer).convolution)
    read = [ordering.read(path) for path in orders]
    clusters = [order.cluster for order in read if order.cluster is not None]
    for path, order in zip(orders, read, strict=True):
        title = f"{network}, {layer}: {shown}, {order.method} order"
        strips = clusters[0] if clusters and order.cluster is None else None
        figure = grid(maps, order, norm=norm, kernels=kernels, cluster=strips, title=title)
        made = ordering.provenance(path)
        style.save(figure, Path(output) / order.method, formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.weights,
            snakemake.input.orders,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.image,
            snakemake.params.norm,
            snakemake.params.formats,
            snakemake.output[0],
        )
