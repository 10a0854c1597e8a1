# Downloads, and what is made of them once: weights as safetensors, photos with a manifest.
# IN:  the catalogue of the package; own sheets, folders and weights
# OUT: resources/archives/{file}, resources/networks/{network}.safetensors,
#      resources/images/{images}.csv and the photos in resources/images/{images}/


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


rule image_set:
    """Check every photo of {wildcards.images}, and take those out that lie in archives."""
    input:
        unpack(image_files),
    output:
        manifest="resources/images/{images}.csv",
        photos=directory("resources/images/{images}"),
    log:
        "results/logs/image_set/{images}.log",
    benchmark:
        "results/benchmarks/image_set/{images}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=60,
    params:
        code=code("fetch_images.py"),
        catalogued=lambda w: study.images[w.images].catalogued,
        content=lambda w: study.images[w.images].content,
    script:
        "../scripts/fetch_images.py"
