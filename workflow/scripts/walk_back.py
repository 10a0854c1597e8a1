"""Walk from class scores back to the pixels, for one by two sets of choices."""

from cnnvis.workflow import job


def main(weights, manifest, network, names, options, others, code, output, watch):
    """Write two backtrack files of one a batch of images at a time.

    They differ in their choices alone, and share the network and what it recorded.
    """
    from contextlib import ExitStack

    from cnnvis import backtrack, inputs
    from cnnvis import network as networks

    given = inputs.read(weights, manifest, network, graph=networks.trace)
    net = networks.fold(given.net)
    wanted = backtrack.needed(net, net.scores)
    with ExitStack() as files:
        walks = []
        for path, choices in ((output.backtracks, options), (output.objects, options | others)):
            params = {"network": network, "options": choices}
            writer = files.enter_context(opened(path, net, given, params, code))
            walks.append((choices, writer))
        for part in given.batches(options["batch"], watch):
            record = networks.record(net, part.pixels, wanted)
            for choices, writer in walks:
                append(net, record, part, names, choices, writer)


def opened(path, net, given, params, code):
    """Begin a backtrack file."""
    from cnnvis import backtrack, backtrack_file, classes, provenance

    made = provenance.of(
        "walk_back",
        params=params,
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    return backtrack_file.create(
        path,
        nodes=backtrack.reachable(net, net.scores),
        image_node=net.image,
        images=given.labels,
        provenance=made,
        ranks=classes.best_count(params["options"]["target"]) or 1,
        attrs={"model": params["network"]["name"]},
    )


def append(net, record, part, names, options, writer):
    """Walk back from the classes of a batch, and write where that leads."""
    import numpy as np

    from cnnvis import backtrack, predictions

    choices = {key: value for key, value in options.items() if key not in ("target", "batch")}
    scores = record[net.scores].numpy(force=True)
    targets = predictions.targets(options["target"], scores, names)
    starts = backtrack.Starts.ranked(net.scores, targets)
    found = backtrack.from_units(net, record, starts, backtrack.Options.of(choices))
    score = np.take_along_axis(scores, targets, axis=1)
    writer.append(part.names, found, target=targets, score=score, frames=part.frames)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.classes,
            snakemake.params.options,
            snakemake.params.others,
            snakemake.params.code,
            snakemake.output,
            watch,
        )
