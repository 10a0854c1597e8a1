"""Make a manifest of one shard of an image set, and take its photos out of archives."""

from cnnvis.workflow import job


def main(images, given, params, output, watch):
    """Check every photo of the shard, and write where each one lies."""
    from pathlib import Path

    from cnnvis import manifests, table_file

    sheet, folder = sheet_of(images, given, params)
    Path(output.photos).mkdir(parents=True, exist_ok=True)
    left_out = manifests.materialise(
        sheet,
        sheet_dir=folder,
        folder=output.photos,
        archives_dir=Path(output.manifest).parents[2] / "archives",
        manifest_path=output.manifest,
        resize=params.resize,
        skip_bad=params.skip_bad,
        of_several=params.of_several,
        watch=watch,
    )
    table_file.write(output.left_out, left_out)
    for image in left_out.itertuples():
        print(f"left out image '{image.image}': {image.reason}")


def sheet_of(images, given, params):
    """Return the sheet of the shard, and where its relative sources start."""
    from pathlib import Path

    from cnnvis import catalogue, sheets

    classes = [names for names, _ in params.classes]
    if given.get("tar"):
        return sheets.tar_sheet(given.tar, classes=classes, say=print), "."
    folder = given.get("folder")
    if folder:
        return sheets.shard(sheets.folder_sheet(folder), *params.cut), folder
    sheet = catalogue.image_set(images).sheet if params.catalogued else given.sheet
    return sheets.read_sheet(sheet, params.cut, classes=classes), Path(sheet).parent


if "snakemake" in globals():
    with job(snakemake) as watch:
        main(
            snakemake.wildcards.images,
            snakemake.input,
            snakemake.params,
            snakemake.output,
            watch,
        )
