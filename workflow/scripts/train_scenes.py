"""Train a small network to name digits in scenes whose truth is known."""

from cnnvis.workflow import job


def main(seed, code, output):
    """Write the weights, and how well it names scenes it has not seen."""
    import pandas as pd

    from cnnvis import digits, provenance, scene_training, scenes, table_file, weights

    train, test = digits.load(seed=seed)
    model = scene_training.train(train, test, seed=seed)
    made = provenance.of(
        "train_scenes",
        params={"seed": seed},
        inputs={},
        source=code,
        packages=("numpy", "safetensors", "scikit-learn", "torch"),
    )
    weights.write(output.weights, model.state_dict(), made.to_json())
    shown = scenes.make(test, scene_training.EXAM, seed=scene_training.exam_seed(seed))
    rows = [("new scenes", len(shown), scene_training.accuracy(model, shown))]
    table = pd.DataFrame(rows, columns=["part", "images", "accuracy"]).round(6)
    table_file.write(output.accuracy, table)


if "snakemake" in globals():
    with job(snakemake):
        main(snakemake.params.seed, snakemake.params.code, snakemake.output)
