"""Explain the best class of every image by all methods that the network has."""

from cnnvis.workflow import job


def main(weights, manifest, network, methods, own, code, output, watch):
    """Write the maps file."""
    from cnnvis import evaluation, inputs, map_file, provenance
    from cnnvis.map_sets import MapSet

    given = inputs.read(weights, manifest, network)
    asked = evaluation.ask(given)
    wanted = evaluation.chosen(methods, own)
    found = evaluation.explain(given.net, asked.pixels, asked.best, wanted, watch=watch)
    made = provenance.of(
        "explain_photos",
        params={"network": network, "methods": methods, "own": own},
        inputs=given.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "scipy", "torch"),
    )
    maps = MapSet(asked.ids, asked.ids, asked.best, found.names, found.maps, asked.pictures)
    map_file.write(output, maps, provenance=made, refused=found.refused)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.methods,
            snakemake.params.own,
            snakemake.params.code,
            snakemake.output[0],
            watch,
        )
