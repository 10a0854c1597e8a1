"""Backtracking once more, in plain loops: slow, and close to the words of its definition.

Points are dictionaries {(start, *index): weight}. A layer is found by its name, activations are
nested lists of Python floats, and nothing is shared with the package but the options' names.
"""

from collections import defaultdict
from functools import cache, lru_cache
from math import ceil, floor, prod


def walk(net, record, images, index, start_node, options):
    """Return (node -> {(start, *index): weight}, node -> [lost weight of each start])."""
    maps = {name: value.tolist() for name, value in record.items()}
    here = [{name: values[image] for name, values in maps.items()} for image in images]
    points = defaultdict(lambda: defaultdict(float))
    for start, unit in enumerate(index):
        points[start_node][(start, *unit)] = 1.0
    asked = [None] * len(images)
    if start_node == net.scores and (options.rivals or options.average_pool == "map"):
        asked = [question(net, *each, options) for each in zip(here, index)]
    lost = {}
    for node in reversed(list(net.nodes.values())):
        if node.name == net.image or not points.get(node.name):
            continue
        lost[node.name] = [0.0] * len(images)
        for (start, *unit), weight in sorted(points[node.name].items()):
            came = answer(net, node, here[start], tuple(unit), options, asked[start])
            if not came:
                lost[node.name][start] += weight
            for name, place, share in came:
                points[name][(start, *place)] += weight * share
    return {name: dict(found) for name, found in points.items() if found}, lost


UNCHANGED = {"Identity", "Dropout", "contiguous"}
SAME_PLACE = UNCHANGED | {
    *("ReLU", "ReLU6", "relu", "SiLU", "GELU", "Hardswish", "Hardsigmoid", "Sigmoid"),
    *("stochastic_depth", "BatchNorm2d", "LayerNorm", "layer_norm"),
}
RESHAPED = {"Flatten", "flatten", "view"}
FINE = 8


def answer(net, node, here, unit, options, asked):
    """As ``explain``, with what is asked for at the head: (layer, its weights, maps or None)."""
    if asked is None:
        return explain(net, node, here, unit, options)
    layer, own, maps = asked
    if node.name == net.scores and maps:
        return class_map(layer, own, here[maps], maps, options)
    return explain(net, node, here, unit, options, own if node.name == layer.name else None)


def question(net, here, unit, options):
    """Return (last layer, weights of the class less the mean of its rivals', maps it reads)."""
    chain = [net.nodes[net.scores]]
    while chain[-1].kind not in ("Linear", "Conv2d"):
        if len(chain[-1].inputs) != 1:
            return None
        chain.append(net.nodes[chain[-1].inputs[0]])
    *behind, layer = chain
    scores = {other: at(values, unit[1:]) for other, values in enumerate(here[net.scores])}
    del scores[unit[0]]
    best = sorted(scores, key=lambda other: (-scores[other], other))[: options.rivals]
    if len(layer.module.weight) != len(here[net.scores]):
        return None
    weight = layer.module.weight.tolist()
    own = less(weight[unit[0]], [weight[rival] for rival in best])
    return layer, own, head_maps(net, behind, layer) if options.average_pool == "map" else None


def less(own, others):
    if not others:
        return own
    if isinstance(own, list):
        return [less(part, [other[i] for other in others]) for i, part in enumerate(own)]
    return own - sum(others) / len(others)


def head_maps(net, behind, layer):
    """Return the maps that a layer and a global pool read, whichever comes first; None if none."""
    pools = [node for node in behind if reads_everything(net, node)]
    rest = {node.kind for node in behind if node not in pools}
    conv = layer.kind == "Conv2d"
    if conv and (layer.module.weight[0, 0].numel() > 1 or layer.module.groups > 1):
        return None
    if conv and (
        two(layer.module.stride) != (1, 1) or layer.module.padding not in ((0, 0), "same")
    ):
        return None
    if len(pools) > 1 or not rest <= SAME_PLACE | RESHAPED:
        return None
    if pools:
        return layer.inputs[0] if conv else None
    before = net.nodes[layer.inputs[0]]
    while before.kind in UNCHANGED | RESHAPED:
        before = net.nodes[before.inputs[0]]
    fits = reads_everything(net, before) and prod(before.shape) == layer.module.weight.shape[1]
    return before.inputs[0] if fits else None


