"""Bring together what was measured, with intervals and with differences to references."""

from cnnvis.workflow import job


def main(given, references, seed, output):
    """Write all measures, their summary, and what could not be had."""
    import pandas as pd

    from cnnvis import differences, map_file, table_file

    measures = pd.concat([table_file.read(path) for path in given.measures], ignore_index=True)
    present = [name for name in references if name in set(measures["method"])]
    table_file.write(output.measures, measures)
    table_file.write(output.summary, differences.summary(measures, present, seed=seed))
    refused = {name: why for path in given.maps for name, why in map_file.refused(path).items()}
    table = pd.DataFrame(refused.items(), columns=["method", "reason"])
    table_file.write(output.refused, table)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.params.references,
            snakemake.params.seed,
            snakemake.output,
        )
