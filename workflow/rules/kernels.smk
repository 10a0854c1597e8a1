# Kernels of the convolutions that see the image: as colours, and what each answers to.
# IN:  resources/networks/{network}.safetensors
# OUT: results/{network}/kernels/{layer}.tsv, results/{network}/kernels/{layer}/kernels.png

KERNELS = "results/{network}/kernels/{layer}"


rule kernels:
    """Draw and describe the kernels of first layers: orientation, frequency, colour."""
    input:
        [
            path.format(network=choice.name, layer=layer)
            for choice in study.networks.values()
            for layer in choice.kernels
            for path in (f"{KERNELS}.tsv", KERNELS)
        ],
    localrule: True


rule draw_kernels:
    """Describe the kernels of {wildcards.layer} of {wildcards.network}, and draw them."""
    input:
        weights=rules.network_weights.output.weights,
    output:
        table=f"{KERNELS}.tsv",
        figures=report(
            directory(KERNELS),
            patterns=["{name}.png"],
            caption="../report/kernels.rst",
            category="Kernels",
            labels={"network": "{network}", "layer": "{layer}", "figure": "{name}"},
        ),
    log:
        "results/logs/draw_kernels/{network}/{layer}.log",
    benchmark:
        "results/benchmarks/draw_kernels/{network}/{layer}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("draw_kernels.py"),
        formats=settings["figures"]["formats"],
    script:
        "../scripts/draw_kernels.py"
