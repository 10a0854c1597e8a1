"""Draw the orders of one layer: on the maps, on one slice, against chance, with each other."""

from cnnvis.workflow import job


def main(activations, orders, tables, network, layer, image, series, source, formats, output):
    """Write four figures into a folder."""
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from cnnvis import ordering, quality, store
    from cnnvis.figures import agreement, slices, style
    from cnnvis.figures.orderings import side_by_side
    from cnnvis.figures.quality import against_chance

    def read(name):
        return pd.read_csv(getattr(tables, name)[0], sep="\t", float_precision="round_trip")

    def save(figure, name):
        style.save(figure, Path(output) / name, formats=formats, provenance=origin)

    origin = ordering.provenance(orders[0])
    where = f"{network}, {layer}"
    shown = store.image_id(activations, image)
    maps = store.read(activations, layer=layer, image=shown)
    made = {order.method: order for order in map(ordering.read, orders)}
    judged = {row["method"]: quality.from_row(row) for row in read("quality").to_dict("records")}
    likeness = np.load(tables.similarity[0], allow_pickle=False)
    title = f"{where}: {len(made)} orders of the same channels, shown on {shown}"
    save(side_by_side(maps, made, likeness, judged, title=title), "side_by_side")

    clustered = ordering.series_orders(read("clusters"), source=source)
    by_count = {f"k-means, k = {count}": order for count, order in clustered.items()}
    rest = {name: made[name] for name in ("pca_slice", "optimal_leaf") if name in made}
    natural = {"natural": ordering.order(maps, "natural")}
    title = f"{where}: one {series['axis']} of {shown}, before and after"
    figure = slices.before_and_after(
        maps,
        natural | by_count | rest,
        axis=series["axis"],
        index=series["index"],
        title=title,
    )
    save(figure, "slice")

    null = read("null")[list(quality.CRITERIA)].to_numpy()
    title = f"{where}: {len(judged)} orders against {len(null)} random ones"
    save(against_chance(judged, null, title=title), "quality")

    panels = {}
    for name, heading in (("methods", "methods"), ("rows", "by rows"), ("cols", "by columns")):
        table = read(name).set_index("order")
        panels[heading] = (list(table.columns), table.to_numpy())
    title = f"{where}: how far orders agree"
    save(agreement.agreement_panels(panels, title=title), "agreement")


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.orders,
            snakemake.input,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.image,
            snakemake.params.series,
            snakemake.params.source,
            snakemake.params.formats,
            snakemake.output[0],
        )
