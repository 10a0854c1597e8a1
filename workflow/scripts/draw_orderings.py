"""Draw the orders of one layer side by side, and how good each is."""

from cnnvis.workflow import job


def main(activations, orders, similarity, network, layer, image, permutations, formats, output):
    """Write one figure into a folder."""
    from pathlib import Path

    import numpy as np

    from cnnvis import compare, ordering, store
    from cnnvis.figures import style
    from cnnvis.figures.orderings import side_by_side

    shown = store.image_id(activations, image)
    made = {order.method: order for order in map(ordering.read, orders)}
    likeness = np.load(similarity, allow_pickle=False)
    figure = side_by_side(
        store.read(activations, layer=layer, image=shown),
        made,
        likeness,
        {
            name: compare.quality(likeness, order, draws=permutations)
            for name, order in made.items()
        },
        title=f"{network}, {layer}: {len(made)} orders of the same channels, shown on {shown}",
    )
    origin = ordering.provenance(orders[0])
    style.save(figure, Path(output) / "side_by_side", formats=formats, provenance=origin)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.input.similarity[0],
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.image,
            snakemake.params.permutations,
            snakemake.params.formats,
            snakemake.output[0],
        )
