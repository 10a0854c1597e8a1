# Feature maps of one image as volumes for 3D viewers, in every order.
# IN:  results/{network}/{images}/activations.h5, orders/{layer}/{source}/{method}.json
# OUT: results/{network}/{images}/volumes/{layer}/{source}/{method}.{hd,vox,nrrd}

VOLUMES = f"{RESULTS}/volumes/{{layer}}/{{source}}"


rule volumes:
    """Write the feature maps of one image as volumes for 3D viewers."""
    input:
        per_layer(VOLUMES, "layers", source=settings["ordering"]["source"]),
    localrule: True


rule write_volumes:
    """Write the maps of {wildcards.layer} as volumes, in every order."""
    input:
        activations=rules.gather_activations.output[0],
        orders=rules.order_channels.output.orders,
    output:
        directory(VOLUMES),
    log:
        "results/logs/write_volumes/{network}/{images}/{layer}/{source}.log",
    benchmark:
        "results/benchmarks/write_volumes/{network}/{images}/{layer}/{source}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        code=code("write_volumes.py"),
        options=settings["volumes"],
    script:
        "../scripts/write_volumes.py"
