"""See what a convolutional network does: the whole reproduction, from downloads to figures."""

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/assets.smk"
include: "workflow/rules/activations.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/ordering.smk"
include: "workflow/rules/gradients.smk"
include: "workflow/rules/importance.smk"
include: "workflow/rules/backtrack.smk"
include: "workflow/rules/objects.smk"
include: "workflow/rules/volumes.smk"
include: "workflow/rules/kernels.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/evaluation.smk"


rule all:
    default_target: True
    input:
        rules.activations.input,
        rules.orders.input,
        per_shard(f"{GRADIENTS}/{{shard}}.h5", "filters", images=study.compared),
        per_layer(f"{GRADIENTS}.h5", "filters", images=study.compared),
        rules.backtrack.input,
        rules.importance.input,
        rules.volumes.input,
        rules.figures.input,
        rules.explorer.input,
        rules.report.input,
    localrule: True
