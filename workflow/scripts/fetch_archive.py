"""Download one file, pinned by its hash."""

from cnnvis.workflow import job


def main(download, output):
    """Fetch an archive of the catalogue, or the weights of a network of torchvision's."""
    from cnnvis import assets
    from cnnvis.entries import Archive, NetworkEntry

    if "architecture" in download:
        from cnnvis import models

        archive = models.archive_of(NetworkEntry(**download))
    else:
        archive = Archive(**download)
    assets.fetch(archive, output)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake.params.download, snakemake.output[0])
