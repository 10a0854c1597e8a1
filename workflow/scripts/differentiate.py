"""Differentiate the score of one class by the filters of one layer, for one shard of images."""

from cnnvis.workflow import job


def main(weights, manifest, network, layer, classes, unit, batch, shard, code, output):
    """Write the gradient file of one shard, a batch of images at a time."""
    from cnnvis import classes as names
    from cnnvis import gradient_file, gradients, inputs, provenance

    given = inputs.read(weights, manifest, network, shard)
    target = names.index_of(unit, classes)
    made = provenance.of(
        "differentiate",
        params={"network": network, "layer": layer, "unit": target, "shard": shard},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    with gradient_file.create(
        output,
        layer=layer,
        unit=target,
        shape=gradients.weight_shape(given.net, layer),
        images=given.labels,
        provenance=made,
        attrs={"model": network["name"]},
    ) as writer:
        for part in given.batches(batch):
            found, scores = gradients.filters_and_scores(
                given.net, part.pixels, layer=layer, target=target
            )
            writer.append(
                part.names, found, predicted=scores.argmax(axis=1), score=scores[:, target]
            )


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.wildcards.layer,
            snakemake.params.classes,
            snakemake.params.unit,
            snakemake.params.batch,
            snakemake.params.shard,
            snakemake.params.code,
            snakemake.output[0],
        )
