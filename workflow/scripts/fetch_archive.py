"""Download one archive, pinned by its hash."""

from cnnvis.workflow import job


def main(archive, output):
    """Fetch the archive that the catalogue's entry describes."""
    from cnnvis import assets
    from cnnvis.entries import Archive

    assets.fetch(Archive(**archive), output)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(snakemake.params.archive, snakemake.output[0])
