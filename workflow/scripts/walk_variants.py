"""Walk one photo back with several choices of the method."""

from cnnvis.workflow import job


def main(weights, manifest, network, classes, options, choices, code, output):
    """Write the variants file of one photo."""
    from cnnvis import backtrack, inputs, predictions, provenance, variant_file
    from cnnvis import network as networks
    from cnnvis.backtrack import variants

    given = inputs.read(weights, manifest, network, graph=networks.trace).only(choices["image"])
    net = networks.fold(given.net)
    (part,) = given.batches(1)
    record = networks.record(net, part.pixels)
    targets = predictions.targets(options["target"], record[net.scores].numpy(force=True), classes)
    own = backtrack.Options(
        **{key: value for key, value in options.items() if key not in ("target", "batch")}
    )
    found = variants.compared(
        net,
        record,
        variants.choices(own, choices["winners"], choices["k"]),
        image=part.names[0],
        target=int(targets[0, 0]),
        frame=part.frames[0],
        layers=choices["layers"],
    )
    made = provenance.of(
        "walk_variants",
        params={"network": network, "options": options, "choices": choices},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "torch"),
    )
    variant_file.write(output, found, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.classes,
            snakemake.params.options,
            snakemake.params.choices,
            snakemake.params.code,
            snakemake.output[0],
        )
