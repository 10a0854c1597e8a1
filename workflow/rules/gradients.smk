# Gradients of class scores with respect to filter weights, for every image.
# IN:  resources/networks/{network}.safetensors, resources/images/{images}.csv
# OUT: results/{network}/{images}/gradients/{layer}.h5
#      results/{network}/{images}/gradients/{layer}/volumes/{unit}_{role}_{state}.{hd,vox,nrrd,vti}

GRADIENTS = f"{RESULTS}/gradients/{{layer}}"


rule gradients:
    """Compute the weight gradients of the inspected classes for every image."""
    input:
        per_shard(f"{GRADIENTS}/{{shard}}.h5", "filters"),
        per_layer(f"{GRADIENTS}.h5", "filters"),
    localrule: True


rule differentiate:
    """Differentiate the inspected scores by the filters of {wildcards.layer}, for one shard."""
    input:
        weights=rules.network_weights.output.weights,
        manifest=rules.image_part.output.manifest,
        photos=rules.image_part.output.photos,
    output:
        f"{GRADIENTS}/{{shard}}.h5",
    log:
        "results/logs/differentiate/{network}/{images}/{layer}/{shard}.log",
    benchmark:
        "results/benchmarks/differentiate/{network}/{images}/{layer}/{shard}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1750 + CUDA),
        runtime=60,
    params:
        code=code("differentiate.py"),
        network=network_params,
        classes=class_params,
        units=settings["gradients"]["units"],
        batch=settings["gradients"]["batch"],
    script:
        "../scripts/differentiate.py"


use rule gather_activations as gather_gradients with:
    input:
        shards(f"{GRADIENTS}/{{shard}}.h5"),
    output:
        f"{GRADIENTS}.h5",
    log:
        "results/logs/gather_gradients/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/gather_gradients/{network}/{images}/{layer}.tsv"
    localrule: True


rule write_gradient_volumes:
    """Write the mean gradients of {wildcards.layer} as volumes, for every role."""
    input:
        gradients=rules.gather_gradients.output[0],
    output:
        directory(f"{GRADIENTS}/volumes"),
    log:
        "results/logs/write_gradient_volumes/{network}/{images}/{layer}.log",
    benchmark:
        "results/benchmarks/write_gradient_volumes/{network}/{images}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=20,
    params:
        code=code("write_gradient_volumes.py"),
        options={
            key: settings["gradients"][key]
            for key in ("roles", "order", "reduction", "channel")
        },
        formats=settings["volumes"]["formats"],
        dtype=settings["volumes"]["dtype"],
    script:
        "../scripts/write_gradient_volumes.py"
