"""Order the channels of one layer by every wanted method, and judge each order."""

from cnnvis.workflow import job


def main(activations, layer, source, methods, options, permutations, code, output):
    """Write one order per method, how good each is, and how alike the channels are."""
    from cnnvis import compare, files, hdf5, ordering, provenance, store

    likeness = compare.similarity_set(store.maps_of(activations, layer=layer, source=source))
    orders = {}
    for method, path in zip(methods, output.orders, strict=True):
        maps = store.maps_of(activations, layer=layer, source=source)
        orders[method] = ordering.order_set(maps, method, source=source, **options[method])
        made = provenance.of(
            "order_channels",
            params={"layer": layer, "source": source, "method": method, "options": options[method]},
            inputs={"activations": hdf5.provenance_digest(activations)},
            source=code,
            packages=("numpy", "scikit-learn", "scipy"),
        )
        ordering.write(path, orders[method], made.to_json())
    table = compare.quality_table(likeness, orders, draws=permutations)
    files.write_text(output.quality, table.to_csv(sep="\t", index=False, lineterminator="\n"))
    files.write_array(output.similarity, likeness)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.activations,
            snakemake.wildcards.layer,
            snakemake.wildcards.source,
            snakemake.params.methods,
            snakemake.params.options,
            snakemake.params.permutations,
            snakemake.params.code,
            snakemake.output,
        )
