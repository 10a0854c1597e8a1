"""Sum up the maps of one shard of images, and choose the images that excite each channel most."""

from cnnvis.workflow import job


def main(activations, layers, slices, count, code, output):
    """Write the statistics of all layers to be ordered."""
    from cnnvis import hdf5, provenance, statistics_file

    made = provenance.of(
        "summarise_maps",
        params={"layers": layers, "slices": slices, "top_images": count},
        inputs={"activations": hdf5.provenance_digest(activations)},
        source=code,
        packages=("h5py", "numpy"),
    )
    statistics_file.summarise(
        activations,
        output,
        layers=layers,
        slices=[tuple(one) for one in slices],
        count=count,
        provenance=made,
    )


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.activations,
            snakemake.params.layers,
            snakemake.params.slices,
            snakemake.params.top_images,
            snakemake.params.code,
            snakemake.output[0],
        )
