# How good the explanations are: measured beside other methods and controls. Not a part of `all`.
# IN:  resources/networks/{network}.safetensors, resources/images/{images}.csv
# OUT: results/{network}/{images}/evaluation/..., figures/evaluation; results/scene_classifier/...: a
#      small network trained here, on scenes whose truth is known; results/evaluation.html

EVALUATION = f"{RESULTS}/evaluation"
SCENES = "results/scene_classifier"
JUDGED = settings["evaluation"]
CHECKED = bool(JUDGED["sanity"]["methods"])
MOSAICS = JUDGED["mosaics"]["count"] > 0
SHOWN_SCENES = JUDGED["scenes"]["count"] > 0
# What the study's own backtracking is: the walk, and how pixels become a map.
OWN_WALK = {
    **{key: value for key, value in WALK.items() if key not in ("target", "batch")},
    **{key: settings["saliency"][key] for key in ("sigma", "near", "share")},
}


rule explain_photos:
    """Explain what {wildcards.network} sees in every image, by all methods."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        f"{EVALUATION}/maps.h5",
    log:
        "results/logs/explain_photos/{network}/{images}.log",
    benchmark:
        "results/benchmarks/explain_photos/{network}/{images}.tsv"
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(3500 + CUDA),
        runtime=60,
    params:
        code=code("explain_photos.py"),
        network=network_params,
        methods=JUDGED["methods"],
        own=OWN_WALK,
    script:
        "../scripts/explain_photos.py"


rule evaluate:
    """Measure the maps of the images: by their pixels, by their objects."""
    input:
        unpack(known_boxes),
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        maps=rules.explain_photos.output[0],
    output:
        measures=f"{EVALUATION}/photos.tsv",
        curves=f"{EVALUATION}/curves.tsv",
    log:
        "results/logs/evaluate/{network}/{images}.log",
    benchmark:
        "results/benchmarks/evaluate/{network}/{images}.tsv"
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1250 + CUDA),
        runtime=60,
    params:
        code=code("evaluate.py"),
        network=network_params,
        boxes=boxes_params,
        protocols=JUDGED["protocols"],
        steps=JUDGED["steps"],
        seed=JUDGED["seed"],
    script:
        "../scripts/evaluate.py"


rule evaluate_mosaics:
    """Measure how far maps of mosaics lie on the photo of their class."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        measures=f"{EVALUATION}/mosaics.tsv",
        maps=f"{EVALUATION}/mosaics.h5",
    log:
        "results/logs/evaluate_mosaics/{network}/{images}.log",
    benchmark:
        "results/benchmarks/evaluate_mosaics/{network}/{images}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(2000 + CUDA),
        runtime=60,
    params:
        code=code("evaluate_mosaics.py"),
        network=network_params,
        methods=JUDGED["methods"],
        own=OWN_WALK,
        mosaics=JUDGED["mosaics"],
        kept=[judged_methods()[0], *JUDGED["references"]],
    script:
        "../scripts/evaluate_mosaics.py"


