"""Train a classifier of digits, weigh its filters, and see the error without some of them."""

from cnnvis.workflow import job


def main(seed, layers, removing, code, output):
    """Write the weights, tables of importance, and one table of all removals."""
    from pathlib import Path

    import pandas as pd

    from cnnvis import (
        digit_study,
        digits,
        network,
        provenance,
        removal,
        table_file,
        training,
        weights,
    )

    train, test = digits.load(seed=seed)
    model = training.train(train.images, train.labels, seed=seed)
    made = provenance.of(
        "train_digits",
        params={"seed": seed},
        inputs={},
        source=code,
        packages=("numpy", "safetensors", "scikit-learn", "torch"),
    )
    weights.write(output.weights, model.state_dict(), made.to_json())
    shares = {"train": train, "test": test}
    accuracy = pd.DataFrame(
        [(name, len(part.labels), training.accuracy(model, part)) for name, part in shares.items()],
        columns=["part", "images", "accuracy"],
    ).round(6)
    table_file.write(output.accuracy, accuracy)
    net = network.open(model, input_shape=digits.SHAPE)
    removed = {}
    for layer in layers:
        weighed, removed[layer] = digit_study.tables(net, train, test, layer=layer, **removing)
        place = Path(output.importance) / f"{layer}.tsv"
        table_file.write(place, weighed)
    whole = removal.joined(removed, network="digits")
    table_file.write(output.ablation, whole)


if "snakemake" in globals():
    with job(snakemake):
        main(
            snakemake.params.seed,
            snakemake.params.layers,
            snakemake.params.removing,
            snakemake.params.code,
            snakemake.output,
        )
