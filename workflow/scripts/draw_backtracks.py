"""Draw every photo with the pixels its prediction goes back to, and how the walk comes there."""

from cnnvis.workflow import job


def main(given, network, known, options, formats, output):
    """Write figures of all photos, and figures and tables of the walk."""
    explain(given, network, known, options, formats, output)
    compare(given, network, options, formats, output)


def explain(given, network, known, options, formats, output):
    """Write a figure per photo, one of all photos, and a table: pixels, density, box."""
    from pathlib import Path

    from cnnvis import (
        attention,
        backtrack_file,
        box_files,
        images,
        manifests,
        table_file,
        walk_views,
    )
    from cnnvis.classes import best_count, names_of
    from cnnvis.figures import style
    from cnnvis.figures.backtracks import Explained, contact_sheet, explanation
    from cnnvis.predictions import class_name

    names, boxes = names_of(options["classes"]), box_files.chosen(**known)
    photos = images.Photos(manifests.read_manifest(given.manifest))
    made = backtrack_file.provenance(given.backtracks).to_json()
    predicted = best_count(options["target"]) is not None
    rows, box = [], options["saliency"]["box"]
    for image in backtrack_file.images(given.backtracks):
        index, weight = backtrack_file.fixations(given.backtracks, image=image.id)
        found = attention.on_photo(index, weight, image.frame, **options["saliency"])
        true, start = image.class_index, image.starts[0]
        photo, drawn = photos[image.id], boxes.get(image.id, ())
        row = Explained(
            name=image.id,
            photo=photo,
            fixations=found.points,
            weights=found.weight,
            density=found.density,
            box=found.box,
            target=class_name(start.target, names),
            truth="" if true is None else class_name(true, names),
            correct=true == start.target if predicted and true is not None else None,
            lost=min(1.0, max(0.0, 1.0 - start.arrived)),
            seen=found.seen,
            on_object=attention.on_object(found.density, drawn, photo.shape[:2]),
        )
        title = f"{network}: which pixels of {image.id} the prediction goes back to"
        figure = explanation([row], title=title, box=box)
        style.save(figure, Path(output.photos) / image.id, formats=formats, provenance=made)
        rows.append(row)
    title = f"{network}: where each prediction comes from"
    figure = contact_sheet(rows, title=title, box=box)
    style.save(figure, Path(output.photos) / "all_photos", formats=formats, provenance=made)
    on_object = {row.name: row.on_object for row in rows}
    table_file.write(output.table, walk_views.walks(given.backtracks, names, on_object))


def compare(given, network, options, formats, output):
    """Write figures of one photo: its classes, its path through the layers, choices of the walk."""
    from pathlib import Path

    from cnnvis import (
        backtrack_file,
        images,
        manifests,
        overlap,
        table_file,
        variant_file,
        walk_views,
    )
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.k_sensitivity import k_sensitivity
    from cnnvis.figures.path import Step, through_layers
    from cnnvis.figures.top_classes import top_classes
    from cnnvis.figures.winners import winners
    from cnnvis.variants import WINNER

    names = names_of(options["classes"])
    tables = walk_views.tables(given.backtracks, names)
    of = walk_views.classes(given.backtracks, given.predictions, options["image"], names)
    shown, target = of.image.id, of.names[0]
    interpolation = images.Preprocessing.from_mapping(options["preprocessing"]).interpolation
    photo = images.Photos(manifests.read_manifest(given.manifest))[shown]
    seen = images.shown(photo, of.image.frame, interpolation=interpolation)
    figures = {}
    if len(of.names) > 1:
        title = f"{network}: {shown}, walked back from its {len(of.names)} best classes"
        found = (of.names, of.probabilities, of.fixations, tables["sensitivity"])
        figures["classes"] = top_classes(seen, *found, title=title)
    compared = variant_file.read(given.variants) if options["compared"] else None
    table = tables["variants"] = overlap.by_variant(compared)
    if compared is not None:
        steps = [Step(*step) for step in walk_views.steps(given.backtracks, compared)]
        what = f"{network}: {shown}, walked back from {target}"
        figures["path"] = through_layers(
            seen, steps, target=target, classes=names, title=f"{what} through the layers"
        )
        if compared.of(WINNER):
            title = f"{what} by each winner"
            figures["winners"] = winners(seen, compared, table, target=target, title=title)
        if compared.k_matters:
            title = f"{what} with several k"
            figures["k"] = k_sensitivity(seen, compared, table, target=target, title=title)
    Path(output.walk).mkdir(parents=True, exist_ok=True)
    made = backtrack_file.provenance(given.backtracks).to_json()
    for name, figure in figures.items():
        style.save(figure, Path(output.walk) / name, formats=formats, provenance=made)
    for name, table in tables.items():
        table_file.write(output[name], table)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.wildcards.network,
            {"path": snakemake.input.get("boxes"), **snakemake.params.boxes},
            snakemake.params.options,
            snakemake.params.formats,
            snakemake.output,
        )
