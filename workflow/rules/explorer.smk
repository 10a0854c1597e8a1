# The site to look around in: every channel of every layer, on every image, in every order.
# IN:  activations.h5, orders and weights of results/{network}/{images}; walks of its own
# OUT: results/{network}/{images}/walks.h5, results/explorer/index.html and data beside it, and the
#      same once more in results/report/explorer

EXPLORER = settings["explorer"]
EXPLORED = "results/explorer/data/{network}/{images}"


rule walk_channels:
    """Walk back from the classes and from every channel of {wildcards.network}, for one shard."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_part.output.manifest,
        photos=rules.image_part.output.photos,
    output:
        f"{RESULTS}/walks/{{shard}}.h5",
    log:
        "results/logs/walk_channels/{network}/{images}/{shard}.log",
    benchmark:
        "results/benchmarks/walk_channels/{network}/{images}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1500 + CUDA),
        runtime=60,
    params:
        code=code("walk_channels.py"),
        network=network_params,
        layers=lambda w: list(study.networks[w.network].layers),
        classes=class_params,
        options=WALK,
        units=EXPLORER["units"],
    script:
        "../scripts/walk_channels.py"


use rule gather_activations as gather_walks with:
    input:
        shards(f"{RESULTS}/walks/{{shard}}.h5"),
    output:
        f"{RESULTS}/walks.h5",
    log:
        "results/logs/gather_walks/{network}/{images}.log",
    benchmark:
        "results/benchmarks/gather_walks/{network}/{images}.tsv"


rule export_explorer:
    """Write what the explorer shows of {wildcards.network} with {wildcards.images}."""
    input:
        activations=rules.gather_activations.output[0],
        walks=rules.gather_walks.output[0],
        weights=rules.network_weights.output.weights,
        manifest=rules.image_set.output.manifest,
        photos=photos_of_set,
        quality=layers_of_network(
            f"{ORDERS}/quality.tsv", source=settings["ordering"]["source"]
        ),
    output:
        directory(EXPLORED),
    log:
        "results/logs/export_explorer/{network}/{images}.log",
    benchmark:
        "results/benchmarks/export_explorer/{network}/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("export_explorer.py"),
        layers=lambda w: list(study.networks[w.network].layers),
        ordered={
            "source": settings["ordering"]["source"],
            "methods": settings["ordering"]["methods"],
            "controls": ORDERED[len(settings["ordering"]["methods"]) :],
        },
        options=lambda w: {
            "images": EXPLORER["images"],
            "classes": class_params(w),
            "preprocessing": network_params(w)["preprocessing"],
            "saliency": settings["saliency"],
        },
    script:
        "../scripts/export_explorer.py"


rule write_explorer:
    """Write the pages and the scripts of the explorer."""
    input:
        expand(EXPLORED, network=study.networks, images=study.explored),
    output:
        index="results/explorer/index.html",
        contents="results/explorer/data/index.js",
        site=directory("results/explorer/site"),
    log:
        "results/logs/write_explorer.log",
    benchmark:
        "results/benchmarks/write_explorer.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        code=code("write_explorer.py"),
        networks=list(study.networks),
        images=study.explored,
    script:
        "../scripts/write_explorer.py"


rule explorer:
    """Write the site to look around in: results/explorer/index.html."""
    input:
        per_shard(f"{RESULTS}/walks/{{shard}}.h5", images=study.explored),
        per_study(rules.gather_walks.output, images=study.explored),
        [rules.write_explorer.input, rules.write_explorer.output]
        if study.explored
        else [],
    localrule: True


# Snakemake's report takes files out of their folder, but a folder as it is.
rule copy_explorer:
    """Write the explorer as one folder that is whole in itself, for the report of Snakemake."""
    input:
        data=rules.write_explorer.input,
        contents=rules.write_explorer.output.contents,
    output:
        report(
            directory("results/report/explorer"),
            htmlindex="index.html",
            caption="../report/explorer.rst",
            category="Pages",
            labels={"page": "explorer"},
        ),
    log:
        "results/logs/copy_explorer.log",
    benchmark:
        "results/benchmarks/copy_explorer.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        code=code("copy_explorer.py"),
        networks=list(study.networks),
        images=study.explored,
    script:
        "../scripts/copy_explorer.py"
