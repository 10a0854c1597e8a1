"""Walk back from classes and from every channel, for one shard: what the explorer shows."""

from cnnvis.workflow import job


def main(weights, manifest, network, layers, names, options, units, code, output, watch):
    """Write the backtrack file of one shard, a batch of images at a time."""
    from functools import partial

    from cnnvis import backtrack, backtrack_file, inputs, predictions, provenance, walks
    from cnnvis.classes import best_count

    given = inputs.read(weights, manifest, network)
    choices = backtrack.Options.of(
        {key: value for key, value in options.items() if key not in ("target", "batch")}
    )
    classes = best_count(options["target"]) or 1
    ways = walks.routes(given.net, layers, classes=classes, units=units, options=choices)
    nodes = walks.shown(ways, layers)
    made = provenance.of(
        "walk_channels",
        params={
            "network": network,
            "layers": layers,
            "options": options,
            "units": units,
        },
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    targets = partial(predictions.targets, options["target"], classes=names)
    with backtrack_file.create(
        output,
        nodes=nodes,
        image_node=given.net.image,
        images=given.labels,
        provenance=made,
        ranks=sum(way.count for way in ways),
        start_nodes=[way.node for way in ways for _ in range(way.count)],
        node_attrs=walks.described(given.net, nodes),
        attrs={
            "model": network["name"],
            "scores_node": given.net.scores,
            "units": units,
            "refused": {way.node: way.refused for way in ways if way.refused},
        },
    ) as writer:
        for part in given.batches(options["batch"], watch):
            found = walks.walk(ways, nodes, part.pixels, targets=targets, options=choices)
            writer.append(
                part.names,
                found,
                target=found.target,
                score=found.score,
                frames=part.frames,
                place=found.place,
            )


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.layers,
            snakemake.params.classes,
            snakemake.params.options,
            snakemake.params.units,
            snakemake.params.code,
            snakemake.output[0],
            watch,
        )
