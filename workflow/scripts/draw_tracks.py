"""Link the boxes of all frames into tracks, say how good they are, and draw them."""

from cnnvis.workflow import job


def main(found, manifest, network, known, options, sequences, formats, output):
    """Write tracks and true boxes of every sequence, the scores of all, a film and stills."""
    from pathlib import Path

    import pandas as pd

    from cnnvis import box_files, files, images, manifests, table_file, tracking, tracking_scores
    from cnnvis import sequences as made
    from cnnvis.figures import animation, style, tracks

    rows = table_file.restored(pd.read_csv(found, sep="\t", keep_default_na=False))
    photos = images.Photos(manifests.read_manifest(manifest))
    scores = []
    for number, film in enumerate(made.films(sequences, photos, box_files.chosen(**known))):
        here, count = rows[rows["sequence"] == film.name], len(film.frames)
        frames = tracking.of_table(here, count)
        linked = tracking.link(frames, tracking.Options(**options))
        spotted = [one for frame in frames for one in frame]
        others = tracking_scores.baselines(spotted, film.frames[0].shape, count)
        table = tracking_scores.table(film.name, film.truth, {"tracks": linked, **others})
        scores.append(table)
        for path, placed in ((output.tracks, linked), (output.truth, film.truth)):
            text = tracking.mot(placed).to_csv(index=False, header=False, lineterminator="\n")
            files.write_text(path[number], text)
        followed = tracks.Followed(film, linked, others, table)
        folder = Path(output.figures)
        title = f"{network}: objects followed through the sequence '{film.name}'"
        style.save(tracks.strip(followed, title=title), folder / film.name, formats=formats)
        animation.write(
            tracks.film(followed), folder / f"{film.name}.gif", milliseconds=tracks.MILLISECONDS
        )
    table_file.write(output.scores, pd.concat(scores))


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input.found,
            snakemake.input.manifest,
            snakemake.wildcards.network,
            {"path": snakemake.input.get("boxes"), **snakemake.params.boxes},
            snakemake.params.options,
            snakemake.params.sequences,
            snakemake.params.formats,
            snakemake.output,
        )
