"""Check the weights of one network and write them as safetensors."""

from cnnvis.workflow import job


def main(file, entry, code, output):
    """Convert a downloaded archive, a local file or random weights."""
    from cnnvis import files, models, provenance
    from cnnvis.entries import NetworkEntry

    network = NetworkEntry(**entry)
    made = provenance.of(
        "convert_weights",
        params={key: entry[key] for key in ("architecture", "weights", "preprocessing")},
        inputs={"file": files.sha256(file)} if file else {},
        source=code,
        packages=("safetensors", "torch", "torchvision"),
    )
    models.convert(network, file, output, made.to_json())


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.get("file"),
            snakemake.params.entry,
            snakemake.params.code,
            snakemake.output.weights,
        )
