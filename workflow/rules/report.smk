# The page to open first.
# IN:  every figure and table
# OUT: results/index.html, results/orders.html, results/report/...: pages for the report of Snakemake


rule report:
    """Write results/index.html, the page to open first, and pages for the report."""
    input:
        expand("results/{page}.html", page=["index", "orders", "volumes"]),
        expand("results/report/{page}.html", page=["overview", "orders", "volumes"]),
        ["results/report/explorer"] if study.explored else [],
    localrule: True


rule write_index:
    """Write the page that leads to everything the run found, and the page about the orders."""
    input:
        figures=rules.figures.input,
        predictions=per_study(rules.tabulate_predictions.output.table),
        quality=per_layer(
            rules.order_channels.output.quality,
            "layers",
            source=settings["ordering"]["source"],
        ),
        importance=rules.importance.input,
        volumes=rules.volumes.input,
        explorer=[rules.write_explorer.output.index] if study.explored else [],
        left_out=expand(LEFT_OUT, images=study.images),
        volume_page=rules.write_volume_page.output[0],
    output:
        index="results/index.html",
        overview=report(
            "results/report/overview.html",
            caption="../report/page_overview.rst",
            category="Pages",
            labels={"page": "overview"},
        ),
        orders="results/orders.html",
    log:
        "results/logs/write_index.log",
    benchmark:
        "results/benchmarks/write_index.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("write_index.py"),
        networks={
            name: {
                key: list(getattr(choice, key))
                for key in ("layers", "filters", "kernels")
            }
            for name, choice in study.networks.items()
        },
        images=list(study.images),
        compared=study.compared,
        source=settings["ordering"]["source"],
        digits=settings["ablation"]["digits"],
        tracked=FOLLOWED,
        explored=bool(study.explored),
    script:
        "../scripts/write_index.py"


# Snakemake's report takes files out of their folder: these pages have their pictures inside.
rule write_alone:
    """Write results/{wildcards.page}.html as one file, for the report of Snakemake."""
    input:
        page="results/{page}.html",
    output:
        report(
            "results/report/{page}.html",
            caption="../report/page.rst",
            category="Pages",
            labels={"page": "{page}"},
        ),
    log:
        "results/logs/write_alone/{page}.log",
    benchmark:
        "results/benchmarks/write_alone/{page}.tsv"
    wildcard_constraints:
        page="orders|evaluation|volumes",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(250),
        runtime=10,
    params:
        code=code("write_alone.py"),
    script:
        "../scripts/write_alone.py"
