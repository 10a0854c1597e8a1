"""Look for classes in every frame of every sequence: walk each back to its pixels and its box."""

from cnnvis.workflow import job


def main(weights, manifest, network, names, known, options, sequences, saliency, walk, output):
    """Write a table of the boxes found in the frames of all sequences."""
    import pandas as pd

    from cnnvis import backtrack, box_files, images, inputs, spotting, table_file, tracking
    from cnnvis import network as networks
    from cnnvis import sequences as made
    from cnnvis.classes import names_of

    given = inputs.read(weights, manifest, network, graph=networks.trace)
    net = networks.fold(given.net)
    choices = {key: value for key, value in walk.items() if key not in ("target", "batch")}
    photos = images.Photos(given.rows)
    true = {label.id: label.class_index for label in given.labels}
    tables = []
    films = made.films(sequences, photos, box_files.chosen(**known))
    for wanted, film in zip(sequences, films, strict=True):
        found = spotting.in_frames(
            net,
            given.preprocessing,
            film.frames,
            spotting.Wanted(classes=spotting.classes_of(wanted, true, names), **options),
            names=names_of(names),
            options=backtrack.Options(**choices),
            saliency=saliency,
            batch=walk["batch"],
        )
        table = tracking.table(found)
        table.insert(0, "sequence", film.name)
        tables.append(table)
    table_file.write(output, pd.concat(tables))


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.weights,
            snakemake.input.manifest,
            snakemake.params.network,
            snakemake.params.classes,
            {"path": snakemake.input.get("boxes"), **snakemake.params.boxes},
            snakemake.params.options,
            snakemake.params.sequences,
            snakemake.params.saliency,
            snakemake.params.walk,
            snakemake.output[0],
        )
