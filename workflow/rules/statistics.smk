# What is kept of the maps of a whole image set, however large: sums over all images, from which
# channels are ordered, and the images that excite each channel most.
# IN:  results/{network}/{images}/activations/{shard}.h5
# OUT: results/{network}/{images}/statistics.h5, top_images.tsv

# Single slices by which channels are clustered: the sums of all others are not kept.
SLICES = [
    [options["axis"], options["index"]]
    for options in (settings["ordering"]["kmeans"], settings["ordering"]["series"])
    if options["view"] == "slice"
]


rule statistics:
    """Sum up the maps of all images, and choose those that excite each channel most."""
    input:
        per_study(f"{RESULTS}/statistics.h5"),
        per_study(f"{RESULTS}/top_images.tsv"),
    localrule: True


# One job for all layers: it reads the maps of its shard once.
rule summarise_maps:
    """Sum up the maps of {wildcards.network} for one shard of {wildcards.images}."""
    input:
        activations=rules.extract.output[0],
    output:
        f"{RESULTS}/statistics/{{shard}}.h5",
    log:
        "results/logs/summarise_maps/{network}/{images}/{shard}.log",
    benchmark:
        "results/benchmarks/summarise_maps/{network}/{images}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("summarise_maps.py"),
        layers=lambda w: list(study.networks[w.network].layers),
        slices=SLICES,
        top_images=settings["statistics"]["top_images"],
    script:
        "../scripts/summarise_maps.py"


rule merge_statistics:
    """Merge the statistics of all shards of {wildcards.images}, seen by {wildcards.network}."""
    input:
        shards(f"{RESULTS}/statistics/{{shard}}.h5"),
    output:
        statistics=f"{RESULTS}/statistics.h5",
        top_images=in_report(
            f"{RESULTS}/top_images.tsv",
            "Channels",
            network="{network}",
            images="{images}",
        ),
    log:
        "results/logs/merge_statistics/{network}/{images}.log",
    benchmark:
        "results/benchmarks/merge_statistics/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("merge_statistics.py"),
    script:
        "../scripts/merge_statistics.py"