rule sanity:
    """Check that the maps of {wildcards.network} change with its layers and with the class."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        table=in_report(
            f"{EVALUATION}/sanity.tsv",
            "Evaluation",
            network="{network}",
            images="{images}",
        ),
        cascade=f"{EVALUATION}/cascade.h5",
    log:
        "results/logs/sanity/{network}/{images}.log",
    benchmark:
        "results/benchmarks/sanity/{network}/{images}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1750 + CUDA),
        runtime=60,
    params:
        code=code("check_sanity.py"),
        network=network_params,
        methods=JUDGED["methods"],
        own=OWN_WALK,
        plan=JUDGED["sanity"],
        image=settings["figures"]["image"],
    script:
        "../scripts/check_sanity.py"


rule train_scenes:
    """Train a small network to name digits in scenes whose truth is known."""
    output:
        weights=f"{SCENES}/weights.safetensors",
        accuracy=in_report(f"{SCENES}/accuracy.tsv", "Evaluation", network="scenes"),
    log:
        "results/logs/train_scenes.log",
    benchmark:
        "results/benchmarks/train_scenes.tsv"
    priority: 2
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(750),
        runtime=20,
    params:
        code=code("train_scenes.py"),
        seed=JUDGED["scenes"]["seed"],
    script:
        "../scripts/train_scenes.py"


rule evaluate_scenes:
    """Measure the maps of scenes, where the pixels that make the class are known."""
    input:
        weights=rules.train_scenes.output.weights,
    output:
        measures=f"{SCENES}/evaluation/scenes.tsv",
        curves=f"{SCENES}/evaluation/curves.tsv",
        maps=f"{SCENES}/evaluation/maps.h5",
    log:
        "results/logs/evaluate_scenes.log",
    benchmark:
        "results/benchmarks/evaluate_scenes.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(750),
        runtime=30,
    params:
        code=code("evaluate_scenes.py"),
        methods=JUDGED["methods"],
        own=OWN_WALK,
        scenes=JUDGED["scenes"],
        protocols=JUDGED["protocols"],
        steps=JUDGED["steps"],
        seed=JUDGED["seed"],
    script:
        "../scripts/evaluate_scenes.py"


rule summarise:
    """Bring together what was measured, with intervals and differences to the references."""
    input:
        measures=[
            rules.evaluate.output.measures,
            *([rules.evaluate_mosaics.output.measures] if MOSAICS else []),
        ],
        maps=[
            rules.explain_photos.output[0],
            *([rules.evaluate_mosaics.output.maps] if MOSAICS else []),
        ],
    output:
        measures=in_report(
            f"{EVALUATION}/measures.tsv",
            "Evaluation",
            network="{network}",
            images="{images}",
        ),
        summary=in_report(
            f"{EVALUATION}/summary.tsv",
            "Evaluation",
            network="{network}",
            images="{images}",
        ),
        refused=f"{EVALUATION}/refused.tsv",
    log:
        "results/logs/summarise/{network}/{images}.log",
    benchmark:
        "results/benchmarks/summarise/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("summarise.py"),
        references=JUDGED["references"],
        seed=JUDGED["seed"],
    script:
        "../scripts/summarise.py"


use rule summarise as summarise_scenes with:
    input:
        measures=[rules.evaluate_scenes.output.measures],
        maps=[rules.evaluate_scenes.output.maps],
    output:
        measures=in_report(
            f"{SCENES}/evaluation/measures.tsv", "Evaluation", network="scenes"
        ),
        summary=in_report(
            f"{SCENES}/evaluation/summary.tsv", "Evaluation", network="scenes"
        ),
        refused=f"{SCENES}/evaluation/refused.tsv",
    log:
        "results/logs/summarise_scenes.log",
    benchmark:
        "results/benchmarks/summarise_scenes.tsv"


rule draw_evaluation:
    """Draw what was measured of explanations of what {wildcards.network} sees."""
    input:
        **({"mosaics": rules.evaluate_mosaics.output.maps} if MOSAICS else {}),
        **(
            {
                "sanity": rules.sanity.output.table,
                "cascade": rules.sanity.output.cascade,
            }
            if CHECKED
            else {}
        ),
        measures=rules.summarise.output.measures,
        summary=rules.summarise.output.summary,
        curves=rules.evaluate.output.curves,
        maps=rules.explain_photos.output[0],
    output:
        report(
            directory(f"{RESULTS}/figures/evaluation"),
            patterns=["{name}.png"],
            caption="../report/evaluation.rst",
            category="Evaluation",
            subcategory="{network}",
            labels={"images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_evaluation/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_evaluation/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(750),
        runtime=20,
    params:
        code=code("draw_evaluation.py"),
        classes=class_params,
        methods=judged_methods(),
        references=JUDGED["references"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_evaluation.py"


rule draw_scenes:
    """Draw what was measured of explanations of scenes, whose truth is known."""
    input:
        measures=rules.summarise_scenes.output.measures,
        summary=rules.summarise_scenes.output.summary,
        curves=rules.evaluate_scenes.output.curves,
        maps=rules.evaluate_scenes.output.maps,
    output:
        report(
            directory(f"{SCENES}/figures"),
            patterns=["{name}.png"],
            caption="../report/evaluation.rst",
            category="Evaluation",
            subcategory="scenes",
            labels={"images": "scenes", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_scenes.log",
    benchmark:
        "results/benchmarks/draw_scenes.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_scenes.py"),
        scenes=JUDGED["scenes"],
        methods=judged_methods(),
        references=JUDGED["references"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_scenes.py"


rule write_evaluation:
    """Write the page that says how good the explanations are, in words and numbers."""
    input:
        figures=per_study(rules.draw_evaluation.output[0]),
        refused=per_study(rules.summarise.output.refused),
        scenes=[rules.draw_scenes.output[0]] if SHOWN_SCENES else [],
    output:
        "results/evaluation.html",
    log:
        "results/logs/write_evaluation.log",
    benchmark:
        "results/benchmarks/write_evaluation.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("write_evaluation.py"),
        looks=[
            [network, images] for network in study.networks for images in study.images
        ],
        method=judged_methods()[0],
        references=JUDGED["references"],
    script:
        "../scripts/write_evaluation.py"


# What `evaluation` leaves beside its pages; `sweep` is the same without figures and checks.
MEASURED = [
    per_study(rules.explain_photos.output),
    per_study(rules.evaluate.output),
    per_study(rules.evaluate_mosaics.output) if MOSAICS else [],
    per_study(rules.summarise.output),
    (
        [
            rules.train_scenes.output,
            rules.evaluate_scenes.output,
            rules.summarise_scenes.output,
        ]
        if SHOWN_SCENES
        else []
    ),
]


rule sweep:
    """Measure variants of methods, without figures: for config/sweep.yaml."""
    input:
        MEASURED,
    localrule: True


rule evaluation:
    """Measure how good the explanations are, beside other methods and controls."""
    input:
        MEASURED,
        per_study(rules.sanity.output) if CHECKED else [],
        rules.write_evaluation.input,
        "results/evaluation.html",
        "results/report/evaluation.html",
    localrule: True
