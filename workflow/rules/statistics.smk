# What is kept of the maps of a whole image set, however large: sums over all images, from which
# channels are ordered, and the images that excite each channel most.
# IN:  results/{network}/{images}/activations/{shard}.h5
# OUT: results/{network}/{images}/statistics.h5, top_images.tsv, figures/top_images

# Single slices by which channels are clustered: the sums of all others are not kept.
SLICES = [
    [options["axis"], options["index"]]
    for options in (settings["ordering"]["kmeans"], settings["ordering"]["series"])
    if options["view"] == "slice"
]


rule statistics:
    """Sum up the maps of all images, and choose those that excite each channel most."""
    input:
        per_shard(f"{RESULTS}/statistics/{{shard}}.h5"),
        per_study(f"{RESULTS}/statistics.h5"),
        per_study(f"{RESULTS}/top_images.tsv"),
        per_study(f"{RESULTS}/figures/top_images"),
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


rule draw_top_images:
    """Draw the images that excite each channel of {wildcards.network} most."""
    input:
        statistics=rules.merge_statistics.output.statistics,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
    output:
        report(
            directory(f"{RESULTS}/figures/top_images"),
            patterns=["{name}.png"],
            caption="../report/top_images.rst",
            category="Channels",
            subcategory="{network}",
            labels={"images": "{images}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_top_images/{network}/{images}.log",
    benchmark:
        "results/benchmarks/draw_top_images/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("draw_top_images.py"),
        preprocessing=lambda w: dict(study.networks[w.network].entry.preprocessing),
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_top_images.py"
