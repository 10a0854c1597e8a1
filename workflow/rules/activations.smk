# Feature maps and class scores of every image, in one HDF5 file per network and image set.
# IN:  resources/networks/{network}.safetensors, resources/images/{images}.csv
# OUT: results/{network}/{images}/activations.h5, predictions.tsv


# Targets name all that their stage leaves, here the shards, too: Snakemake makes a file that is
# missing again where it was asked for, or where what was made from it has to be made anew.
rule activations:
    """Record feature maps and class scores, and tabulate the five best classes of every image."""
    input:
        per_shard(f"{RESULTS}/activations/{{shard}}.h5"),
        per_study(f"{RESULTS}/activations.h5"),
        per_study(f"{RESULTS}/predictions.tsv"),
    localrule: True


rule extract:
    """Record the wanted layers of {wildcards.network} for one shard of {wildcards.images}."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_part.output.manifest,
        photos=rules.image_part.output.photos,
    output:
        f"{RESULTS}/activations/{{shard}}.h5",
    log:
        "results/logs/extract/{network}/{images}/{shard}.log",
    benchmark:
        "results/benchmarks/extract/{network}/{images}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1500 + CUDA),
        runtime=60,
    params:
        code=code("extract.py"),
        network=network_params,
        layers=lambda w: list(study.networks[w.network].recorded),
        options=settings["activations"],
    script:
        "../scripts/extract.py"


rule gather_activations:
    """Make one file of all shards of the activations of {wildcards.network}."""
    input:
        shards(f"{RESULTS}/activations/{{shard}}.h5"),
    output:
        f"{RESULTS}/activations.h5",
    log:
        "results/logs/gather_activations/{network}/{images}.log",
    benchmark:
        "results/benchmarks/gather_activations/{network}/{images}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("gather.py"),
    script:
        "../scripts/gather.py"


rule tabulate_predictions:
    """List the five best classes of every image."""
    input:
        activations=rules.gather_activations.output[0],
    output:
        table=in_report(
            f"{RESULTS}/predictions.tsv",
            "Predictions",
            network="{network}",
            images="{images}",
        ),
    log:
        "results/logs/tabulate_predictions/{network}/{images}.log",
    benchmark:
        "results/benchmarks/tabulate_predictions/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("tabulate_predictions.py"),
        classes=class_params,
    script:
        "../scripts/tabulate_predictions.py"


rule repack:
    """Write activations and backtracks as files that need no shards."""
    input:
        per_study(f"{RESULTS}/whole/{{file}}.h5", file=["activations", "backtracks"]),
    localrule: True


# The shards have to stay there until it is done.
rule repack_file:
    """Write {wildcards.file}.h5 of {wildcards.network} as a file that needs no shards."""
    input:
        f"{RESULTS}/{{file}}.h5",
    output:
        f"{RESULTS}/whole/{{file}}.h5",
    log:
        "results/logs/repack_file/{network}/{images}/{file}.log",
    benchmark:
        "results/benchmarks/repack_file/{network}/{images}/{file}.tsv"
    wildcard_constraints:
        file="activations|backtracks|objects|walks",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=120,
    params:
        code=code("repack.py"),
    script:
        "../scripts/repack.py"
