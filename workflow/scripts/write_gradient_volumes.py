"""Write the mean gradients of one layer as volumes, for every role."""

from cnnvis.workflow import job


def main(gradients, options, formats, dtype, output):
    """Write one volume per unit, role, state and format into a folder, all on one scale."""
    from pathlib import Path

    from cnnvis import export, gradient_file, gradient_views, volume

    for unit in gradient_file.units(gradients):
        made = gradient_views.read(gradients, unit=unit.index, **options).of_groups()
        limits = volume.shared_limits(*(block for _, block in made))
        for group, block in made:
            for suffix in formats:
                target = Path(output) / f"{unit.index}_{group.file_name}.{suffix}"
                export.write(block, target, dtype=dtype, limits=limits)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.gradients,
            snakemake.params.options,
            snakemake.params.formats,
            snakemake.params.dtype,
            snakemake.output[0],
        )
