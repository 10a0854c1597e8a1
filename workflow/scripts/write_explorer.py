"""Write the pages of the explorer, and the table of contents of its data."""

from cnnvis.workflow import job


def main(networks, images, output):
    """Write the site and the table of contents."""
    from itertools import product
    from pathlib import Path

    from cnnvis.pages.explorer import site

    site.write_site(Path(output.index).parent, home="../index.html")
    site.write_contents(Path(output.contents).parent, list(product(networks, images)))


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake.params.networks, snakemake.params.images, snakemake.output)
