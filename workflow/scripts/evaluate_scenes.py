"""Measure maps of scenes, where the pixels that make the class are known."""

from cnnvis.workflow import job


def main(weights, methods, own, scenes, protocols, steps, seed, code, output, watch):
    """Write tables of measures and curves, and the maps."""
    from cnnvis import (
        digits,
        evaluation,
        files,
        map_file,
        network,
        provenance,
        scene_training,
        table_file,
    )
    from cnnvis import scenes as made_scenes
    from cnnvis.evaluation import scene_study

    shown = made_scenes.shown(digits.load(seed=scenes["seed"])[1], **scenes)
    net = network.open(scene_training.load(weights), input_shape=shown.images.shape[1:])
    measures, curves, maps, refused = scene_study.measured(
        net,
        shown,
        evaluation.chosen(methods, own),
        evaluation.protocols(protocols, steps, side=shown.images.shape[-1]),
        seed=seed,
        watch=watch,
    )
    table_file.write(output.measures, measures)
    table_file.write(output.curves, curves)
    made = provenance.of(
        "evaluate_scenes",
        params={"methods": methods, "own": own, "scenes": scenes},
        inputs={"weights": files.sha256(weights)},
        source=code,
        packages=("h5py", "numpy", "scipy", "torch"),
    )
    map_file.write(output.maps, maps, provenance=made, refused=refused)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input.weights,
            snakemake.params.methods,
            snakemake.params.own,
            snakemake.params.scenes,
            snakemake.params.protocols,
            snakemake.params.steps,
            snakemake.params.seed,
            snakemake.params.code,
            snakemake.output,
            watch,
        )
