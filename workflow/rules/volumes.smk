# Feature maps of any image as volumes for 3D viewers, in any order.
# IN:  results/{network}/{images}/activations.h5, orders/{layer}/{source}/{method}.json
# OUT: results/{network}/{images}/volumes/{layer}/{source}/{image}/{method}.{hd,vox,nrrd,vti}

VOLUMES = f"{RESULTS}/volumes/{{layer}}/{{source}}/{{image}}"

# The header and the voxels of the CGV viewer are two files of one volume.
VOLUME_FILES = [
    suffix
    for format in settings["volumes"]["formats"]
    for suffix in ([format, "vox"] if format == "hd" else [format])
]


rule volumes:
    """Write maps of one image, and mean gradients of each role, as volumes for 3D viewers."""
    input:
        [
            path
            for suffix in VOLUME_FILES
            for path in per_layer(
                f"{VOLUMES}/{{method}}.{suffix}",
                "layers",
                source=settings["ordering"]["source"],
                image=settings["volumes"]["image"],
                method=settings["ordering"]["methods"],
            )
        ],
        per_layer(f"{GRADIENTS}/volumes", "filters", images=study.compared),
    localrule: True


# One job writes all methods of the configuration, because a job starts slower than it writes.
rule write_volumes:
    """Write the maps of {wildcards.layer} for {wildcards.image} as volumes, in every order."""
    input:
        activations=rules.gather_activations.output[0],
        orders=rules.order_channels.output.orders,
    output:
        expand(
            f"{VOLUMES}/{{method}}.{{suffix}}",
            method=settings["ordering"]["methods"],
            suffix=VOLUME_FILES,
            allow_missing=True,
        ),
    log:
        "results/logs/write_volumes/{network}/{images}/{layer}/{source}/{image}.log",
    benchmark:
        "results/benchmarks/write_volumes/{network}/{images}/{layer}/{source}/{image}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=20,
    params:
        code=code("write_volumes.py"),
        dtype=settings["volumes"]["dtype"],
    script:
        "../scripts/write_volumes.py"


# A method or a format that the configuration does not list can be asked for by its path.
ruleorder: write_volumes > write_one_volume
ruleorder: write_volumes > write_one_pair


rule write_one_volume:
    """Write the maps of {wildcards.layer} for {wildcards.image} in one order, as {wildcards.format}."""
    input:
        activations=rules.gather_activations.output[0],
        orders=[f"{ORDERS}/{{method}}.json"],
    output:
        f"{VOLUMES}/{{method}}.{{format}}",
    log:
        "results/logs/write_one_volume/{network}/{images}/{layer}/{source}/{image}/{method}.{format}.log",
    benchmark:
        "results/benchmarks/write_one_volume/{network}/{images}/{layer}/{source}/{image}/{method}.{format}.tsv"
    wildcard_constraints:
        format="nrrd|vti",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=20,
    params:
        code=code("write_volumes.py"),
        dtype=settings["volumes"]["dtype"],
    script:
        "../scripts/write_volumes.py"


use rule write_one_volume as write_one_pair with:
    output:
        f"{VOLUMES}/{{method}}.hd",
        f"{VOLUMES}/{{method}}.vox",
    log:
        "results/logs/write_one_pair/{network}/{images}/{layer}/{source}/{image}/{method}.log",
    benchmark:
        "results/benchmarks/write_one_pair/{network}/{images}/{layer}/{source}/{image}/{method}.tsv"
