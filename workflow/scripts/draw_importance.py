"""Draw how important the filters of each layer are, and what removing them does."""

from cnnvis.workflow import job


def main(importances, ablation, title, shown, classes, fewest_images, formats, output):
    """Write figures into a folder for each layer: importance, and ablation where there is one."""
    from pathlib import Path

    import pandas as pd

    from cnnvis import importance, table_file
    from cnnvis.classes import names_of
    from cnnvis.figures import style
    from cnnvis.figures.ablation import removal_curves
    from cnnvis.figures.importance import importance_grids
    from cnnvis.predictions import class_name

    names = names_of(classes)
    for path in sorted(Path(importances).glob("*.tsv")):
        means, images, unit = importance.first_unit(
            table_file.restored(pd.read_csv(path, sep="\t"))
        )
        name = class_name(unit, names)
        figure = importance_grids(
            means,
            images,
            unit=f"{name} ({unit})" if names else name,
            layer=path.stem,
            title=f"{title}, {path.stem}: importance of the filters",
        )
        style.save(figure, Path(output) / path.stem / "importance", formats=formats)
    removed = table_file.restored(pd.read_csv(ablation, sep="\t"))
    for layer, table in removed.groupby("layer", sort=False):
        unit = class_name(int(table["unit"].iloc[0]), names)
        figure = removal_curves(
            table,
            images=shown or f"images of {unit}",
            layer=layer,
            fewest_images=fewest_images,
            title=f"{title}, {layer}: what removing filters does",
        )
        style.save(figure, Path(output) / layer / "ablation", formats=formats)


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.input.importance,
            snakemake.input.ablation,
            snakemake.params.title,
            snakemake.params.shown,
            snakemake.params.classes,
            snakemake.params.fewest_images,
            snakemake.params.formats,
            snakemake.output[0],
        )
