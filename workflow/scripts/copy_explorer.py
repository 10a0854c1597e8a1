"""Write the explorer as one folder that is whole in itself, for the report."""

from cnnvis.workflow import job


def main(contents, networks, images, output):
    """Write the pages, and the data under a second name."""
    from itertools import product
    from pathlib import Path

    from cnnvis.pages.explorer import site

    site.write_alone(output, Path(contents).parent, list(product(networks, images)))


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.contents,
            snakemake.params.networks,
            snakemake.params.images,
            snakemake.output[0],
        )