def reads_one_place(conv):
    if conv.kernel_size != (1, 1) or conv.stride != (1, 1) or conv.groups > 1:
        return False
    return conv.padding in ((0, 0), "same", "valid")


def reads_everything(net, node):
    """Tell whether each channel's unit is the average of a whole map of several places."""
    if "vg" not in node.kind and node.kind != "mean":
        return False
    shape = net.nodes[node.inputs[0]].shape
    if prod(shape[1:]) < 2 or prod(node.shape) != shape[0]:
        return False
    if node.kind not in ("AvgPool2d", "avg_pool2d"):
        return True
    k, s, p = settings(node, "kernel_size", "stride", "padding")
    return len(window((0, 0, 0), k, s, p, (1, 1), shape)) == prod(shape[1:])


def class_map(layer, own, maps, source, options):
    """Explain a class by the places of its map, and each place by its channels."""
    weight = own if layer.kind == "Linear" else [one[0][0] for one in own]
    rows, cols = len(maps[0]), len(maps[0][0])
    parts = {
        (r, c): [(w * plane[r][c], (i, r, c)) for i, (w, plane) in enumerate(zip(weight, maps))]
        for r in range(rows)
        for c in range(cols)
    }
    sums = {place: sum(part for part, _ in here) for place, here in parts.items()}
    positive = {place: value for place, value in sums.items() if value > 0}
    if not positive and options.dead_end == "follow":
        away = {(r, c): (r - (rows - 1) / 2) ** 2 + (c - (cols - 1) / 2) ** 2 for r, c in sums}
        best = max(sums.values())
        positive = {min((p for p in sums if sums[p] == best), key=away.get): 1.0}
    total = sum(positive.values())
    found = []
    for place, value in positive.items():
        here = parts[place]
        if layer.kind == "Linear":
            here, kept = units_kept(here, options)
        else:
            kept = [part for part in here if part[0] > 0]
            kept = [first_largest(kept)] if kept and options.winner != "soft" else kept
        came = shared(here, kept, source, options)
        found += [(name, unit, share * value / total) for name, unit, share in came]
    return found


