"""Order the channels of one layer by a single method."""

from cnnvis.workflow import job


def main(given, layer, source, method, options, slices, code, output):
    """Write the order."""
    from cnnvis import ordering, provenance, statistics_file

    digests, sums = statistics_file.sums_of(
        **given, layer=layer, source=source, slices=[tuple(one) for one in slices]
    )
    order = ordering.order_set(sums, method, source=source, **options)
    made = provenance.of(
        "order_channels",
        params={"layer": layer, "source": source, "method": method, "options": options},
        inputs=digests,
        source=code,
        packages=("numpy", "scikit-learn", "scipy"),
    )
    ordering.write(output, order, made.to_json())


if "snakemake" in globals():
    with job(snakemake):
        main(
            dict(snakemake.input.items()),
            snakemake.wildcards.layer,
            snakemake.wildcards.source,
            snakemake.wildcards.method,
            snakemake.params.options,
            snakemake.params.slices,
            snakemake.params.code,
            snakemake.output[0],
        )
