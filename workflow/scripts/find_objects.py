"""Find objects on the photos: a box for each class walked back from, and ranked proposals."""

from cnnvis.workflow import job


def main(
    backtracks, activations, manifest, network, classes, known, saliency, objects, formats, output
):
    """Write tables of detections, of proposals and of their recall, and a figure of each."""
    from pathlib import Path

    from cnnvis import (
        attention,
        backtrack_file,
        box_files,
        detections,
        images,
        manifests,
        predictions,
        proposals,
        store,
        table_file,
    )
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.detections import Seen, detected
    from cnnvis.figures.proposals import Offered, ranked

    names, true = names_of(classes), box_files.chosen(**known)
    chances = predictions.probabilities(store.scores(activations))
    of_image = {
        image.id: row for image, row in zip(store.images(activations), chances, strict=True)
    }
    photos = images.Photos(manifests.read_manifest(manifest))
    made = backtrack_file.provenance(backtracks).to_json()
    seen, offered, shapes = [], [], {}
    for image in backtrack_file.images(backtracks):
        photo, boxes = photos[image.id], true.get(image.id, ())
        shapes[image.id] = photo.shape
        found, starts = [], []
        for start in image.starts:
            points = backtrack_file.fixations(backtracks, image=image.id, rank=start.rank)
            found.append(
                detections.Detection(
                    image=image.id,
                    rank=start.rank,
                    target=start.target,
                    name=predictions.class_name(start.target, names),
                    probability=float(of_image[image.id][start.target]),
                    box=attention.on_photo(*points, image.frame, **saliency).box,
                )
            )
            starts.append(proposals.Start(start.rank, start.target, *points))
        truth = image.class_index
        name = "" if truth is None else predictions.class_name(truth, names)
        seen.append(Seen(image.id, photo, found, name, boxes))
        outliers = {key: saliency[key] for key in ("near", "share")}
        proposed = proposals.propose(starts, image.frame, **objects, **outliers)
        offered.append(Offered(image.id, photo, proposed, boxes))
    by_photo = {one.name: one.proposed for one in offered}
    tables = {
        "detections": detections.table((one for row in seen for one in row.found), shapes, true),
        "proposals": proposals.table(by_photo, names),
        "recalls": proposals.recalls(by_photo, true, shapes, count=objects["count"]),
    }
    for name, table in tables.items():
        table_file.write(output[name], table)
    folder = Path(output["figures"])
    figure = detected(
        seen,
        title=f"{network}: what is seen where",
        verdict=detections.verdict(tables["detections"]).words,
    )
    style.save(figure, folder / "detections", formats=formats, provenance=made)
    figure = ranked(offered, tables["recalls"], title=f"{network}: boxes that may hold objects")
    style.save(figure, folder / "proposals", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.backtracks,
            snakemake.input.activations,
            snakemake.input.manifest,
            snakemake.wildcards.network,
            snakemake.params.classes,
            {"path": snakemake.input.get("boxes"), **snakemake.params.boxes},
            snakemake.params.saliency,
            snakemake.params.objects,
            snakemake.params.formats,
            snakemake.output,
        )
