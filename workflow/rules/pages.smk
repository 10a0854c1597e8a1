# Pages that are whole in themselves: what is turned and cut in the browser.
# IN:  activations.h5, orders and gradients of results/{network}/{images}, weights of the networks
# OUT: results/volumes.html

# What the page of volumes shows, in its order: wildcards of a group each.
MAPS_SHOWN = [
    {"network": choice.name, "images": images, "layer": layer}
    for choice in study.networks.values()
    for images in study.images
    for layer in choice.layers
]
GRADIENTS_SHOWN = [
    {"network": choice.name, "images": images, "layer": layer}
    for choice in study.networks.values()
    for images in study.compared
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
        activations=per_shown(rules.gather_activations.output[0], MAPS_SHOWN),
        weights=per_shown(rules.network_weights.output.weights, MAPS_SHOWN),
        orders=per_shown(
            f"{ORDERS}/{{method}}.json",
            MAPS_SHOWN,
            source=settings["ordering"]["source"],
            method=settings["ordering"]["methods"],
        ),
        gradients=per_shown(f"{GRADIENTS}.h5", GRADIENTS_SHOWN),
        filters=per_shown(rules.network_weights.output.weights, GRADIENTS_SHOWN),
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
        methods=len(settings["ordering"]["methods"]),
        image=settings["volumes"]["image"],
        options={
            key: settings["gradients"][key]
            for key in ("roles", "order", "reduction", "channel")
        },
    script:
        "../scripts/write_volume_page.py"
