"""What the tables of the orders say, in plain words: every sentence follows its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from cnnvis import table_file

SURE = 97.5
"""The percentile of random orders beyond which an order does better than chance."""
NEARLY, PARTLY = 0.9, 0.5
"""Correlations from which one thing is nearly, or partly, the same as another."""
PCA = "pca_image"


@dataclass(frozen=True)
class Row:
    """How good one order is: the columns of ``quality.tsv`` by their names.

    ``brightness`` is the correlation of its score with the mean activation; None without a score.
    """

    method: str
    near: float
    null: float
    spread: float
    percentile: float
    events: float
    events_null: float
    events_percentile: float
    brightness: float | None

    @property
    def sure(self) -> bool:
        """Whether neighbours are more alike than chance makes them."""
        return self.percentile >= SURE


@dataclass(frozen=True)
class Layer:
    """The orders of one layer.

    Attributes:
        network, layer: their names.
        rows: one per order.
        slices: by axis, ``row`` and ``col``: the mean agreement of slices next to each other and of
            those half the maps apart or more; None where there are no such slices.
        clusters: (number of clusters, adjusted Rand index between seeds).
    """

    network: str
    layer: str
    rows: tuple[Row, ...]
    slices: Mapping[str, tuple[float, float] | None]
    clusters: tuple[tuple[int, float], ...]

    @property
    def ranked(self) -> tuple[Row, ...]:
        """The orders, most alike neighbours first."""
        return tuple(sorted(self.rows, key=lambda row: -row.near))

    def of(self, method: str) -> Row | None:
        """Return the row of a method; None where it was not computed."""
        return next((row for row in self.rows if row.method == method), None)


def read(folder: Path, *, network: str, layer: str) -> Layer:
    """Read the tables of one layer: quality, agreement_rows, agreement_cols, stability."""
    return Layer(
        network,
        layer,
        tuple(map(_row, table_file.rows(folder / "quality.tsv"))),
        {
            axis: _near_and_far(table_file.rows(folder / f"agreement_{axis}s.tsv"))
            for axis in ("row", "col")
        },
        tuple(
            (int(row["clusters"]), float(row["rand_index"]))
            for row in table_file.rows(folder / "stability.tsv")
        ),
    )


def best(layer: Layer) -> str:
    """Say which order is best, and by how much.

    >>> rows = (Row("tree", 0.4, 0.1, 0.05, 100.0, 0.5, 0.5, 60.0, None),)
    >>> best(Layer("net", "conv", rows, {}, ()))[:64]
    'Best is tree: its neighbours correlate 0.40 on average, random o'
    """
    first, *others = layer.ranked
    if not first.sure:
        return (
            f"No order does better than chance: neighbours correlate most in {first.method}, "
            f"{two(first.near)} on average, and random orders reach {two(first.null)}."
        )
    apart = (first.near - first.null) / first.spread if first.spread else float("inf")
    words = (
        f"Best is {first.method}: its neighbours correlate {two(first.near)} on average, random "
        f"orders reach {two(first.null)} ({apart:.0f} of their standard deviations less)."
    )
    if others:
        words += f" Next is {others[0].method} with {two(others[0].near)}."
    chance = [row.method for row in others if not row.sure]
    if chance:
        words += f" No better than chance: {listed(chance)}."
    return words + _farther(layer, first)


def _farther(layer: Layer, first: Row) -> str:
    """Say whether the order that is best for neighbours also is for channels farther apart."""
    far = min(layer.rows, key=lambda row: row.events)
    share = (
        f"{100 * far.events:.0f} % anti-Robinson events, {100 * far.events_null:.0f} % in random "
        "orders"
    )
    if far.events_percentile < SURE:
        return " Beyond direct neighbours no order shows more than chance."
    if far.method == first.method:
        return f" It is best beyond direct neighbours, too: {share}."
    return f" Beyond direct neighbours {far.method} is better: {share}."


def worth(row: Row) -> str:
    """Say what one order is worth: how alike neighbours are, beside random orders.

    >>> worth(Row("tree", 0.4, 0.1, 0.05, 100.0, 0.5, 0.5, 60.0, None))
    'Better than 100 % of random orders: neighbours correlate 0.40 on average, in those 0.10.'
    """
    near, null = two(row.near), two(row.null)
    if not row.sure:
        return (
            f"No better than chance: neighbours correlate {near} on average, in random orders "
            f"{null}."
        )
    share = f"{row.percentile:.1f}".removesuffix(".0")
    return (
        f"Better than {share} % of random orders: neighbours correlate {near} on average, in those "
        f"{null}."
    )


def pca(layer: Layer) -> str:
    """Say what the order by the first principal component of whole maps sorts by."""
    row = layer.of(PCA)
    if row is None or row.brightness is None:
        return ""
    r = abs(row.brightness)
    if r >= NEARLY:
        kind = "is nearly a sort by brightness"
    elif r >= PARTLY:
        kind = "is partly a sort by brightness"
    else:
        kind = "is no sort by brightness"
    words = (
        f"The order by {PCA} {kind}: its score and the mean activation of the channels correlate "
        f"|r| = {two(r)}."
    )
    reached = f"{two(row.near)}, random ones {two(row.null)}"
    top = layer.ranked[0]
    if not row.sure:
        return f"{words} Its neighbours are no more alike than random ones: {reached}."
    if row.near - row.null < 0.25 * (top.near - row.null):
        return f"{words} Its neighbours are hardly more alike than random ones: {reached}."
    return f"{words} Its neighbours are more alike than random ones: {reached}."


def slices(layer: Layer) -> str:
    """Say how far orders made from single rows, or columns, of the maps agree."""
    said = []
    for axis, name in (("row", "rows"), ("col", "columns")):
        pair = layer.slices.get(axis)
        if pair is None:
            continue
        near, far = pair
        figures = f"|ρ| = {two(near)} next to each other, {two(far)} half the map apart or more"
        if near < PARTLY:
            said.append(f"Even neighbouring {name} give different orders ({figures}).")
        elif far >= NEARLY:
            said.append(f"All {name} give nearly the same order ({figures}).")
        elif near >= NEARLY and near - far > 0.1:
            said.append(f"Near {name} give nearly the same order, distant ones do not ({figures}).")
        elif near - far > 0.1:
            said.append(f"Near {name} agree more than distant ones ({figures}).")
        else:
            said.append(f"Distant {name} agree about as far as near ones ({figures}).")
    return " ".join(said)


def clusters(layer: Layer) -> str:
    """Say how much the clusters of k-means owe to the seed."""
    said = []
    for count, rand in layer.clusters:
        much = "hardly" if rand >= NEARLY else "partly" if rand >= PARTLY else "strongly"
        said.append(f"{count} clusters {much} ({two(rand)})")
    if not said:
        return ""
    return (
        "How far k-means depends on its seed (adjusted Rand index between seeds, 1 where all find "
        f"the same): {listed(said)}."
    )


def overall(layers: Sequence[Layer]) -> str:
    """Say which order is best over all layers; only orders that every layer has take part."""
    methods = [row.method for row in layers[0].rows if all(one.of(row.method) for one in layers)]
    if not methods:
        return ""
    means = {name: fmean(row.near for row in _rows(layers, name)) for name in methods}
    top = max(means, key=lambda name: means[name])
    null = fmean(row.null for row in _rows(layers, top))
    sure = sum(row.sure for row in _rows(layers, top))
    if sure == 0:
        return (
            f"No order beats chance: the highest, {top}, has neighbours that correlate "
            f"{two(means[top])} on average over {_layers(len(layers))}; random orders {two(null)}."
        )
    wins = sum(one.ranked[0].method == top for one in layers)
    words = (
        f"Over all, {top} is best: its neighbours correlate {two(means[top])} on average over "
        f"{_layers(len(layers))}, those of random orders {two(null)}. It is best in {wins} and "
        f"better than chance in {sure} of them."
    )
    rest = sorted((name for name in methods if name != top), key=lambda name: -means[name])
    if rest:
        after = [f"{name} {two(means[name])}" for name in rest]
        words += f" Then come {listed(after)}."
    return words


def pca_overall(layers: Sequence[Layer]) -> str:
    """Say in how many layers the order by a principal component is a sort by brightness."""
    found = [row for row in _rows(layers, PCA) if row.brightness is not None]
    if not found:
        return ""
    values = [abs(row.brightness or 0.0) for row in found]
    nearly = sum(value >= NEARLY for value in values)
    partly = sum(PARTLY <= value < NEARLY for value in values)
    neighbours = fmean(row.near for row in found)
    null = fmean(row.null for row in found)
    return (
        f"The order by {PCA} is nearly a sort by brightness in {nearly} of {_layers(len(found))}, "
        f"partly in {partly} (median |r| of its score with the mean activation: "
        f"{two(median(values))}). Its neighbours correlate {two(neighbours)} on average, those of "
        f"random orders {two(null)}."
    )


def two(value: float) -> str:
    """Return a number with two digits after the point, without a minus before zero.

    >>> two(-0.001), two(-0.25)
    ('0.00', '−0.25')
    """
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _layers(count: int) -> str:
    """Return how many layers, in the plural where it is due."""
    return "1 layer" if count == 1 else f"{count} layers"


def _rows(layers: Sequence[Layer], method: str) -> list[Row]:
    """Return the rows of one method in all layers."""
    return [row for layer in layers if (row := layer.of(method)) is not None]


def _row(row: Mapping[str, str]) -> Row:
    """Return a row of ``quality.tsv``."""
    near, events = "neighbour_correlation", "anti_robinson"
    bright = row["brightness_correlation"]
    return Row(
        method=row["method"],
        near=float(row[near]),
        null=float(row[f"{near}_null_mean"]),
        spread=float(row[f"{near}_null_std"]),
        percentile=float(row[f"{near}_percentile"]),
        events=float(row[events]),
        events_null=float(row[f"{events}_null_mean"]),
        events_percentile=float(row[f"{events}_percentile"]),
        brightness=float(bright) if bright else None,
    )


def _near_and_far(table: Sequence[Mapping[str, str]]) -> tuple[float, float] | None:
    """Return the mean agreement of neighbouring slices, and of those half of all apart or more."""
    near, far = [], []
    for place, row in enumerate(table):
        for other in range(place):
            value = row[str(other)]
            if value and place - other == 1:
                near.append(float(value))
            if value and 2 * (place - other) >= len(table) and place - other > 1:
                far.append(float(value))
    return (fmean(near), fmean(far)) if near and far else None
