# Downloads, and what is made of them once: weights as safetensors, photos with a manifest.
# IN:  the catalogue of the package; own sheets, folders and weights
# OUT: resources/archives/{file}, resources/networks/{network}.safetensors,
#      resources/images/{images}/{shard}.csv and the photos in resources/images/{images}/{shard}/,
#      resources/images/{images}/{shard}.left_out.tsv: photos that cannot be used, and why,
#      resources/images/{images}.csv and {images}.left_out.tsv: those of all shards


rule downloads:
    """Fetch and check the networks and the photos, and nothing more."""
    input:
        expand("resources/networks/{network}.safetensors", network=study.networks),
        expand("resources/images/{images}.csv", images=study.images),
    localrule: True


# Without a digest of its code: whatever code fetched it, a file with the pinned hash is the file.
rule fetch_archive:
    """Download {wildcards.file}, pinned by its hash."""
    output:
        "resources/archives/{file}",
    log:
        "results/logs/fetch_archive/{file}.log",
    benchmark:
        "results/benchmarks/fetch_archive/{file}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=60,
    params:
        download=lambda w: study.downloads[w.file],
    script:
        "../scripts/fetch_archive.py"


rule network_weights:
    """Check the weights of {wildcards.network} and write them as safetensors."""
    input:
        unpack(weights_file),
    output:
        weights="resources/networks/{network}.safetensors",
    log:
        "results/logs/network_weights/{network}.log",
    benchmark:
        "results/benchmarks/network_weights/{network}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(2000),  # the 528 MB of VGG-16, held three times
        runtime=20,
    params:
        code=code("convert_weights.py"),
        entry=lambda w: study.networks[w.network].entry_params,
        architecture_source=lambda w: module_digest(
            study.networks[w.network].entry.architecture
        ),
    script:
        "../scripts/convert_weights.py"


rule image_part:
    """Check the photos of one shard of {wildcards.images}, and take out those in archives."""
    input:
        unpack(image_files),
    output:
        manifest="resources/images/{images}/{shard}.csv",
        photos=directory("resources/images/{images}/{shard}"),
        left_out="resources/images/{images}/{shard}.left_out.tsv",
    log:
        "results/logs/image_part/{images}/{shard}.log",
    benchmark:
        "results/benchmarks/image_part/{images}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=60,
    params:
        code=code("check_images.py"),
        catalogued=lambda w: study.images[w.images].catalogued,
        classes=study.class_lists,
        content=lambda w: study.images[w.images].content,
        cut=cut_of,
        resize=study.largest_resize,
        skip_bad=lambda w: study.images[w.images].skip_bad,
        of_several=lambda w: study.images[w.images].shards > 1,
    script:
        "../scripts/check_images.py"


rule image_set:
    """List all photos of {wildcards.images}, and those that were left out."""
    input:
        manifests=shards("resources/images/{images}/{shard}.csv"),
        left_out=shards("resources/images/{images}/{shard}.left_out.tsv"),
    output:
        manifest="resources/images/{images}.csv",
        left_out=left_out_in_report() if study.leaves_out else LEFT_OUT,
    log:
        "results/logs/image_set/{images}.log",
    benchmark:
        "results/benchmarks/image_set/{images}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=10,
    params:
        code=code("gather_images.py"),
    script:
        "../scripts/gather_images.py"