def explain(net, node, here, unit, options, own=None):
    """Return [(input name, index, share)] for one unit of one image; shares add up to 1, or []."""
    kind = node.kind
    source = node.inputs[0]
    module = node.module
    shape = net.nodes[source].shape
    if kind in SAME_PLACE:
        return [(source, unit, 1.0)]
    if kind in RESHAPED:
        return [(source, unflat(flat(unit, net.nodes[node.name].shape), shape), 1.0)]
    if kind in ("permute", "transpose"):
        order = list(range(len(unit) + 1))
        if kind == "transpose":
            a, b = node.args[1:]
            order[a], order[b] = b, a
        else:
            order = node.args[1] if isinstance(node.args[1], list) else node.args[1:]
        return [(source, tuple(unit[order.index(axis) - 1] for axis in sorted(order)[1:]), 1.0)]
    if kind == "Linear":
        return fully_connected(module, here[source], source, unit, options, own)
    if kind == "Conv2d":
        sides = zip(shape[1:], net.nodes[net.image].shape[1:])
        fine = all(pixels // units <= FINE for units, pixels in sides)
        spatial = options.position == "spatial" or (options.position == "fine" and fine)
        return convolution(module, here[source], source, unit, options, spatial, own)
    if kind in ("MaxPool2d", "max_pool2d"):
        k, s, p, d = settings(node, "kernel_size", "stride", "padding", "dilation")
        taps = window(unit, k, s, p, d, shape)
        values = [(here[source][unit[0]][r][c], (unit[0], r, c)) for _, _, r, c in taps]
        return [(source, first_largest(values)[1], 1.0)]
    if kind in ("AvgPool2d", "avg_pool2d"):
        k, s, p = settings(node, "kernel_size", "stride", "padding")
        places = [(r, c) for _, _, r, c in window(unit, k, s, p, (1, 1), shape)]
        return average(here[source][unit[0]], source, unit[0], places, options)
    if kind in ("AdaptiveAvgPool2d", "adaptive_avg_pool2d", "mean"):
        units = net.nodes[node.name].shape[1:] or (1, 1)
        at = unit[1:] or (0, 0)
        rows, cols = (span(at[a], units[a], shape[1 + a]) for a in (0, 1))
        places = [(r, c) for r in rows for c in cols]
        return average(here[source][unit[0]], source, unit[0], places, options)
    if kind == "add":
        return addition(net, node, here, unit, options)
    if kind == "mul":
        full = [n for n in node.inputs if net.nodes[n].shape == net.nodes[node.name].shape]
        gates = [n for n in full if net.nodes[n].kind in ("Sigmoid", "Hardsigmoid")]
        return [(next(n for n in full if len(full) == 1 or n not in gates), unit, 1.0)]
    if kind == "cat":
        channel = unit[0]
        for name in node.args[0]:
            depth = net.nodes[name].shape[0]
            if channel < depth:
                return [(name, (channel, *unit[1:]), 1.0)]
            channel -= depth
    if kind == "getitem":  # a piece of a chunk along the channels
        split, whole = net.nodes[source], net.nodes[net.nodes[source].inputs[0]]
        step = ceil(whole.shape[0] / split.args[1])
        return [(whole.name, (unit[0] + node.args[1] * step, *unit[1:]), 1.0)]
    if kind in ("ZeroPad2d", "pad"):
        left, _, top, _ = module.padding if module else node.args[1]
        row, col = unit[1] - top, unit[2] - left  # in zeros: the nearest place that is none
        place = (unit[0], min(max(row, 0), shape[1] - 1), min(max(col, 0), shape[2] - 1))
        return [(source, place, 1.0)]
    raise AssertionError(f"no slow rule for {kind}")


def settings(node, *names):
    """Return settings of a pool as pairs, from the module or the call of a function."""
    given = dict(zip(names, node.args[1:], strict=False)) | dict(node.kwargs)
    given = vars(node.module) if node.module else given
    usual = {"stride": given["kernel_size"], "padding": 0, "dilation": 1}
    return [two(given.get(name) or usual.get(name)) for name in names]


def fully_connected(layer, values, source, unit, options, own):
    weight = own or weights(layer, unit[-1])
    values = at(values, unit[:-1])  # of one place, where the layer works on each by itself
    parts = [(w * a, (*unit[:-1], i)) for i, (w, a) in enumerate(zip(weight, values))]
    parts, positive = units_kept(parts, options)
    return shared(parts, positive, source, options)


def units_kept(parts, options):
    """Return what counts at a linear layer, and those of it that share the weight."""
    if options.contribution == "absolute":
        parts = [(abs(part), place) for part, place in parts]
    positive = [part for part in parts if part[0] > 0]
    k = {"channel_sum": options.k, "argmax": 1, "soft": "all"}[options.winner]
    if k != "all":
        positive.sort(key=lambda part: (-part[0], part[1]))
    if isinstance(k, float):
        total, taken = sum(p[0] for p in positive), 0.0
        kept = []
        for part in positive:
            if taken < k * total:
                kept.append(part)
            taken += part[0]
        positive = kept
    elif k != "all":
        positive = positive[:k]
    return parts, positive


@lru_cache(maxsize=1)  # points come filter by filter
def weights(layer, unit):
    return layer.weight[unit].tolist()


def convolution(layer, values, source, unit, options, spatial, own):
    k, s, d = map(two, (layer.kernel_size, layer.stride, layer.dilation))
    if layer.padding == "same":
        p = tuple(floor(d[a] * (k[a] - 1) / 2) for a in (0, 1))
    else:
        p = (0, 0) if layer.padding == "valid" else two(layer.padding)
    taps = window(unit, k, s, p, d, (len(values), len(values[0]), len(values[0][0])))
    if not taps:
        return []
    weight = own or weights(layer, unit[0])
    depth = len(weight)
    group = unit[0] // (layer.out_channels // layer.groups)
    if options.winner != "channel_sum":
        first = group * depth
        channels = list(zip(weight, values[first : first + depth], range(first, first + depth)))
        parts = [(w[a][b] * x[r][c], (i, r, c)) for a, b, r, c in taps for w, x, i in channels]
        positive = [part for part in parts if part[0] > 0]
        if options.winner == "argmax" and positive:
            positive = [first_largest(positive)]
        if not positive:
            return nearest_largest(
                parts, [tap for tap in taps for _ in channels], k, d, source, options
            )
        return shared(parts, positive, source, options)
    sums, helping = [], []
    for i in range(depth):
        plane = values[group * depth + i]
        parts = [weight[i][a][b] * plane[r][c] for a, b, r, c in taps]
        sums.append((sum(parts), i))
        if max(parts) > 0:
            helping.append((sum(parts), i))
    if not helping and options.dead_end == "stop":
        return []
    _, i = first_largest(helping or sums)
    channel = group * depth + i
    if spatial:
        parts = [(weight[i][a][b] * values[channel][r][c], (channel, r, c)) for a, b, r, c in taps]
        if max(parts)[0] > 0:
            return [(source, first_largest(parts)[1], 1.0)]
    rows, cols = len(values[0]), len(values[0][0])
    row, col = (floor(unit[1 + a] * s[a] - p[a] + d[a] * (k[a] - 1) / 2) for a in (0, 1))
    return [(source, (channel, min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)), 1.0)]


