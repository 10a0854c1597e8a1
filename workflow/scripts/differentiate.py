"""Differentiate the scores of classes by the filters of one layer, for one shard of images."""

from cnnvis.workflow import job


def main(weights, manifest, network, layer, classes, units, batch, shard, code, output, watch):
    """Write the gradient file of one shard, a batch of images at a time."""
    from cnnvis import classes as names
    from cnnvis import gradient_file, gradients, inputs, provenance
    from cnnvis.predictions import class_name

    given = inputs.read(weights, manifest, network, shard)
    wanted = [names.index_of(unit, classes) for unit in units]
    made = provenance.of(
        "differentiate",
        params={"network": network, "layer": layer, "units": wanted, "shard": shard},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    with gradient_file.create(
        output,
        layer=layer,
        units=[
            gradient_file.Unit(index, class_name(index, names.names_of(classes)))
            for index in wanted
        ],
        shape=gradients.weight_shape(given.net, layer),
        images=given.labels,
        provenance=made,
        attrs={"model": network["name"]},
    ) as writer:
        for part in given.batches(batch, watch):
            found, scores = gradients.filters_by_class_and_scores(
                given.net, part.pixels, layer=layer, classes=wanted
            )
            best, own = scores.argmax(axis=1), scores[:, wanted]
            writer.append(part.names, found.swapaxes(0, 1), predicted=best, score=own)


if "snakemake" in globals():
    with job(snakemake.log[0]) as watch:
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.wildcards.layer,
            snakemake.params.classes,
            snakemake.params.units,
            snakemake.params.batch,
            snakemake.params.shard,
            snakemake.params.code,
            snakemake.output[0],
            watch,
        )
