"""Order the channels of one layer by every wanted method, and judge each order."""

from cnnvis.workflow import job


def main(given, layer, source, methods, options, slices, series, permutations, code, output):
    """Write one order per method, how good each is, and how far they agree."""
    import pandas as pd

    from cnnvis import compare, files, ordering, provenance, quality, statistics_file, table_file

    digests, sums = statistics_file.sums_of(
        **given, layer=layer, source=source, slices=[tuple(one) for one in slices]
    )

    def write(name, table):
        table_file.write(getattr(output, name), table.round(6))

    orders = {}
    for method, path in zip(methods, [*output.orders, *output.controls], strict=True):
        orders[method] = ordering.order_set(sums, method, source=source, **options[method])
        made = provenance.of(
            "order_channels",
            params={"layer": layer, "source": source, "method": method, "options": options[method]},
            inputs=digests,
            source=code,
            packages=("numpy", "scikit-learn", "scipy"),
        )
        ordering.write(path, orders[method], made.to_json())

    likeness = compare.similarity_set(sums)
    files.write_array(output.similarity, likeness)
    null = quality.permutation_null(likeness, draws=permutations)
    write("null", pd.DataFrame(null, columns=quality.CRITERIA))
    judged = {name: quality.judge(likeness, order, null) for name, order in orders.items()}
    bright = ordering.order_set(sums, "brightness").score
    by_brightness = [compare.score_correlation(order, bright) for order in orders.values()]
    write("quality", quality.table(judged).assign(brightness_correlation=by_brightness))

    agree = compare.agreement(list(orders.values()))
    write("methods", compare.agreement_table(list(orders), agree))
    for axis in ("row", "col"):
        slices = ordering.order_slices(sums, axis=axis, source=source)
        agree = compare.agreement_of_slices(slices)
        write(f"{axis}s", compare.agreement_table([str(i) for i in range(len(slices))], agree))

    found = ordering.cluster_series(sums, source=source, **series)
    for name, table in zip(("stability", "clusters"), ordering.series_tables(found), strict=True):
        write(name, table)


if "snakemake" in globals():
    with job(snakemake):
        main(
            dict(snakemake.input.items()),
            snakemake.wildcards.layer,
            snakemake.wildcards.source,
            snakemake.params.methods,
            snakemake.params.options,
            snakemake.params.slices,
            snakemake.params.series,
            snakemake.params.permutations,
            snakemake.params.code,
            snakemake.output,
        )
