"""The walk as a whole: against its slow twin, planted truth, conservation, and bad input."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn

from backtrack import nets, slow
from cnnvis import backtrack, network
from cnnvis.backtrack import RULES, Options, Points, Starts, needed, reachable
from cnnvis.backtrack import points as points_module
from cnnvis.backtrack.rules import Rule
from cnnvis.errors import BacktrackError, LayerError

TINY = 1e-12

# A hint about speed, for even kernels: they are drawn because their padding is asymmetric.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")


def some_starts(record, node, count=12):
    """Return starts at up to ``count`` units of a node, spread over all of them."""
    every = nets.every_unit(record, node)
    few = np.linspace(0, len(every) - 1, min(count, len(every))).astype(int)
    return Starts(every.image[few], every.index[few], node)


def as_dictionary(points):
    columns = np.column_stack([points.start, points.index]).tolist()
    return dict(zip(map(tuple, columns), points.weight.tolist(), strict=True))


def assert_same_points(one, other, *, rtol=TINY):
    np.testing.assert_array_equal(one.index, other.index)
    np.testing.assert_array_equal(one.start, other.start)
    np.testing.assert_allclose(one.weight, other.weight, rtol=rtol)


def assert_agrees_with_slow_twin(net, record, starts, options):
    found = backtrack.from_units(net, record, starts, options)
    points, lost = slow.walk(
        net, record, starts.image.tolist(), starts.index.tolist(), starts.node, options
    )
    assert found.points.keys() == points.keys()
    for name, here in found.points.items():
        assert as_dictionary(here) == pytest.approx(points[name], rel=TINY, abs=0)
    for name, weight in found.lost.items():
        assert weight.tolist() == pytest.approx(lost[name], rel=TINY, abs=TINY)
    assert found.lost.keys() == lost.keys()


def assert_nothing_vanishes(net, found):
    """At every node the weight that came is the weight that its inputs got from it, or lost."""
    np.testing.assert_allclose(found.arrived + found.lost_total, 1, rtol=TINY)
    assert all((lost >= 0).all() for lost in found.lost.values())


@given(nets.drawn())
@settings(max_examples=100, deadline=None)
def test_walk_agrees_with_its_slow_twin(case):
    net, record, node, options = case
    starts = some_starts(record, node)
    assert_agrees_with_slow_twin(net, record, starts, options)
    assert_nothing_vanishes(net, backtrack.from_units(net, record, starts, options))


@pytest.mark.parametrize("name", nets.FAMILIES)
@pytest.mark.parametrize("position", ["centre", "spatial"])
def test_families_agree_with_the_slow_twin(name, position):
    net, record = nets.family(name)
    starts = some_starts(record, net.scores)
    options = Options(position=position, k=3)
    assert_agrees_with_slow_twin(net, record, starts, options)


# Planted truth: networks of whole numbers whose deciding pixel is known.


def planted():
    """Return a model that looks for the pixel right above a bright one, in the third channel.

    Filter 0 copies channel 0. Filter 1 copies the pixel above from channel 2 and the pixel below
    from channel 1, halved. The score 1 reads filter 1 behind a max-pool, at one place alone.
    """
    model = nn.Sequential(
        *(nn.Conv2d(3, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(2 * 3 * 3, 2)),
    ).double()
    for parameter in model.parameters():
        parameter.data.zero_()
    model[0].weight.data[0, 0, 1, 1] = 1
    model[0].weight.data[1, 2, 0, 1] = 4
    model[0].weight.data[1, 1, 2, 1] = 2
    model[4].weight.data[1, 9 + 3 + 2] = 1  # filter 1, pooled place (1, 2)
    model[4].weight.data[1, 0] = -1
    return model


def test_the_planted_pixel_is_found():
    images = torch.zeros(1, 3, 6, 6, dtype=torch.float64)
    images[0, 2, 1, 5] = 3  # above (2, 5), which the pooled place (1, 2) holds
    images[0, 1, 4, 4] = 5  # below (3, 4), in the same pooled place, but 2 * 5 < 4 * 3
    images[0, 0] = 50
    net, record = nets.opened(planted(), images)
    found = backtrack.from_scores(net, record, targets=[1], options=Options(position="spatial"))
    assert found.points["0"].index.tolist() == [[1, 2, 5]]
    assert found.points["image"].index.tolist() == [[2, 1, 5]]
    assert found.fixations.index.tolist() == [[1, 5]]
    assert found.arrived.tolist() == [1.0]
    images[0, 1, 4, 4] = 7
    found = backtrack.from_scores(net, network.record(net, images), targets=[1])
    assert found.points["0"].index.tolist() == [[1, 3, 4]]
    assert found.points["image"].index.tolist() == [[1, 3, 4]]  # the centre of its window


def test_weights_are_shared_exactly():
    """4 of 8 reach one pixel, 3 another, and 1 is lost at padding that is not 0."""
    model = nn.Sequential(
        nn.ConstantPad2d((1, 0, 0, 0), 1.0), nn.Flatten(), nn.Linear(3, 1)
    ).double()
    model[2].weight.data[:] = torch.tensor([[1.0, 2.0, 3.0]])
    net, record = nets.opened(model, torch.tensor([[[[2.0, 1.0]]]]).double())
    found = backtrack.from_scores(net, record, targets=[0])
    assert found.points["0"].weight.tolist() == [1 / 8, 4 / 8, 3 / 8]
    assert found.fixations.index.tolist() == [[0, 0], [0, 1]]
    assert found.fixations.weight.tolist() == [4 / 8, 3 / 8]
    assert found.lost["0"].tolist() == [1 / 8]
    assert found.lost_total.tolist() == [1 / 8]
    assert found.arrived.tolist() == [7 / 8]


def test_the_colour_channel_is_dropped_and_weights_add_up():
    net, record = nets.family("vgg")
    found = backtrack.from_scores(net, record, targets=[0, 0], options=Options(k="all"))
    at_image, fixations = found.points["image"], found.fixations
    assert fixations.index.shape[1] == 2
    assert len(fixations) < len(at_image)
    for start, index, weight in zip(
        fixations.start, fixations.index, fixations.weight, strict=True
    ):
        here = (at_image.start == start) & (at_image.index[:, 1:] == index).all(1)
        assert weight == pytest.approx(at_image.weight[here].sum(), rel=TINY)


# Invariants.


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_a_batch_equals_its_images_one_by_one(name):
    net, record = nets.family(name, images=3)
    targets = [0, 4, 2]
    together = backtrack.from_scores(net, record, targets=targets)
    for i, target in enumerate(targets):
        one = {node: values[i : i + 1] for node, values in record.items()}
        alone = backtrack.from_scores(net, one, targets=[target])
        assert_same_points(alone.fixations, of_start(together.fixations, i))
        for node, points in alone.points.items():
            assert_same_points(points, of_start(together.points[node], i))


def of_start(points, start):
    some = points.select(points.start == start)
    return Points(some.index, some.weight, np.zeros_like(some.start))


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_many_starts_equal_each_alone(name):
    net, record = nets.family(name)
    node = next(iter(net.layers[3:]))
    every = nets.every_unit(record, node)
    together = backtrack.from_units(net, record, every)
    for start in range(0, len(every), len(every) // 7):
        one = Starts(every.image[[start]], every.index[[start]], node)
        alone = backtrack.from_units(net, record, one)
        assert_same_points(alone.fixations, of_start(together.fixations, start))
        assert alone.lost_total == pytest.approx(together.lost_total[[start]], rel=TINY)


def test_permuted_channels_permute_points_alone():
    model = nets.fill(nets.vgg(), seed=3, whole=False)
    images = nets.numbers((2, 3, 12, 15), torch.Generator().manual_seed(4), whole=False)
    before = backtrack.from_scores(*nets.opened(model, images), targets=[1, 2])
    order = np.array([2, 0, 3, 1])
    model[0].weight.data, model[0].bias.data = model[0].weight[order], model[0].bias[order]
    model[3].weight.data = model[3].weight[:, order]
    after = backtrack.from_scores(*nets.opened(model, images), targets=[1, 2])
    assert len(before.fixations) > 10
    rounding = 1e-9  # sums over channels are made in another order
    assert_same_points(after.fixations, before.fixations, rtol=rounding)
    for node in ("0", "1", "2"):
        moved = before.points[node]
        back = np.argsort(order)[moved.index[:, 0]]
        index = np.column_stack([back, moved.index[:, 1:]])
        assert_same_points(after.points[node], moved.moved(index).merged(), rtol=rounding)


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_small_chunks_change_nothing(name, monkeypatch):
    net, record = nets.family(name)
    whole = backtrack.from_scores(net, record, targets=[0, 1])
    monkeypatch.setattr(points_module, "CHUNK_BYTES", 500)
    chunked = backtrack.from_scores(net, record, targets=[0, 1])
    for node, points in whole.points.items():
        assert_same_points(points, chunked.points[node])


def test_memory_stays_within_the_budget(monkeypatch):
    """600 units with 4000 inputs: 19 MB of contributions, or of points, but never at once."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4000, 600), nn.Linear(600, 1))
    images = nets.numbers((1, 1, 40, 100), torch.Generator().manual_seed(0), whole=False)
    net, record = nets.opened(nets.fill(model, seed=0, whole=False), images)
    monkeypatch.setattr(points_module, "CHUNK_BYTES", 2**19)
    for start, options in (("1", Options(k=3)), ("2", Options(k="all"))):
        starts = nets.every_unit(record, start)
        tracemalloc.start()
        try:
            found = backtrack.from_units(net, record, starts, options)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(found.fixations) > 1000
        assert peak < 8 * 2**20


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_what_is_needed_suffices(name):
    net, record = nets.family(name)
    images = record[net.image]
    wanted = needed(net, net.scores)
    assert net.scores in wanted
    assert len(wanted) < len(net.nodes)
    whole = backtrack.from_scores(net, record, targets=[0, 1])
    few = backtrack.from_scores(net, network.record(net, images, wanted), targets=[0, 1])
    for node, points in whole.points.items():
        assert_same_points(points, few.points[node])


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_points_come_to_reachable_nodes_alone(name):
    net, record = nets.family(name)
    shapes = reachable(net, net.scores)
    found = backtrack.from_scores(net, record, targets=[0, 1], options=Options(residual="split"))
    assert set(found.points) <= set(shapes)
    assert all(shapes[node] == tuple(record[node].shape[1:]) for node in shapes)
    assert net.image in shapes
    middle = net.layers[2]
    assert set(reachable(net, middle)) < set(shapes)
    assert net.scores not in reachable(net, middle)


