"""Write a page as one file with its pictures inside, for the report."""

from cnnvis.workflow import job


def main(page, output):
    """Write the page."""
    from cnnvis.pages import alone

    alone.write(output, page)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.input.page, snakemake.output[0])
