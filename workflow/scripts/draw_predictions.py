"""Draw the photos of a set with the best classes of each."""

from cnnvis.workflow import job


def main(activations, manifest, network, classes, formats, output):
    """Write one figure into a folder."""
    from pathlib import Path

    from cnnvis import images, manifests, predictions, store
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.predictions import best_classes

    rows = manifests.read_manifest(manifest)
    figure = best_classes(
        list(images.Photos(rows).values()),
        [label.id for label in manifests.labels(rows)],
        predictions.probabilities(store.scores(activations)),
        class_names=names_of(classes),
        true=[label.class_index for label in manifests.labels(rows)],
        count=predictions.BEST,
        title=f"What {network} says of each photo",
    )
    made = store.provenance(activations).to_json()
    style.save(figure, Path(output) / "best_classes", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.manifest,
            snakemake.wildcards.network,
            snakemake.params.classes,
            snakemake.params.formats,
            snakemake.output[0],
        )
