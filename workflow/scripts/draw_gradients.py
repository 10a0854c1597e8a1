"""Compare the weight gradients of one layer across the roles of the images."""

from cnnvis.workflow import job


def main(gradients, network, options, formats, output, tables):
    """Write tables and, for every unit, a comparison, still pictures and a film into a folder."""
    from pathlib import Path

    from cnnvis import gradient_file, gradient_tables, gradient_views, table_file
    from cnnvis.figures import animation, style
    from cnnvis.figures.gradients import comparison
    from cnnvis.figures.subjects import Subject
    from cnnvis.figures.volumes import stills

    made = gradient_file.provenance(gradients).to_json()
    looks = {key: options[key] for key in ("roles", "order", "reduction", "channel")}
    found = {}
    for unit in gradient_file.units(gradients):
        shown = gradient_views.read(gradients, unit=unit.index, **looks)
        people = [Subject(image.id, image.role, image.correct) for image in shown.images]
        found[unit.index, unit.name] = gradient_tables.tables(
            shown.values, *zip(*((one.name, one.role, one.correct) for one in people), strict=True)
        )
        what = f"{network}, {shown.layer}: gradients of the score of {unit}"
        figure = comparison(
            shown.values,
            people,
            shown.ordering,
            unit=str(unit),
            layer=shown.layer,
            title=f"{what}, by role",
            reduction=options["reduction"],
            channel=options["channel"],
        )
        style.save(figure, Path(output) / f"by_role_{unit.index}", formats=formats, provenance=made)
        figure = stills(
            {group.name: volume for group, volume in shown.of_groups()},
            title=f"{what}, as volumes",
            caption=f"Mean gradient of the images of each role; {shown.words}.",
            unit="gradient (score per weight)",
            across=3,
            slices=96,
        )
        style.save(figure, Path(output) / f"stills_{unit.index}", formats=formats, provenance=made)
        scenes = [
            animation.Scene(volume, one.name, f"{one.role}, {one.state}")
            for one, volume in zip(people, shown.of_images(), strict=True)
        ]
        pictures = animation.frames(scenes)
        animation.write(pictures, Path(output) / f"film_{unit.index}.gif", provenance=made)
        if options["frames"]:
            animation.write_frames(pictures, Path(output) / f"frames_{unit.index}")
    for name, table in gradient_tables.joined(found).items():
        table_file.write(tables[name], table)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.gradients,
            snakemake.wildcards.network,
            snakemake.params.options,
            snakemake.params.formats,
            snakemake.output.figures,
            snakemake.output,
        )
