# Orders of the channels of a layer, and how good each order is.
# IN:  results/{network}/{images}/activations.h5; or statistics.h5, where all images of several
#      shards are meant
# OUT: results/{network}/{images}/orders/{layer}/{source}/{method}.json, similarity.npy, and tables:
#      quality, null, agreement, agreement_rows, agreement_cols, stability, clusters

# The configuration's `methods` are drawn, its `controls` only judged beside them.
ORDERED = list(
    dict.fromkeys(settings["ordering"]["methods"] + settings["ordering"]["controls"])
)
ORDERS = f"{RESULTS}/orders/{{layer}}/{{source}}"


# One job writes all methods of the configuration, because a job starts slower than it orders.
rule order_channels:
    """Order the channels of {wildcards.layer} by every method of the configuration."""
    input:
        unpack(maps_to_order),
    output:
        orders=expand(
            f"{ORDERS}/{{method}}.json",
            method=settings["ordering"]["methods"],
            allow_missing=True,
        ),
        controls=expand(
            f"{ORDERS}/{{method}}.json",
            method=ORDERED[len(settings["ordering"]["methods"]) :],
            allow_missing=True,
        ),
        quality=in_report(
            f"{ORDERS}/quality.tsv",
            "Orderings",
            network="{network}",
            images="{images}",
            layer="{layer}",
            source="{source}",
        ),
        null=f"{ORDERS}/null.tsv",
        methods=f"{ORDERS}/agreement.tsv",
        rows=f"{ORDERS}/agreement_rows.tsv",
        cols=f"{ORDERS}/agreement_cols.tsv",
        stability=in_report(
            f"{ORDERS}/stability.tsv",
            "Orderings",
            network="{network}",
            images="{images}",
            layer="{layer}",
            source="{source}",
        ),
        clusters=f"{ORDERS}/clusters.tsv",
        similarity=f"{ORDERS}/similarity.npy",
    log:
        "results/logs/order_channels/{network}/{images}/{layer}/{source}.log",
    benchmark:
        "results/benchmarks/order_channels/{network}/{images}/{layer}/{source}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=60,
    params:
        code=code("order_channels.py"),
        methods=ORDERED,
        options={name: settings["ordering"].get(name, {}) for name in ORDERED},
        slices=SLICES,
        series=settings["ordering"]["series"],
        permutations=settings["ordering"]["permutations"],
    script:
        "../scripts/order_channels.py"


# The sets whose channels are ordered by sums, as `maps_to_order` has it.
SUMMED = [
    name
    for name, choice in study.images.items()
    if choice.shards > 1 and settings["ordering"]["source"] in ("set", "mean")
]


rule orders:
    """Put the channels of every layer in order, by every method."""
    input:
        per_shard(f"{RESULTS}/statistics/{{shard}}.h5", images=SUMMED),
        per_study(rules.merge_statistics.output, images=SUMMED),
        per_layer(
            rules.order_channels.output,
            "layers",
            source=settings["ordering"]["source"],
        ),
    localrule: True


# A method that the configuration does not list can be asked for by its path.
ruleorder: order_channels > order_by_one_method


rule order_by_one_method:
    """Order the channels of {wildcards.layer} by {wildcards.method} alone."""
    input:
        unpack(maps_to_order),
    output:
        orders=f"{ORDERS}/{{method}}.json",
    log:
        "results/logs/order_by_one_method/{network}/{images}/{layer}/{source}/{method}.log",
    benchmark:
        "results/benchmarks/order_by_one_method/{network}/{images}/{layer}/{source}/{method}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(500),
        runtime=60,
    params:
        code=code("order_by_one_method.py"),
        options=lambda w: settings["ordering"].get(w.method, {}),
        slices=SLICES,
    script:
        "../scripts/order_by_one_method.py"
