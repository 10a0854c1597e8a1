"""A small tree of results with the records of the jobs that wrote them."""

from cnnvis import records


def write(folder):
    """Two jobs: one writes a file and a folder from a source, the other reads that file.

    ``folder`` is the working directory.
    """
    for path, text in (
        ("source.csv", "1"),
        ("results/net/maps.h5", "maps"),
        ("results/net/pictures/a.png", "a"),
        ("results/net/pictures/b.png", "b"),
        ("results/net/pictures/.snakemake_timestamp", ""),
        ("results/net/order.json", "order"),
        ("results/README.md", "what is here"),
        ("results/logs/extract/net.log", ""),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    records.write(
        "results/logs/extract/net.log",
        rule="extract",
        params={"layers": ["conv1"], "place": folder / "x"},
        inputs=["source.csv"],
        outputs=["results/net/maps.h5", "results/net/pictures"],
    )
    order("results/net/maps.h5")


def order(*inputs):
    """The second of the jobs, or the same once more with other inputs."""
    records.write(
        "results/logs/order/net.log",
        rule="order",
        params={},
        inputs=inputs,
        outputs=["results/net/order.json"],
    )
