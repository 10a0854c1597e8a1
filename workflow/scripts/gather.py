"""Make one file of the files of all shards."""

from cnnvis.workflow import job


def main(shards, output):
    """Write a file whose datasets are virtual and point into the shards."""
    from cnnvis import shards as files

    files.gather(shards, output)


if "snakemake" in globals():
    with job(snakemake, reads_through=snakemake.input):
        main(list(snakemake.input), snakemake.output[0])
