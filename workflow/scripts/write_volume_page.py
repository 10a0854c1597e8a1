"""Write the page on which volumes are turned and cut: maps in every order, gradients by role."""

from cnnvis.workflow import job


def main(maps, gradients, methods, image, options, files, output):
    """Write results/volumes.html: a group for every layer, then one for every inspected unit."""
    from cnnvis import volume_views
    from cnnvis.pages import volumes

    groups = []
    for number, shown in enumerate(maps):
        groups.append(
            volume_views.of_maps(
                files.activations[number],
                files.orders[number * methods : (number + 1) * methods],
                files.weights[number],
                layer=shown["layer"],
                image=image,
                where=(shown["network"], shown["images"]),
            )
        )
    for number, shown in enumerate(gradients):
        groups += volume_views.of_gradients(
            files.gradients[number],
            files.filters[number],
            options=options,
            where=(shown["network"], shown["images"]),
        )
    volumes.write(output, groups)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.params.maps,
            snakemake.params.gradients,
            snakemake.params.methods,
            snakemake.params.image,
            snakemake.params.options,
            snakemake.input,
            snakemake.output[0],
        )
