# From pixels to objects: boxes with class names, ranked proposals, tracks through frames.
# IN:  objects.h5 and activations.h5 of results/{network}/{images}; sequences of frames
# OUT: results/{network}/{images}/detections.tsv, proposals.tsv, recalls.tsv, tracks/...

TRACKS = f"{RESULTS}/tracks"
TRACKING = settings["tracking"]
FOLLOWED = study.tracking


rule find_objects:
    """Find boxes on the photos, by class and as ranked proposals, and draw them."""
    input:
        unpack(known_boxes),
        backtracks=rules.gather_objects.output[0],
        activations=rules.gather_activations.output[0],
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        detections=in_report(
            f"{RESULTS}/detections.tsv",
            "Objects",
            network="{network}",
            images="{images}",
        ),
        proposals=in_report(
            f"{RESULTS}/proposals.tsv",
            "Objects",
            network="{network}",
            images="{images}",
        ),
        recalls=in_report(
            f"{RESULTS}/recalls.tsv", "Objects", network="{network}", images="{images}"
        ),
        figures=report(
            directory(f"{RESULTS}/figures/objects"),
            patterns=["{name}.png"],
            caption="../report/objects.rst",
            category="Objects",
            subcategory="{network}",
            labels={"images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/find_objects/{network}/{images}.log",
    benchmark:
        "results/benchmarks/find_objects/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("find_objects.py"),
        classes=class_params,
        boxes=boxes_params,
        saliency={
            **{key: settings["saliency"][key] for key in ("near", "share")},
            **{key: settings["objects"][key] for key in ("sigma", "level", "box")},
        },
        objects={
            key: settings["objects"][key]
            for key in ("sigmas", "levels", "parts", "most", "count")
        },
        formats=settings["figures"]["formats"],
    script:
        "../scripts/find_objects.py"


rule detections:
    """Find a box for each of the best classes of every image."""
    input:
        per_study(rules.find_objects.output),
    localrule: True


rule proposals:
    """Propose boxes that may hold objects, ranked, for every image."""
    input:
        per_study(rules.find_objects.output),
    localrule: True


rule spot_in_frames:
    """Look for classes in the frames of all sequences with {wildcards.network}."""
    input:
        unpack(known_boxes),
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        sequences=[one["path"] for one in TRACKING["sequences"] if one["path"]],
    output:
        f"{TRACKS}/found.tsv",
    log:
        "results/logs/spot_in_frames/{network}/{images}.log",
    benchmark:
        "results/benchmarks/spot_in_frames/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1000 + CUDA),
        runtime=60,
    params:
        code=code("spot_in_frames.py"),
        network=network_params,
        classes=class_params,
        boxes=boxes_params,
        options={key: TRACKING[key] for key in ("among", "parts", "most")},
        sequences=TRACKING["sequences"],
        saliency=settings["saliency"],
        walk={key: value for key, value in WALK.items() if key != "target"},
    script:
        "../scripts/spot_in_frames.py"


rule draw_tracks:
    """Link the boxes of all frames into tracks, score them, and draw a film of each sequence."""
    input:
        unpack(known_boxes),
        found=rules.spot_in_frames.output[0],
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        sequences=[one["path"] for one in TRACKING["sequences"] if one["path"]],
    output:
        tracks=expand(
            f"{TRACKS}/{{sequence}}.csv",
            sequence=FOLLOWED["sequences"],
            allow_missing=True,
        ),
        truth=expand(
            f"{TRACKS}/{{sequence}}_truth.csv",
            sequence=FOLLOWED["sequences"],
            allow_missing=True,
        ),
        scores=in_report(
            f"{TRACKS}/scores.tsv", "Objects", network="{network}", images="{images}"
        ),
        figures=report(
            directory(f"{RESULTS}/figures/tracks"),
            patterns=["{name}.png", "{name}.gif"],
            caption="../report/tracks.rst",
            category="Objects",
            subcategory="{network}",
            labels={"images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_tracks/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_tracks/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=20,
    params:
        code=code("draw_tracks.py"),
        boxes=boxes_params,
        options={key: TRACKING[key] for key in ("overlap", "patience", "confirm")},
        sequences=TRACKING["sequences"],
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_tracks.py"


rule tracks:
    """Follow objects through the frames of sequences."""
    input:
        per_tracking(rules.spot_in_frames.output),
        per_tracking(rules.draw_tracks.output),
    localrule: True