def nearest_largest(parts, taps, k, d, source, options):
    """Nothing contributes: stop, or follow that of the largest which is nearest to the centre."""
    if options.dead_end == "stop":
        return []
    best = max(value for value, _ in parts)
    away = [sum((d[a] * (tap[a] - (k[a] - 1) / 2)) ** 2 for a in (0, 1)) for tap in taps]
    tied = [at for at, (value, _) in enumerate(parts) if value == best]
    return [(source, parts[min(tied, key=lambda at: away[at])][1], 1.0)]


def average(plane, source, channel, places, options):
    parts = [(plane[r][c], (channel, r, c)) for r, c in places]
    positive = [part for part in parts if part[0] > 0]
    if options.average_pool == "argmax" and positive:
        positive = [first_largest(positive)]
    return shared(parts, positive, source, options)


def addition(net, node, here, unit, options):
    names = [name for name in node.inputs if net.nodes[name].op != "constant"]
    if len(names) == 1:
        return [(names[0], unit, 1.0)]
    values = [at(here[name], unit) for name in names]
    if options.residual == "split":
        parts = [(value, name) for value, name in zip(values, names, strict=False)]
        positive = [part for part in parts if part[0] > 0]
        if not positive:
            return [(first_largest(parts)[1], unit, 1.0)] if options.dead_end == "follow" else []
        total = sum(value for value, _ in positive)
        return [(name, unit, value / total) for value, name in positive]
    if values[0] != values[1]:
        return [(names[values.index(max(values))], unit, 1.0)]
    depths = [longest(net, name) for name in names]
    return [(names[depths.index(min(depths))], unit, 1.0)]


def shared(parts, positive, source, options):
    """Split in proportion among ``positive``; without any, stop or follow the largest of all."""
    if not positive:
        return [(source, first_largest(parts)[1], 1.0)] if options.dead_end == "follow" else []
    total = sum(value for value, _ in positive)
    return [(source, place, value / total) for value, place in positive]


def window(unit, k, s, p, d, shape):
    """Return the taps (kernel row, kernel col, map row, map col) that lie in the map."""
    taps = []
    for a in range(k[0]):
        for b in range(k[1]):
            row = unit[1] * s[0] - p[0] + a * d[0]
            col = unit[2] * s[1] - p[1] + b * d[1]
            if 0 <= row < shape[1] and 0 <= col < shape[2]:
                taps.append((a, b, row, col))
    return taps


def span(i, units, length):
    return range(floor(i * length / units), ceil((i + 1) * length / units))


def first_largest(parts):
    best = parts[0]
    for part in parts[1:]:
        if part[0] > best[0]:
            best = part
    return best


@cache
def longest(net, name):
    return max((1 + longest(net, source) for source in net.nodes[name].inputs), default=0)


def at(values, unit):
    for i in unit:
        values = values[i]
    return values


def flat(unit, shape):
    return sum(place * prod(shape[axis + 1 :]) for axis, place in enumerate(unit))


def unflat(number, shape):
    place = []
    for extent in reversed(shape):
        place.append(number % extent)
        number //= extent
    return tuple(reversed(place))


def two(value):
    return (value, value) if isinstance(value, int) else tuple(value)
