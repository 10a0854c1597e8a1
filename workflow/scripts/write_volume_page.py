"""Write the page on which volumes are turned and cut: maps in every order, gradients by role."""

from cnnvis.workflow import job


def main(maps, gradients, image, options, output):
    """Write results/volumes.html: a group for every layer, then one for every inspected unit."""
    from cnnvis import volume_views
    from cnnvis.pages import volumes

    groups = [
        volume_views.of_maps(
            one["activations"],
            one["orders"],
            one["weights"],
            layer=one["layer"],
            image=image,
            where=(one["network"], one["images"]),
        )
        for one in maps
    ]
    for one in gradients:
        groups += volume_views.of_gradients(
            one["gradients"],
            one["weights"],
            options=options,
            where=(one["network"], one["images"]),
        )
    volumes.write(output, groups)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.params.maps,
            snakemake.params.gradients,
            snakemake.params.image,
            snakemake.params.options,
            snakemake.output[0],
        )
