"""Describe and draw the kernels of one layer that sees the image."""

from cnnvis.workflow import job


def main(weights, network, layer, formats, table, figures):
    """Write the table, and one figure into a folder."""
    from pathlib import Path

    from cnnvis import kernel_file, kernels, table_file
    from cnnvis.figures import style
    from cnnvis.figures.kernels import overview

    values = kernel_file.read(weights, layer)
    found = kernels.describe(values)
    figure = overview(values, found, title=f"{network}, {layer}: kernels and what they answer to")
    made = kernel_file.provenance(weights)
    style.save(figure, Path(figures) / "kernels", formats=formats, provenance=made)
    table_file.write(table, found)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.weights,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.formats,
            snakemake.output.table,
            snakemake.output.figures,
        )
