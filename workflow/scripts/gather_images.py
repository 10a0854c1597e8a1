"""Make one table of the photos of all shards, and one of those that were left out."""

from cnnvis.workflow import job


def main(parts, left_out, output):
    """Write both; an id that two shards share is an error."""
    import pandas as pd

    from cnnvis import manifests, table_file

    table = pd.concat([table_file.read(part) for part in left_out], ignore_index=True)
    manifests.join(parts, output.manifest, left_out=table)
    table_file.write(output.left_out, table)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake.input.manifests, snakemake.input.left_out, snakemake.output)
