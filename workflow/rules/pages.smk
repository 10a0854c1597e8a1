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
    for images in study.images
    for layer in choice.filters
]


def each(pattern, shown, **more):
    """The paths of a pattern for everything that is shown."""
    return [path for one in shown for path in expand(pattern, **one, **more)]


rule volume_page:
    """Write results/volumes.html: volumes of maps and of gradients, turned and cut in the browser."""
    input:
        "results/volumes.html",
    localrule: True


rule write_volume_page:
    """Write results/volumes.html, which needs no server and asks nothing of the network."""
    input:
        activations=each(rules.gather_activations.output[0], MAPS_SHOWN),
        weights=each(rules.network_weights.output.weights, MAPS_SHOWN),
        orders=each(
            f"{ORDERS}/{{method}}.json",
            MAPS_SHOWN,
            source=settings["ordering"]["source"],
            method=settings["ordering"]["methods"],
        ),
        gradients=each(f"{GRADIENTS}.h5", GRADIENTS_SHOWN),
        filters=each(rules.network_weights.output.weights, GRADIENTS_SHOWN),
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
