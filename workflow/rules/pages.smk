# Pages that are whole in themselves: what is turned and cut in the browser.
# IN:  activations.h5, orders and gradients of results/{network}/{images}, weights of the networks
# OUT: results/volumes.html

# What the page of volumes shows, in its order: files, and what of them.
MAPS_SHOWN = [
    {
        "network": choice.name,
        "images": images,
        "layer": layer,
        "activations": f"results/{choice.name}/{images}/activations.h5",
        "weights": f"resources/networks/{choice.name}.safetensors",
        "orders": expand(
            f"{ORDERS}/{{method}}.json",
            network=choice.name,
            images=images,
            layer=layer,
            source=settings["ordering"]["source"],
            method=settings["ordering"]["methods"],
        ),
    }
    for choice in study.networks.values()
    for images in study.images
    for layer in choice.layers
]
GRADIENTS_SHOWN = [
    {
        "network": choice.name,
        "images": images,
        "gradients": f"results/{choice.name}/{images}/gradients/{layer}.h5",
        "weights": f"resources/networks/{choice.name}.safetensors",
    }
    for choice in study.networks.values()
    for images in study.images
    for layer in choice.filters
]


rule volume_page:
    """Write results/volumes.html: volumes of maps and of gradients, turned and cut in the browser."""
    input:
        "results/volumes.html",
    localrule: True


rule write_volume_page:
    """Write results/volumes.html, which needs no server and asks nothing of the network."""
    input:
        activations=list(dict.fromkeys(one["activations"] for one in MAPS_SHOWN)),
        orders=[path for one in MAPS_SHOWN for path in one["orders"]],
        gradients=[one["gradients"] for one in GRADIENTS_SHOWN],
        weights=list(dict.fromkeys(one["weights"] for one in MAPS_SHOWN)),
    output:
        "results/volumes.html",
    log:
        "results/logs/write_volume_page.log",
    benchmark:
        "results/benchmarks/write_volume_page.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        code=code("write_volume_page.py"),
        maps=MAPS_SHOWN,
        gradients=GRADIENTS_SHOWN,
        image=settings["volumes"]["image"],
        options={
            key: settings["gradients"][key]
            for key in ("roles", "order", "reduction", "channel")
        },
    script:
        "../scripts/write_volume_page.py"