@pytest.mark.parametrize("name", nets.FAMILIES)
def test_model_and_record_are_left_as_found(name):
    model = nets.fill(nets.FAMILIES[name](), seed=5, whole=False)
    images = torch.randn(2, 3, 13, 17, dtype=torch.float64)
    net, record = nets.opened(model, images)
    modules = [*model.modules(), *(n.module for n in net.nodes.values() if n.module is not None)]
    before = [tensor.clone() for tensor in (*record.values(), *model.state_dict().values())]
    starts = nets.every_unit(record, net.scores)
    for options in (Options(), Options(k="all", contribution="absolute", position="spatial")):
        backtrack.from_units(net, record, starts, options)
    after = [*record.values(), *model.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in modules)
    assert torch.is_grad_enabled()


def test_precisions_agree():
    """Weights that are exact in float32 and in half precision, so that all sums are."""
    model = nets.fill(nets.vgg(), seed=2, whole=True)
    images = nets.numbers((2, 3, 12, 15), torch.Generator().manual_seed(1), whole=True)
    expected = backtrack.from_scores(*nets.opened(model, images), targets=[0, 3])
    assert len(expected.fixations)
    single = backtrack.from_scores(*nets.opened(model.float(), images.float()), targets=[0, 3])
    assert_same_points(single.fixations, expected.fixations)
    net, record = nets.opened(model, images.float())
    record = {node: values.bfloat16() for node, values in record.items()}
    half = backtrack.from_scores(net, record, targets=[0, 3])
    assert half.fixations.weight.dtype == np.float64
    assert half.arrived + half.lost_total == pytest.approx(1, rel=TINY)


