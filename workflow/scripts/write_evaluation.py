"""Write the page that says how good the explanations are."""

from cnnvis.workflow import job


def main(looks, method, references, output):
    """Write results/evaluation.html."""
    from pathlib import Path

    from cnnvis.pages import evaluation

    found = evaluation.page(
        Path(output).parent, [tuple(look) for look in looks], method=method, reference=references[0]
    )
    evaluation.write(output, found)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.params.looks,
            snakemake.params.method,
            snakemake.params.references,
            snakemake.output[0],
        )
