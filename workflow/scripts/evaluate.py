"""Measure the maps of photos: by their pixels, by their objects, by their shape."""

from cnnvis.workflow import job


def main(given, network, known, protocols, steps, seed, output, watch):
    """Write a table of measures and one of curves."""
    import pandas as pd

    from cnnvis import box_files, evaluation, inputs, map_file, metrics, table_file
    from cnnvis.evaluation import photos

    study = inputs.read(given.weights, given.manifest, network)
    asked, maps = evaluation.ask(study), map_file.read(given.maps)
    shown = photos.Shown(maps.ids, asked.pixels, maps.targets, maps.methods, maps.maps)
    areas, curves = photos.by_pixels(
        study.net, shown, evaluation.protocols(protocols, steps), seed=seed, watch=watch
    )
    boxes = box_files.chosen(**known)
    truth = {
        name: metrics.in_input(boxes.get(name, ()), frame)
        for name, frame in zip(asked.ids, asked.frames, strict=True)
    }
    tables = [
        areas,
        photos.by_place(maps.ids, maps.methods, maps.maps, truth),
        photos.by_shape(maps.ids, maps.methods, maps.maps),
    ]
    table_file.write(output.measures, pd.concat(tables, ignore_index=True))
    table_file.write(output.curves, curves)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input,
            snakemake.params.network,
            {"path": snakemake.input.get("boxes"), **snakemake.params.boxes},
            snakemake.params.protocols,
            snakemake.params.steps,
            snakemake.params.seed,
            snakemake.output,
            watch,
        )