# Nothing found is a result.


def test_an_empty_result_is_flagged():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).double()
    model[1].weight.data[:] = torch.tensor([[-1.0] * 4, [1.0] * 4])
    net, record = nets.opened(model, torch.ones(2, 1, 2, 2).double())
    found = backtrack.from_scores(net, record, targets=[0, 1])
    assert found.empty.tolist() == [True, False]
    assert found.arrived.tolist() == [0.0, 1.0]
    assert found.lost["1"].tolist() == [1.0, 0.0]
    none = backtrack.from_scores(net, record, targets=[0, 0])
    assert none.empty.tolist() == [True, True]
    assert none.fixations.index.shape == (0, 2)
    assert none.lost_total.tolist() == [1.0, 1.0]


def test_a_window_that_lies_in_the_padding_ends_the_path():
    net, record = nets.opened(
        nets.fill(nn.Sequential(nn.Conv2d(1, 1, 1, padding=2)), seed=0, whole=False),
        torch.ones(1, 1, 3, 3).double(),
    )
    for options in (Options(), Options(dead_end="follow"), Options(position="spatial")):
        corner = Starts.of("0", image=[0], index=[[0, 0, 0]])
        assert backtrack.from_units(net, record, corner, options).empty.all()
        middle = Starts.of("0", image=[0], index=[[0, 3, 3]])
        assert not backtrack.from_units(net, record, middle, Options(dead_end="follow")).empty.any()


# Errors.


@pytest.fixture(scope="module")
def small():
    return nets.family("vgg")


@pytest.mark.parametrize("targets", [[0], [0, 1, 2], 3, [[0, 1]]])
def test_one_target_for_each_image(small, targets):
    with pytest.raises(BacktrackError, match="one target is needed for each of the 2 recorded"):
        backtrack.from_scores(*small, targets=targets)


