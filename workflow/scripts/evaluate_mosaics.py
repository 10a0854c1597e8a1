"""Measure maps of mosaics: how much of them lies on the photo of their class."""

from cnnvis.workflow import job


def main(given, network, methods, own, mosaics, kept, code, output, watch):
    """Write a table of measures, and the maps of a few methods."""

    from cnnvis import evaluation, inputs, map_file, provenance, table_file
    from cnnvis.evaluation import mosaic_game

    study = inputs.read(given.weights, given.manifest, network)
    asked = evaluation.ask(study)
    wanted = [one for one in evaluation.chosen(methods, own) if one.name not in mosaics["without"]]
    made = provenance.of(
        "evaluate_mosaics",
        params={"network": network, "methods": methods, "own": own, "mosaics": mosaics},
        inputs=study.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "scipy", "torch"),
    )
    found = mosaic_game.play(study.net, asked, wanted, mosaics, watch=watch)
    table_file.write(output.measures, found.table)
    few = found.maps.only(found.maps.ids, [one for one in kept if one in found.maps.methods])
    map_file.write(output.maps, few, provenance=made, refused=found.refused)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input,
            snakemake.params.network,
            snakemake.params.methods,
            snakemake.params.own,
            snakemake.params.mosaics,
            snakemake.params.kept,
            snakemake.params.code,
            snakemake.output,
            watch,
        )
