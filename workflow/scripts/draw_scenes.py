"""Draw what was measured of explanations of scenes, whose truth is known."""

from cnnvis.workflow import job


def main(given, scenes, methods, references, formats, folder):
    """Write the figures of the scenes into a folder."""
    from pathlib import Path

    from cnnvis import digits, evaluation_views, map_file, table_file
    from cnnvis import scenes as made_scenes
    from cnnvis.figures import style
    from cnnvis.figures.bars import bars
    from cnnvis.figures.cases import Case, cases
    from cnnvis.figures.curves import perturbation_curves

    measures = table_file.read(given.measures)
    masks = made_scenes.shown(digits.load(seed=scenes["seed"])[1], **scenes).masks
    names = [str(digit) for digit in made_scenes.CLASSES]
    found = evaluation_views.cases(
        given.maps, measures, "energy", names, evaluation_views.drawn(methods, references)
    )
    rows = [
        Case(**row, mask=masks[made_scenes.place(image)])
        for row, image in zip(found, map_file.read(given.maps).ids, strict=True)
    ]
    figures = {
        "bars": bars(
            table_file.read(given.summary),
            references=references,
            title="scenes: how good each explanation is where the truth is known",
        ),
        "curves": perturbation_curves(
            table_file.read(given.curves), title="scenes: pixels taken away and given back"
        ),
        "cases": cases(
            rows,
            metric="energy",
            title=evaluation_views.title_of_cases("scenes", "energy", found),
            **evaluation_views.pair(found),
        ),
    }
    made = map_file.provenance(given.maps).to_json()
    for name, figure in figures.items():
        style.save(figure, Path(folder) / name, formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.params.scenes,
            snakemake.params.methods,
            snakemake.params.references,
            snakemake.params.formats,
            snakemake.output[0],
        )
