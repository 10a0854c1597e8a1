"""Order the channels of one layer by a single method."""

from cnnvis.workflow import job


def main(activations, layer, source, method, options, code, output):
    """Write the order."""
    from cnnvis import hdf5, ordering, provenance, store

    maps = store.maps_of(activations, layer=layer, source=source)
    order = ordering.order_set(maps, method, source=source, **options)
    made = provenance.of(
        "order_channels",
        params={"layer": layer, "source": source, "method": method, "options": options},
        inputs={"activations": hdf5.provenance_digest(activations)},
        source=code,
        packages=("numpy", "scikit-learn", "scipy"),
    )
    ordering.write(output, order, made.to_json())


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.wildcards.layer,
            snakemake.wildcards.source,
            snakemake.wildcards.method,
            snakemake.params.options,
            snakemake.params.code,
            snakemake.output[0],
        )
