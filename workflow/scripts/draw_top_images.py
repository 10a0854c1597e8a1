"""Draw the images that excite each channel most: what the best unit sees, and whole pictures."""

from cnnvis.workflow import job


def main(statistics, manifest, network, preprocessing, formats, output):
    """Write two figures for every layer into a folder."""
    from functools import lru_cache
    from pathlib import Path

    from cnnvis import images, manifests, patches, statistics_file
    from cnnvis.figures import style
    from cnnvis.figures.top_images import top_pictures

    photos = images.Photos(manifests.read_manifest(manifest))
    prepared = images.Preprocessing.from_mapping(preprocessing)

    @lru_cache(maxsize=64)
    def picture(image):
        photo = photos[image]
        frame = images.frame(photo.shape[:2], prepared)
        return images.shown(photo, frame, interpolation=prepared.interpolation)

    made = statistics_file.provenance(statistics).to_json()
    for spec in statistics_file.layers(statistics):
        for by, best in statistics_file.read_top(statistics, layer=spec.name).items():
            field = spec.receptive_field if by == "max" else None
            size = field and patches.width(field, prepared.crop)
            tiles = patches.of_best(best, picture, rows=spec.row, cols=spec.col, size=size)
            title = f"{network}, {spec.name}: what excites each channel most"
            figure = top_pictures(tiles, best.value, by=by, field=field, size=size, title=title)
            path = Path(output) / f"{spec.name}_{by}"
            style.save(figure, path, formats=formats, provenance=made)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.statistics,
            snakemake.input.manifest,
            snakemake.wildcards.network,
            snakemake.params.preprocessing,
            snakemake.params.formats,
            snakemake.output[0],
        )
