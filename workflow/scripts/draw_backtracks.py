"""Draw every photo with the pixels its prediction goes back to, their density and their box."""

from cnnvis.workflow import job


def main(backtracks, manifest, network, classes, target, saliency, formats, output):
    """Write a figure per photo, and one of all photos, into a folder."""
    from pathlib import Path

    from cnnvis import attention, backtrack_file, images, sheets
    from cnnvis.classes import best_count, names_of
    from cnnvis.figures import style
    from cnnvis.figures.backtracks import Explained, contact_sheet, explanation
    from cnnvis.predictions import class_name

    names = names_of(classes)
    paths = dict(sheets.read_manifest(manifest)[["id", "path"]].itertuples(index=False))
    made = backtrack_file.provenance(backtracks).to_json()
    predicted = best_count(target) is not None
    rows = []
    for image in backtrack_file.images(backtracks):
        index, weight = backtrack_file.fixations(backtracks, image=image.id)
        found = attention.on_photo(index, weight, image.frame, **saliency)
        true, start = image.class_index, image.starts[0]
        row = Explained(
            name=image.id,
            photo=images.read(paths[image.id]),
            fixations=found.points,
            weights=found.weight,
            density=found.density,
            box=found.box,
            target=class_name(start.target, names),
            truth="" if true is None else class_name(true, names),
            correct=true == start.target if predicted and true is not None else None,
            lost=min(1.0, max(0.0, 1.0 - start.arrived)),
            seen=found.seen,
        )
        title = f"{network}: which pixels of {image.id} the prediction goes back to"
        figure = explanation([row], title=title)
        style.save(figure, Path(output) / image.id, formats=formats, provenance=made)
        rows.append(row)
    figure = contact_sheet(rows, title=f"{network}: where each prediction comes from")
    style.save(figure, Path(output) / "all_photos", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.backtracks,
            snakemake.input.manifest,
            snakemake.wildcards.network,
            snakemake.params.classes,
            snakemake.params.target,
            snakemake.params.saliency,
            snakemake.params.formats,
            snakemake.output[0],
        )
