"""Merge the statistics of all shards, and tabulate the best images of every channel."""

from cnnvis.workflow import job


def main(shards, code, output):
    """Write the merged statistics and the table."""
    from cnnvis import statistics_file, table_file

    statistics_file.merge(shards, output.statistics, source=code)
    table_file.write(output.top_images, statistics_file.top_table(output.statistics).round(6))


if "snakemake" in globals():
    with job(snakemake):
        main(list(snakemake.input), snakemake.params.code, snakemake.output)
