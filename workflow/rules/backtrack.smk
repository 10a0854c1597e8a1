# From a class score back to the pixels responsible, for every image.
# IN:  resources/networks/{network}.safetensors, resources/images/{images}.csv
# OUT: results/{network}/{images}/backtracks.h5, objects.h5 (for boxes), variants.h5

COMPARED = settings["backtrack"]["compare"]
WALK = {key: value for key, value in settings["backtrack"].items() if key != "compare"}
VARIANTS = per_study(f"{RESULTS}/variants.h5") if any(COMPARED.values()) else []


rule backtrack:
    """Walk the predictions of every network back to the pixels."""
    input:
        per_shard(f"{RESULTS}/{{file}}/{{shard}}.h5", file=["backtracks", "objects"]),
        per_study(f"{RESULTS}/{{file}}.h5", file=["backtracks", "objects"]),
        VARIANTS,
    localrule: True


rule walk_back:
    """Walk from the class scores of {wildcards.network} back to the pixels, for one shard."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_part.output.manifest,
        photos=rules.image_part.output.photos,
    output:
        backtracks=f"{RESULTS}/backtracks/{{shard}}.h5",
        objects=f"{RESULTS}/objects/{{shard}}.h5",
    log:
        "results/logs/walk_back/{network}/{images}/{shard}.log",
    benchmark:
        "results/benchmarks/walk_back/{network}/{images}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1500 + CUDA),
        runtime=60,
    params:
        code=code("walk_back.py"),
        network=network_params,
        classes=class_params,
        options=WALK,
        others={"rivals": settings["objects"]["rivals"]},
    script:
        "../scripts/walk_back.py"


use rule gather_activations as gather_backtracks with:
    input:
        shards(f"{RESULTS}/backtracks/{{shard}}.h5"),
    output:
        f"{RESULTS}/backtracks.h5",
    log:
        "results/logs/gather_backtracks/{network}/{images}.log",
    benchmark:
        "results/benchmarks/gather_backtracks/{network}/{images}.tsv"
    localrule: True


use rule gather_activations as gather_objects with:
    input:
        shards(f"{RESULTS}/objects/{{shard}}.h5"),
    output:
        f"{RESULTS}/objects.h5",
    log:
        "results/logs/gather_objects/{network}/{images}.log",
    benchmark:
        "results/benchmarks/gather_objects/{network}/{images}.tsv"
    localrule: True


rule walk_variants:
    """Walk one photo back through {wildcards.network} with several choices of the method."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        f"{RESULTS}/variants.h5",
    log:
        "results/logs/walk_variants/{network}/{images}.log",
    benchmark:
        "results/benchmarks/walk_variants/{network}/{images}.tsv"
    priority: 1
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1250 + CUDA),
        runtime=30,
    params:
        code=code("walk_variants.py"),
        network=network_params,
        classes=class_params,
        options=WALK,
        choices=lambda w: {
            **COMPARED,
            "image": settings["figures"]["image"],
            "layers": list(study.networks[w.network].layers),
        },
    script:
        "../scripts/walk_variants.py"
