"""Write the page about orders, and the page that leads to everything the run found."""

from cnnvis.workflow import job


def main(networks, images, compared, source, digits, tracked, explored, left_out, code, output):
    """Write results/orders.html and results/index.html."""
    from dataclasses import replace
    from pathlib import Path

    from cnnvis import provenance
    from cnnvis.pages import index, orders, study
    from cnnvis.pages.look import Look

    looks = [
        Look(
            network,
            one,
            tuple(chosen["layers"]),
            tuple(chosen["filters"]) if one in compared else (),
            source,
            # They are the same whatever the images: once is enough.
            tuple(chosen["kernels"]) if one == images[0] else (),
            tuple(tracked["sequences"])
            if network in tracked["networks"] and one in tracked["images"]
            else (),
            () if one in compared else tuple(chosen["filters"]),
        )
        for network, chosen in networks.items()
        for one in images
    ]
    ordered = [(look.network, look.images, layer) for look in looks for layer in look.layers]
    results = Path(output.index).parent
    orders.write(output.orders, orders.page(results, ordered, source))
    made = provenance.of("write_index", params={}, inputs={}, source=code, packages=("torch",))
    facts = {"source": code} | dict(made.versions)
    missing = dict(zip(images, map(Path, left_out), strict=True))
    page = study.page(results, looks, facts, digits=digits, explored=explored, left_out=missing)
    index.write(output.index, page)
    # Where there are no files beside it, the words and the predictions.
    index.write(output.overview, replace(page, sections=(), next_steps=()))


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.params.networks,
            snakemake.params.images,
            snakemake.params.compared,
            snakemake.params.source,
            snakemake.params.digits,
            snakemake.params.tracked,
            snakemake.params.explored,
            snakemake.input.left_out,
            snakemake.params.code,
            snakemake.output,
        )
