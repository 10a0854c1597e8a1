"""Check that maps change with the network and with the class, and not without."""

from cnnvis.workflow import job


def main(given, network, methods, own, plan, image, code, output, watch):
    """Write a table of likenesses, and the maps of one photo while layers become random."""
    from cnnvis import evaluation, inputs, map_file, provenance, table_file
    from cnnvis.evaluation import checks

    study = inputs.read(given.weights, given.manifest, network)
    shown = study.only(image).labels[0].id
    asked = evaluation.ask(study).some(plan["images"], shown)
    wanted = evaluation.had(study.net, asked, evaluation.chosen(methods, own), plan["methods"])
    table, cascade = checks.check(
        study.net,
        asked.pixels,
        asked.best,
        asked.ids,
        wanted,
        plan=checks.Plan(
            **{key: value for key, value in plan.items() if key not in ("methods", "images")}
        ),
        watch=watch,
    )
    table_file.write(output.table, table)
    made = provenance.of(
        "check_sanity",
        params={"network": network, "methods": methods, "own": own, "plan": plan, "image": shown},
        inputs=study.digests,
        source=code,
        packages=("h5py", "numpy", "pillow", "scipy", "torch"),
    )
    map_file.write(output.cascade, checks.as_maps(cascade, asked, shown), provenance=made)


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.input,
            snakemake.params.network,
            snakemake.params.methods,
            snakemake.params.own,
            snakemake.params.plan,
            snakemake.params.image,
            snakemake.params.code,
            snakemake.output,
            watch,
        )
