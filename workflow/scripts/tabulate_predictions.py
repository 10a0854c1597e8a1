"""List the best classes of every image."""

from cnnvis.workflow import job


def main(activations, classes, output):
    """Write the table of predictions."""
    from cnnvis import predictions, store, table_file
    from cnnvis.classes import names_of

    images = store.images(activations)
    table = predictions.table(
        [image.id for image in images],
        [image.class_index for image in images],
        [image.role for image in images],
        store.scores(activations),
        names_of(classes),
    )
    table_file.write(output, table)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake.input.activations, snakemake.params.classes, snakemake.output.table)
