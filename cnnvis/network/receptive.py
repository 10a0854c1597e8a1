"""Which part of the image each unit of each layer sees, followed through the graph.

A feature map keeps its row axis and its column axis on the way; a view says which axes of the
tensor they are, so that tensors in (row, col, channel) order are followed too. What is not known
stays unknown from there on. The window is that of the arithmetic: padding counts as pixels outside
the image, so that a unit at the border sees a part of its window only. Where every unit is given
something that was computed from the whole image, the window of each covers the image.
"""

from collections.abc import Mapping
from dataclasses import replace

from cnnvis.geometry import PIXEL
from cnnvis.network import axes, windows
from cnnvis.network.graph import IMAGE, Node
from cnnvis.network.views import Rule, Shape, Step, View, joined


def with_fields(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Return the nodes with what their units see filled in, as far as it is known."""
    views: dict[str, View | None] = {}
    for name, node in nodes.items():
        maps = [source for source in node.inputs if source in views]
        if node.op == IMAGE and node.shape is not None and len(node.shape) == 3:
            views[name] = View((PIXEL, PIXEL), (2, 3), node.shape[1:])
        elif maps and node.kind not in _MEASURES:
            views[name] = _after(node, [views[m] for m in maps], [nodes[m].shape for m in maps])
    known = {name: view.fields for name, view in views.items() if view is not None}
    return {name: replace(node, field=known.get(name)) for name, node in nodes.items()}


def _after(node: Node, views: list[View | None], shapes: list[Shape | None]) -> View | None:
    found = tuple(view for view in views if view is not None)
    if len(found) < len(views):
        return None
    if all(view.axes == (None, None) for view in found):
        return joined(found, (1, 1))
    rule = _RULES.get(node.kind)
    return rule(Step(node, found, tuple(shape or () for shape in shapes))) if rule else None


_MEASURES = frozenset({"size", "dim", "numel", "getattr", "_assert"})
"""Operations that give numbers about a map, not a map."""

_RULES: dict[str, Rule] = {
    name: rule
    for rule, names in {
        axes.same: """
            ReLU ReLU6 LeakyReLU PReLU RReLU ELU CELU SELU GELU SiLU Mish Hardswish Hardsigmoid
            Hardtanh Hardshrink Softshrink Tanhshrink Softplus Softsign Sigmoid LogSigmoid Tanh
            Threshold Softmax2d Identity Dropout Dropout1d Dropout2d AlphaDropout
            FeatureAlphaDropout BatchNorm2d SyncBatchNorm LocalResponseNorm
            relu relu6 leaky_relu prelu elu gelu silu mish hardswish hardsigmoid hardtanh softplus
            sigmoid tanh dropout dropout2d alpha_dropout batch_norm local_response_norm
            stochastic_depth clamp clip neg abs exp log sqrt square contiguous clone detach float
            to type_as""",
        axes.join: "add sub mul div truediv pow maximum minimum",
        axes.concatenate: "cat concat concatenate",
        windows.windows: "Conv2d MaxPool2d AvgPool2d LPPool2d",
        windows.pool: "max_pool2d avg_pool2d",
        windows.adaptive: """AdaptiveAvgPool2d AdaptiveMaxPool2d
            adaptive_avg_pool2d adaptive_max_pool2d""",
        windows.padding: "ZeroPad2d ConstantPad2d ReflectionPad2d ReplicationPad2d pad",
        axes.everywhere: "GroupNorm InstanceNorm2d group_norm instance_norm",
        axes.last_axes: "LayerNorm layer_norm Linear linear",
        axes.reduced: "mean sum amax amin",
        axes.reshaped: "Flatten flatten view reshape squeeze unsqueeze",
        axes.permuted: "permute",
        axes.swapped: "transpose swapaxes swapdims",
        axes.chunked: "chunk split",
        axes.piece: "getitem",
    }.items()
    for name in names.split()
}
