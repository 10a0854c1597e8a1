"""Check the weights of one network and write them as safetensors."""

from cnnvis.workflow import job


def main(files, entry, code, output):
    """Convert a downloaded archive, local files or random weights."""
    from cnnvis import models, provenance
    from cnnvis.entries import NetworkEntry
    from cnnvis.files import sha256

    network = NetworkEntry(**entry)
    made = provenance.of(
        "convert_weights",
        params={key: entry[key] for key in ("architecture", "weights", "preprocessing")},
        inputs={name: sha256(path) for name, path in files.items()},
        source=code,
        packages=("safetensors", "torch", "torchvision"),
    )
    models.convert(network, files.get("file"), output, made.to_json())


if "snakemake" in globals():
    with job(snakemake):
        main(
            dict(snakemake.input.items()),
            snakemake.params.entry,
            snakemake.params.code,
            snakemake.output.weights,
        )
