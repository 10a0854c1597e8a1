"""Make a file of its own of one that reads through to its shards."""

from cnnvis.workflow import job


def main(gathered, output, watch):
    """Copy everything, a slab at a time."""
    from cnnvis import shards

    shards.repack(gathered, output, watch=watch)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(snakemake.input[0], snakemake.output[0], watch)
