"""Weigh the filters of every differentiated layer, and remove those of some, for one image set."""

from cnnvis.workflow import job


def main(given, gradients, network, roles, layers, weighing, removing, output):
    """Write a table of importance for each layer, and one table of all removals."""
    from pathlib import Path

    from cnnvis import ablation, gradient_file, importance, inputs, removal, table_file

    study = inputs.read(given.weights, given.manifest, network)
    shown = study.playing(roles[0])
    removed = {}
    for path in gradients:
        layer, unit = gradient_file.layer(path), gradient_file.unit(path)
        groups = importance.groups_of(gradient_file.images(path), roles)
        weights = study.net.node(layer).module.weight.numpy(force=True)
        found = importance.by_image(gradient_file.blocks(path), weights)
        means = importance.by_group(found, groups, seed=weighing["seed"])
        table = importance.table(means, groups, unit=unit)
        place = Path(output.importance) / f"{layer}.tsv"
        table_file.write(place, table)
        if layer in layers:
            removed[layer] = ablation.curves(
                study.net,
                (part.pixels for part in shown.batches(removing["batch"])),
                layer=layer,
                importances={name: means[importance.SAME][name] for name in removing["methods"]},
                target=unit,
                steps=removing["steps"],
                seeds=removing["seeds"],
                fewest_images=removing["fewest_images"],
            )
    whole = removal.joined(removed, network=network["name"])
    table_file.write(output.ablation, whole)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.input.gradients,
            snakemake.params.network,
            snakemake.params.roles,
            snakemake.params.layers,
            snakemake.params.weighing,
            snakemake.params.removing,
            snakemake.output,
        )
