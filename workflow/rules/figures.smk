# Figures, one job for a page of them: a start of the plotting library costs more than a picture.
# IN:  activations.h5, orders, gradients, backtracks and predictions of results/{network}/{images}
# OUT: results/{network}/{images}/figures/...

FIGURES = f"{RESULTS}/figures"
FIGURE_SOURCE = settings["ordering"]["source"]


rule draw_predictions:
    """Draw the photos with the five best classes of each."""
    input:
        activations=rules.gather_activations.output[0],
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        report(
            directory(f"{FIGURES}/predictions"),
            patterns=["{name}.png"],
            caption="../report/predictions.rst",
            category="Predictions",
            labels={"network": "{network}", "images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_predictions/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_predictions/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_predictions.py"),
        classes=class_params,
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_predictions.py"


rule draw_channels:
    """Draw all channels of {wildcards.layer}, once in every order."""
    input:
        activations=rules.gather_activations.output[0],
        weights=rules.network_weights.output.weights,
        orders=expand(
            rules.order_channels.output.orders,
            source=FIGURE_SOURCE,
            allow_missing=True,
        ),
    output:
        report(
            directory(f"{FIGURES}/channels/{{layer}}"),
            patterns=["{method}.png"],
            caption="../report/channels.rst",
            category="Channels",
            subcategory="{network}",
            labels={"layer": "{layer}", "images": "{images}", "order": "{method}"},
        ),
    log:
        "results/logs/draw_channels/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/draw_channels/{network}/{images}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_channels.py"),
        image=settings["figures"]["image"],
        norm=settings["figures"]["norm"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_channels.py"


rule draw_orderings:
    """Draw the orders of {wildcards.layer}: on the maps, on a slice, against chance."""
    input:
        **{
            table: expand(
                rules.order_channels.output[table],
                source=FIGURE_SOURCE,
                allow_missing=True,
            )
            for table in (
                "similarity",
                "quality",
                "null",
                "methods",
                "rows",
                "cols",
                "clusters",
            )
        },
        activations=rules.gather_activations.output[0],
        orders=expand(
            rules.order_channels.output.orders,
            source=FIGURE_SOURCE,
            allow_missing=True,
        ),
    output:
        report(
            directory(f"{FIGURES}/orderings/{{layer}}"),
            patterns=["{name}.png"],
            caption="../report/orderings.rst",
            category="Orderings",
            subcategory="{network}",
            labels={"layer": "{layer}", "images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_orderings/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/draw_orderings/{network}/{images}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=20,
    params:
        code=code("draw_orderings.py"),
        image=settings["figures"]["image"],
        series={
            name: settings["ordering"]["series"][name] for name in ("axis", "index")
        },
        source=FIGURE_SOURCE,
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_orderings.py"


rule draw_volumes:
    """Render the maps of {wildcards.layer} as a volume, once in every order."""
    input:
        activations=rules.gather_activations.output[0],
        orders=expand(
            rules.order_channels.output.orders,
            source=FIGURE_SOURCE,
            allow_missing=True,
        ),
    output:
        report(
            directory(f"{FIGURES}/volumes/{{layer}}"),
            patterns=["{name}.png"],
            caption="../report/volumes.rst",
            category="Volumes",
            subcategory="{network}",
            labels={"layer": "{layer}", "images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_volumes/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/draw_volumes/{network}/{images}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_volumes.py"),
        image=settings["volumes"]["image"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_volumes.py"


rule draw_through:
    """Render the maps of all layers of {wildcards.network} beside each other, and their photo."""
    input:
        activations=rules.gather_activations.output[0],
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        orders=lambda w: expand(
            f"{ORDERS}/{{method}}.json",
            layer=study.networks[w.network].layers,
            source=FIGURE_SOURCE,
            method=settings["volumes"]["through"],
            allow_missing=True,
        ),
    output:
        report(
            directory(f"{FIGURES}/through"),
            patterns=["{name}.png"],
            caption="../report/through.rst",
            category="Volumes",
            subcategory="{network}",
            labels={"layer": "all", "images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_through/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_through/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_through.py"),
        layers=lambda w: list(study.networks[w.network].layers),
        preprocessing=lambda w: dict(study.networks[w.network].entry.preprocessing),
        image=settings["volumes"]["image"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_through.py"


rule draw_gradients:
    """Compare the weight gradients of {wildcards.layer} across the roles."""
    input:
        gradients=rules.gather_gradients.output[0],
    output:
        figures=report(
            directory(f"{FIGURES}/gradients/{{layer}}"),
            patterns=["{name}.png", "{name}.gif"],
            caption="../report/gradients.rst",
            category="Gradients",
            subcategory="{network}",
            labels={"layer": "{layer}", "images": "{images}", "figure": "{name}"},
        ),
        norms=in_report(
            f"{GRADIENTS}/norms.tsv",
            "Gradients",
            network="{network}",
            images="{images}",
            layer="{layer}",
        ),
        cosines=in_report(
            f"{GRADIENTS}/cosines.tsv",
            "Gradients",
            network="{network}",
            images="{images}",
            layer="{layer}",
        ),
        roles=in_report(
            f"{GRADIENTS}/roles.tsv",
            "Gradients",
            network="{network}",
            images="{images}",
            layer="{layer}",
        ),
        tests=in_report(
            f"{GRADIENTS}/tests.tsv",
            "Gradients",
            network="{network}",
            images="{images}",
            layer="{layer}",
        ),
    log:
        "results/logs/draw_gradients/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/draw_gradients/{network}/{images}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_gradients.py"),
        options={
            key: settings["gradients"][key]
            for key in ("roles", "order", "reduction", "channel", "frames")
        },
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_gradients.py"


# The longest figure jobs, and what they wait for, begin first: others fill the cores beside them.
rule draw_backtracks:
    """Draw every photo with the pixels a prediction goes back to, and how the walk comes there."""
    input:
        unpack(known_boxes),
        **({"variants": rules.walk_variants.output[0]} if VARIANTS else {}),
        backtracks=rules.gather_backtracks.output[0],
        predictions=rules.tabulate_predictions.output.table,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        photos=report(
            directory(f"{FIGURES}/backtracks"),
            patterns=["{image}.png"],
            caption="../report/backtracks.rst",
            category="Backtracking",
            subcategory="{network}",
            labels={"images": "{images}", "photo": "{image}"},
        ),
        walk=report(
            directory(f"{FIGURES}/walk"),
            patterns=["{name}.png"],
            caption="../report/walk.rst",
            category="Backtracking",
            subcategory="{network}",
            labels={"images": "{images}", "figure": "{name}"},
        ),
        table=in_report(
            f"{RESULTS}/backtracks.tsv",
            "Backtracking",
            network="{network}",
            images="{images}",
        ),
        sensitivity=in_report(
            f"{RESULTS}/class_sensitivity.tsv",
            "Backtracking",
            network="{network}",
            images="{images}",
        ),
        pairs=f"{RESULTS}/class_pairs.tsv",
        variants=in_report(
            f"{RESULTS}/variants.tsv",
            "Backtracking",
            network="{network}",
            images="{images}",
        ),
    log:
        "results/logs/draw_backtracks/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_backtracks/{network}/{images}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(750),
        runtime=20,
    params:
        code=code("draw_backtracks.py"),
        boxes=boxes_params,
        options=lambda w: {
            "classes": class_params(w),
            "target": settings["backtrack"]["target"],
            "compared": bool(VARIANTS),
            "saliency": settings["saliency"],
            "image": settings["figures"]["image"],
            "preprocessing": dict(study.networks[w.network].entry.preprocessing),
        },
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_backtracks.py"


rule figures:
    """Draw every figure, and write the tables that belong to it."""
    input:
        per_study(rules.draw_predictions.output),
        per_layer(rules.draw_channels.output, "layers"),
        per_layer(rules.draw_orderings.output, "layers"),
        per_layer(rules.draw_volumes.output, "layers"),
        per_study(rules.draw_through.output),
        rules.kernels.input,
        per_layer(rules.draw_gradients.output, "filters", images=study.compared),
        per_study_with_filters(rules.draw_importance.output),
        rules.draw_digits.output if ABLATION["digits"] else [],
        per_study(rules.draw_backtracks.output),
        rules.detections.input,
        rules.tracks.input,
    localrule: True
