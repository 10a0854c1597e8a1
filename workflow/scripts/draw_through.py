"""Render the maps of all layers of one network for one photo, beside each other."""

from cnnvis.workflow import job


def main(activations, manifest, orders, layers, network, preprocessing, image, formats, output):
    """Write one figure into a folder."""
    from pathlib import Path

    from cnnvis import images, manifests, ordering, store, volume
    from cnnvis.figures import style
    from cnnvis.figures.volumes import through

    shown = store.image_id(activations, image)
    photo = images.Photos(manifests.read_manifest(manifest))[shown]
    prepared = images.Preprocessing.from_mapping(preprocessing)
    seen = images.shown(
        photo, images.frame(photo.shape[:2], prepared), interpolation=prepared.interpolation
    )
    read = dict(zip(layers, map(ordering.read, orders), strict=True))
    stacked = {
        layer: volume.stack(
            store.read(activations, layer=layer, image=shown),
            order,
            spacing=store.layer(activations, layer).voxel,
        )
        for layer, order in read.items()
    }
    method = read[layers[0]].method
    figure = through(
        stacked,
        seen,
        title=f"{network}: {shown} through the network",
        caption=f"The channels of every layer are in {method} order.",
    )
    made = ordering.provenance(orders[0])
    style.save(figure, Path(output) / "layers", formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.input.manifest,
            snakemake.input.orders,
            snakemake.params.layers,
            snakemake.wildcards.network,
            snakemake.params.preprocessing,
            snakemake.params.image,
            snakemake.params.formats,
            snakemake.output[0],
        )
