"""Make a manifest of an image set, and take the photos out of archives."""

from cnnvis.workflow import job


def main(images, sheet, folder, params, output):
    """Check every photo of a sheet or a folder, and write where each one lies."""
    from pathlib import Path

    from cnnvis import catalogue, sheets, table_file

    if params.catalogued:
        sheet = catalogue.image_set(images).sheet
    Path(output.photos).mkdir(parents=True, exist_ok=True)
    left_out = sheets.materialise(
        sheets.folder_sheet(folder) if folder else sheets.read_sheet(sheet),
        sheet_dir=folder or Path(sheet).parent,
        folder=output.photos,
        archives_dir=Path(output.manifest).parents[1] / "archives",
        manifest_path=output.manifest,
        resize=params.resize,
        skip_bad=params.skip_bad,
    )
    table_file.write(output.left_out, left_out)
    for image in left_out.itertuples():
        print(f"left out image '{image.image}': {image.reason}")


if "snakemake" in globals():
    with job(snakemake.log[0]):
        main(
            snakemake.wildcards.images,
            snakemake.input.get("sheet"),
            snakemake.input.get("folder"),
            snakemake.params,
            snakemake.output,
        )
