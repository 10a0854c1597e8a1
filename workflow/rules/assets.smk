# Downloads, and what is made of them once: weights as safetensors, photos with a manifest.
# IN:  the catalogue of the package; own sheets, folders and weights
# OUT: resources/archives/{file}, resources/networks/{network}.safetensors,
#      resources/images/{images}.csv and the photos in resources/images/{images}/


rule downloads:
    """Fetch and check the networks and the photos, and nothing more."""
    localrule: True
    input:
        expand("resources/networks/{network}.safetensors", network=study.networks),
        expand("resources/images/{images}.csv", images=study.images),


# Without a digest of its code: whatever code fetched it, a file with the pinned hash is the file.
rule fetch_archive:
    """Download {wildcards.file}, pinned by its hash."""
    localrule: True
    output:
        "resources/archives/{file}",
    log:
        "results/logs/fetch_archive/{file}.log",
    benchmark:
        "results/benchmarks/fetch_archive/{file}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=60,
    params:
        download=lambda w: study.downloads[w.file],
    script:
        "../scripts/fetch_archive.py"


def weights_file(wildcards):
    """What the weights of a network are made from: a download, a local file, or nothing."""
    choice = study.networks[wildcards.network]
    if choice.download:
        return {"file": f"resources/archives/{choice.download}"}
    if choice.entry.weights["kind"] == "file":
        return {"file": choice.entry.weights["path"]}
    return {}


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
        mem_mb=memory(2000),
        runtime=20,
    params:
        code=code("convert_weights.py"),
        entry=lambda w: study.networks[w.network].entry_params,
        architecture_source=lambda w: module_digest(study.networks[w.network].entry.architecture),
    script:
        "../scripts/convert_weights.py"


def image_files(wildcards):
    """What an image set is made from: archives, and an own sheet or folder."""
    choice = study.images[wildcards.images]
    files = {"archives": [f"resources/archives/{name}" for name in choice.downloads]}
    if choice.folder:
        files["folder"] = choice.folder
    elif not choice.catalogued:
        files["sheet"] = choice.sheet
    return files


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
        mem_mb=memory(1000),
        runtime=60,
    params:
        code=code("fetch_images.py"),
        catalogued=lambda w: study.images[w.images].catalogued,
        content=lambda w: study.images[w.images].content,
    script:
        "../scripts/fetch_images.py"
