"""Walk from class scores back to the pixels, for one shard of images."""

from cnnvis.workflow import job


def main(weights, manifest, network, names, options, shard, code, output):
    """Write the backtrack file of one shard, a batch of images at a time."""
    import numpy as np

    from cnnvis import backtrack, backtrack_file, classes, inputs, predictions, provenance
    from cnnvis import network as networks

    given = inputs.read(weights, manifest, network, shard, graph=networks.trace)
    net = networks.fold(given.net)
    wanted = backtrack.needed(net, net.scores)
    choices = backtrack.Options(
        **{key: value for key, value in options.items() if key not in ("target", "batch")}
    )
    made = provenance.of(
        "walk_back",
        params={"network": network, "options": options, "shard": shard},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    with backtrack_file.create(
        output,
        nodes=backtrack.reachable(net, net.scores),
        image_node=net.image,
        images=given.labels,
        provenance=made,
        ranks=classes.best_count(options["target"]) or 1,
        attrs={"model": network["name"]},
    ) as writer:
        for part in given.batches(options["batch"]):
            record = networks.record(net, part.pixels, wanted)
            scores = record[net.scores]
            targets = predictions.targets(options["target"], scores.numpy(), names)
            starts = backtrack.Starts.ranked(net.scores, targets)
            found = backtrack.from_units(net, record, starts, choices)
            score = np.take_along_axis(scores.numpy(), targets, axis=1)
            writer.append(part.names, found, target=targets, score=score, frames=part.frames)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.classes,
            snakemake.params.options,
            snakemake.params.shard,
            snakemake.params.code,
            snakemake.output[0],
        )
