"""Compare the weight gradients of one layer across the roles of the images."""

from cnnvis.workflow import job


def main(gradients, network, layer, classes, roles, formats, output):
    """Write one figure into a folder."""
    from pathlib import Path

    from cnnvis import gradient_file, labels, ordering
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.gradients import comparison
    from cnnvis.figures.subjects import Subject
    from cnnvis.predictions import class_name

    images = gradient_file.images(gradients)
    places = labels.places_of_roles(images, roles)
    values = gradient_file.read_all(gradients)[places]
    unit = gradient_file.unit(gradients)
    figure = comparison(
        values,
        [Subject(images[i].id, images[i].role, images[i].correct) for i in places],
        ordering.order(values[0].reshape(*values.shape[1:3], -1), "natural"),
        unit=f"{class_name(unit, names_of(classes))} ({unit})",
        layer=layer,
        title=f"{network}, {layer}: gradients of one score by role",
    )
    made = gradient_file.provenance(gradients).to_json()
    style.save(figure, Path(output) / "by_role", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.gradients,
            snakemake.wildcards.network,
            snakemake.wildcards.layer,
            snakemake.params.classes,
            snakemake.params.roles,
            snakemake.params.formats,
            snakemake.output[0],
        )
