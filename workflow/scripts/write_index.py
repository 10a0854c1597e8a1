"""Write the page that leads to everything the run found."""

from cnnvis.workflow import job


def main(networks, images, source, digits, code, output):
    """Write results/index.html."""
    from pathlib import Path

    from cnnvis import provenance
    from cnnvis.pages import index, study

    looks = [
        study.Look(network, one, tuple(chosen["layers"]), tuple(chosen["filters"]), source)
        for network, chosen in networks.items()
        for one in images
    ]
    made = provenance.of("write_index", params={}, inputs={}, source=code, packages=("torch",))
    facts = {"source": code} | dict(made.versions)
    index.write(output, study.page(Path(output).parent, looks, facts, digits=digits))


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.params.networks,
            snakemake.params.images,
            snakemake.params.source,
            snakemake.params.digits,
            snakemake.params.code,
            snakemake.output[0],
        )
