# How important every filter is for the inspected score, and what removing filters does.
# IN:  resources/networks/{network}.safetensors, resources/images/{images}.csv, gradients
# OUT: results/{network}/{images}/importance/{layer}.tsv, ablation.tsv, figures/importance;
#      results/digit_classifier/...: the same of a small network trained here, by true error

DIGITS = "results/digit_classifier"
ABLATION = settings["ablation"]


# One job for all layers of a network: a start of torch costs more than a table.
rule remove_filters:
    """Weigh the filters of {wildcards.network}, and measure what removing them does."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        gradients=lambda w: expand(
            rules.gather_gradients.output[0],
            layer=study.networks[w.network].filters,
            allow_missing=True,
        ),
    output:
        importance=directory(f"{RESULTS}/importance"),
        ablation=in_report(
            f"{RESULTS}/ablation.tsv",
            "Importance",
            network="{network}",
            images="{images}",
        ),
    log:
        "results/logs/remove_filters/{network}/{images}.log",
    benchmark:
        "results/benchmarks/remove_filters/{network}/{images}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1000 + CUDA),
        runtime=60,
    params:
        code=code("remove_filters.py"),
        network=network_params,
        roles=settings["gradients"]["roles"],
        layers=lambda w: ablated(study.networks[w.network].filters),
        weighing=settings["importance"],
        removing={
            key: ABLATION[key]
            for key in ("methods", "steps", "seeds", "fewest_images", "batch")
        },
    script:
        "../scripts/remove_filters.py"


rule study_digits:
    """Train a classifier of handwritten digits, and measure the error without its filters."""
    output:
        weights=f"{DIGITS}/weights.safetensors",
        accuracy=in_report(f"{DIGITS}/accuracy.tsv", "Importance", network="digits"),
        importance=directory(f"{DIGITS}/importance"),
        ablation=in_report(f"{DIGITS}/ablation.tsv", "Importance", network="digits"),
    log:
        "results/logs/study_digits.log",
    benchmark:
        "results/benchmarks/study_digits.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(750),
        runtime=20,
    params:
        code=code("study_digits.py"),
        seed=settings["importance"]["seed"],
        layers=ablated(("conv1", "conv2")),
        removing={
            key: ABLATION[key]
            for key in ("methods", "steps", "seeds", "fewest_images")
        },
    script:
        "../scripts/study_digits.py"


rule importance:
    """Weigh the filters of every differentiated layer, and remove them step by step."""
    input:
        per_study_with_filters(rules.remove_filters.output),
        rules.study_digits.output if ABLATION["digits"] else [],
    localrule: True


rule draw_importance:
    """Draw the importance of the filters of {wildcards.network}, and what removing them does."""
    input:
        importance=rules.remove_filters.output.importance,
        ablation=rules.remove_filters.output.ablation,
    output:
        report(
            directory(f"{RESULTS}/figures/importance"),
            patterns=["{layer}/{name}.png"],
            caption="../report/importance.rst",
            category="Importance",
            subcategory="{network}",
            labels={"layer": "{layer}", "images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_importance/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_importance/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=20,
    params:
        code=code("draw_importance.py"),
        title=lambda w: w.network,
        shown="",
        classes=class_params,
        fewest_images=ABLATION["fewest_images"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_importance.py"


use rule draw_importance as draw_digits with:
    input:
        importance=rules.study_digits.output.importance,
        ablation=rules.study_digits.output.ablation,
    output:
        report(
            directory(f"{DIGITS}/figures"),
            patterns=["{layer}/{name}.png"],
            caption="../report/importance.rst",
            category="Importance",
            subcategory="digits",
            labels={"layer": "{layer}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_digits.log",
    benchmark:
        "results/benchmarks/draw_digits.tsv"
    params:
        code=code("draw_importance.py"),
        title="digits",
        shown="test images of all ten digits",
        classes=None,
        fewest_images=ABLATION["fewest_images"],
        formats=settings["figures"]["formats"],