@pytest.mark.parametrize(
    ("node", "image", "index", "message"),
    [
        ("11", [0], [[5]], r"no \(image, unit\) \(0, 5\) at '11', whose last one is \(1, 4\)"),
        ("11", [2], [[0]], r"no \(image, unit\) \(2, 0\) at '11'"),
        ("11", [0], [[-1]], r"no \(image, unit\) \(0, -1\) at '11'"),
        ("0", [0], [[0, 13, 0]], r"no \(image, unit\) \(0, 0, 13, 0\)"),
        ("0", [0], [[0]], "one unit of 3 numbers each"),
        ("0", [0, 1], [[0, 0, 0]], r"images of shape \(2,\) and units of shape \(1, 3\)"),
        ("0", [], np.zeros((0, 3)), "one start or more"),
    ],
)
def test_starts_that_do_not_exist(small, node, image, index, message):
    with pytest.raises(BacktrackError, match=message):
        backtrack.from_units(*small, Starts.of(node, image=image, index=index))


def test_a_node_that_does_not_exist(small):
    net, record = small
    starts = Starts.of("10x", image=[0], index=[[0]])
    with pytest.raises(LayerError, match="10x"):
        backtrack.from_units(net, record, starts)
    with pytest.raises(LayerError, match="10x"):
        needed(net, "10x")
    with pytest.raises(LayerError, match="10x"):
        reachable(net, "10x")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_no_numbers(small, value):
    net, record = small
    broken = {**record, net.scores: record[net.scores].clone()}
    broken[net.scores][1, 2] = value
    with pytest.raises(BacktrackError, match=f"activation of a start at '11' is {value}"):
        backtrack.from_scores(net, broken, targets=[0, 2])


def test_activations_that_were_not_recorded(small):
    net, record = small
    few = {node: values for node, values in record.items() if node != "3"}
    del few["2"]
    with pytest.raises(BacktrackError, match="activations of node '2', which were not recorded"):
        backtrack.from_scores(net, few, targets=[0, 0])
    with pytest.raises(BacktrackError, match="a walk that starts at '11' needs its activations"):
        backtrack.from_scores(net, {}, targets=[0])


def test_a_network_without_a_graph(small):
    net, record = small
    hooked = replace(net, graph=None, untraceable="its way depends on the data")
    with pytest.raises(BacktrackError, match=r"follows the graph.*its way depends on the data"):
        backtrack.from_scores(hooked, record, targets=[0, 0])


def test_an_operation_without_a_rule(small, monkeypatch):
    monkeypatch.delitem(RULES, nn.MaxPool2d)
    with pytest.raises(BacktrackError) as error:
        backtrack.from_scores(*small, targets=[0, 0])
    for word in ("MaxPool2d", "'5'", "'4'", "docs/how-to/add-a-backtracking-rule.md"):
        assert word in str(error.value)


def test_an_operation_without_a_rule_that_nothing_comes_to(monkeypatch):
    """A branch that is never taken needs no rule."""
    net, record = nets.family("squeezenet")
    monkeypatch.delitem(RULES, nn.MaxPool2d)
    backtrack.from_units(net, record, Starts.of("0", image=[0], index=[[0, 0, 0]]))


BROKEN_RULES = {
    "doubles": (
        lambda node, record, points, options: {
            node.inputs[0]: Points(points.index, 2 * points.weight, points.start)
        },
        "node '5' .* sent on more weight than came to it",
    ),
    "loses count": (
        lambda node, record, points, options: {
            node.inputs[0]: Points(points.index, np.nan * points.weight, points.start)
        },
        "node '5' .* weight that is no number",
    ),
    "leaves the map": (
        lambda node, record, points, options: {node.inputs[0]: points.moved(points.index + 99)},
        "node '5' .* sent points to '4' between .* but its shape is",
    ),
    "counts from the end": (
        lambda node, record, points, options: {node.inputs[0]: points.moved(points.index - 99)},
        "node '5' .* sent points to '4' between .* but its shape is",
    ),
    "forgets an axis": (
        lambda node, record, points, options: {node.inputs[0]: points.moved(points.index[:, 1:])},
        "node '5' .* sent points to '4' between .* but its shape is",
    ),
}


@pytest.mark.parametrize(("follow", "message"), BROKEN_RULES.values(), ids=BROKEN_RULES)
def test_a_rule_that_breaks_its_promise(small, monkeypatch, follow, message):
    monkeypatch.setitem(RULES, nn.MaxPool2d, Rule(follow, reads=True))
    with pytest.raises(BacktrackError, match=message):
        backtrack.from_scores(*small, targets=[0, 0])
