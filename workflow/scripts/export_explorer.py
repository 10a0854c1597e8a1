"""Write what the explorer shows of one network and one set of images, as scripts."""

from cnnvis.workflow import job


def main(given, network, images, layers, ordered, options, code, output):
    """Write the folder of data of one network and one set of images."""
    from pathlib import Path

    from cnnvis import hdf5, provenance
    from cnnvis.classes import names_of
    from cnnvis.images import Preprocessing
    from cnnvis.pages.explorer import export

    folders = [str(Path(path).parent) for path in given.quality]
    study = export.Study(
        network=network,
        images=images,
        activations=given.activations,
        walks=given.walks,
        weights=given.weights,
        manifest=given.manifest,
        orders=dict(zip(layers, folders, strict=True)),
        methods=tuple(ordered["methods"]),
        controls=tuple(ordered["controls"]),
    )
    preprocessing = Preprocessing.from_mapping(options["preprocessing"])
    choices = export.Choices(
        wanted=None if options["images"] == "all" else tuple(options["images"]),
        names=names_of(options["classes"]),
        source=ordered["source"],
        interpolation=preprocessing.interpolation,
        saliency=options["saliency"],
    )
    made = provenance.of(
        "export_explorer",
        params={"layers": layers, "orders": ordered, "options": options},
        inputs={name: hdf5.provenance_digest(given[name]) for name in ("activations", "walks")},
        source=code,
        packages=("numpy", "pillow"),
    )
    export.write_all(Path(output).parents[1], study, choices, made.to_json())


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.wildcards.network,
            snakemake.wildcards.images,
            snakemake.params.layers,
            snakemake.params.ordered,
            snakemake.params.options,
            snakemake.params.code,
            snakemake.output[0],
        )
