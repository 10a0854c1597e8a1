"""Record the wanted layers and the class scores of one shard of images."""

from cnnvis.workflow import job


def main(weights, manifest, network, layers, options, code, output, watch):
    """Write the activation file of one a batch of images at a time."""
    from cnnvis import inputs, pipeline, provenance, store
    from cnnvis import network as networks

    given = inputs.read(weights, manifest, network)
    net = given.net
    made = provenance.of(
        "extract",
        params={"network": network, "layers": layers, "options": options},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    with (
        store.create(
            output,
            layers=store.describe(net, layers),
            images=given.labels,
            n_classes=net.nodes[net.scores].shape[0],
            attrs={"model": network["name"], "weights_sha256": given.weights_sha256},
            provenance=made,
            dtype=options["dtype"],
            compression=None if options["compression"] == "none" else options["compression"],
        ) as writer,
        pipeline.behind(writer.append) as append,
    ):
        for batch in given.batches(options["batch"], watch):
            record = networks.record(net, batch.pixels, [*layers, net.scores])
            maps = {layer: record[layer].numpy(force=True) for layer in layers}
            append(batch.names, maps, record[net.scores].numpy(force=True))


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.layers,
            snakemake.params.options,
            snakemake.params.code,
            snakemake.output[0],
            watch,
        )
