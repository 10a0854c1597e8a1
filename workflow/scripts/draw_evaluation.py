"""Draw what was measured of explanations: curves, intervals, cases, random layers."""

from cnnvis.workflow import job


def main(given, network, classes, methods, references, formats, folder):
    """Write the figures of one network and image set into a folder."""
    from pathlib import Path

    from cnnvis import evaluation_views, map_file, table_file
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.bars import bars
    from cnnvis.figures.cases import Case, cases
    from cnnvis.figures.curves import perturbation_curves

    measures = table_file.read(given.measures)
    figures = {
        "curves": perturbation_curves(
            table_file.read(given.curves), title=f"{network}: pixels taken away and given back"
        ),
        "bars": bars(
            table_file.read(given.summary),
            references=references,
            title=f"{network}: how good each explanation is",
        ),
    }
    shown = evaluation_views.drawn(methods, references)
    for name, maps, metric in (
        ("cases", given.maps, "insertion"),
        ("mosaics", given.get("mosaics"), "grid_pointing"),
    ):
        found = evaluation_views.cases(maps, measures, metric, names_of(classes), shown)
        if found:
            rows = [Case(**row) for row in found]
            title = evaluation_views.title_of_cases(network, metric, found)
            pair = evaluation_views.pair(found)
            figures[name] = cases(rows, metric=metric, title=title, **pair)
    if given.get("sanity"):
        figures |= checks(given, network)
    made = map_file.provenance(given.maps).to_json()
    for name, figure in figures.items():
        style.save(figure, Path(folder) / name, formats=formats, provenance=made)


def checks(given, network):
    """Return the figures of random layers, other classes and small changes, by name."""
    from cnnvis import evaluation_views, map_file, table_file
    from cnnvis.figures.cascades import cascade
    from cnnvis.figures.randomisation import randomisation_curves
    from cnnvis.figures.sensitivity import classes_and_stability

    table, stages = table_file.read(given.sanity), map_file.read(given.cascade)
    maps = dict(zip(stages.methods, stages.maps, strict=True))
    what = f"{network}: {stages.photos[0]} while layers become random"
    return {
        "randomisation": randomisation_curves(table, title=f"{network}: layers made random"),
        "classes_and_stability": classes_and_stability(
            table, title=f"{network}: other classes, and small changes"
        ),
        "cascade": cascade(
            stages.pictures[0], maps, stages.ids, evaluation_views.likeness(stages), title=what
        ),
    }


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.wildcards.network,
            snakemake.params.classes,
            snakemake.params.methods,
            snakemake.params.references,
            snakemake.params.formats,
            snakemake.output[0],
        )
