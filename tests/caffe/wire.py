"""Files of Caffe, written once more: text, and bytes put together field by field.

Nothing here knows the package or protobuf: the field numbers are those of Caffe's public messages,
typed in a second time, in another form.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

#: Kind of a layer -> V1's number, V1's word, name of its settings, their field in V2 and in V1.
KINDS = {
    "Concat": (3, "CONCAT", "concat_param", 104, 9),
    "Convolution": (4, "CONVOLUTION", "convolution_param", 106, 10),
    "Data": (5, "DATA", "", 0, 0),
    "Dropout": (6, "DROPOUT", "dropout_param", 108, 12),
    "Eltwise": (25, "ELTWISE", "eltwise_param", 110, 24),
    "Flatten": (8, "FLATTEN", "flatten_param", 135, 0),
    "InnerProduct": (14, "INNER_PRODUCT", "inner_product_param", 117, 17),
    "LRN": (15, "LRN", "lrn_param", 118, 18),
    "Pooling": (17, "POOLING", "pooling_param", 121, 19),
    "ReLU": (18, "RELU", "relu_param", 123, 30),
    "Softmax": (20, "SOFTMAX", "softmax_param", 125, 39),
    "SoftmaxWithLoss": (21, "SOFTMAX_LOSS", "softmax_param", 125, 39),
}

#: Name of the settings -> name of a field -> its number. Words stand for themselves in text.
FIELDS = {
    "concat_param": {"concat_dim": 1, "axis": 2},
    "convolution_param": {
        **{"num_output": 1, "bias_term": 2, "pad": 3, "kernel_size": 4, "group": 5, "stride": 6},
        **{"pad_h": 9, "pad_w": 10, "kernel_h": 11, "kernel_w": 12, "stride_h": 13},
        **{"stride_w": 14, "axis": 16, "dilation": 18},
    },
    "dropout_param": {"dropout_ratio": 1},
    "eltwise_param": {"operation": 1, "coeff": 2},
    "flatten_param": {"axis": 1, "end_axis": 2},
    "inner_product_param": {"num_output": 1, "bias_term": 2, "axis": 5, "transpose": 6},
    "lrn_param": {"local_size": 1, "alpha": 2, "beta": 3, "norm_region": 4, "k": 5},
    "pooling_param": {
        **{"pool": 1, "kernel_size": 2, "stride": 3, "pad": 4, "kernel_h": 5, "kernel_w": 6},
        **{"stride_h": 7, "stride_w": 8, "pad_h": 9, "pad_w": 10, "global_pooling": 12},
        **{"round_mode": 13},
    },
    "relu_param": {"negative_slope": 1},
    "softmax_param": {"axis": 2},
}
WORDS = {
    **{"MAX": 0, "AVE": 1, "STOCHASTIC": 2, "ACROSS_CHANNELS": 0, "WITHIN_CHANNEL": 1},
    **{"PROD": 0, "SUM": 1, "CEIL": 0, "FLOOR": 1},
}


@dataclass
class Layer:
    """A layer of a file to be written; ``bottom`` and ``top`` default to a chain by names."""

    kind: str
    name: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    settings: dict = field(default_factory=dict)
    blobs: tuple = ()
    phase: str = ""


def text(layers, *, shape, version=2, form="input_dim", name="data"):
    """A description (``.prototxt``) of V1's or V2's form; ``form`` says how the input is given."""
    dims = (1, *shape)
    lines = ['name: "small"']
    if form == "input_dim":
        lines += [f'input: "{name}"', *(f"input_dim: {size}" for size in dims)]
    elif form == "input_shape":
        inner = " ".join(f"dim: {size}" for size in dims)
        lines += [f'input: "{name}"', f"input_shape {{ {inner} }}"]
    elif form == "Input":
        inner = " ".join(f"dim: {size}" for size in dims)
        lines.append(
            f'layer {{ name: "{name}" type: "Input" top: "{name}" '
            f"input_param {{ shape: {{ {inner} }} }} }}"
        )
    for layer in layers:
        lines.append(_text_layer(layer, version))
    return "\n".join(lines) + "\n"


def _text_layer(layer, version):
    _, word, param, *_ = KINDS.get(layer.kind, (0, layer.kind.upper(), "", 0, 0))
    parts = [f'name: "{layer.name}"']
    parts.append(f'type: "{layer.kind}"' if version == 2 else f"type: {word}")
    parts += [f'bottom: "{bottom}"' for bottom in layer.bottoms]
    parts += [f'top: "{top}"' for top in layer.tops]
    if layer.phase:
        parts.append(f"include {{ phase: {layer.phase} }}")
    if layer.settings:
        inner = [
            f"{key}: {_text_value(item)}"
            for key, value in layer.settings.items()
            for item in (value if isinstance(value, tuple) else (value,))
        ]
        parts.append(f"{param} {{ {' '.join(inner)} }}")
    return f"{'layer' if version == 2 else 'layers'} {{ {' '.join(parts)} }}"


def _text_value(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def weights(layers, *, version=2, legacy=False, packed=True):
    """The bytes of a ``.caffemodel``; ``legacy`` writes shapes as four fields, as V1 did."""
    data = string(1, "small")
    for layer in layers:
        make = _layer_v2 if version == 2 else _layer_v1
        data += message(100 if version == 2 else 2, make(layer, legacy, packed))
    return data


def _layer_v2(layer, legacy, packed):
    _, _, param, number, _ = KINDS.get(layer.kind, (0, "", "", 0, 0))
    data = string(1, layer.name) + string(2, layer.kind)
    data += b"".join(string(3, name) for name in layer.bottoms)
    data += b"".join(string(4, name) for name in layer.tops)
    data += b"".join(message(7, blob(array, legacy, packed)) for array in layer.blobs)
    return data + (message(number, _settings(layer, param)) if layer.settings else b"")


def _layer_v1(layer, legacy, packed):
    number, _, param, _, place = KINDS[layer.kind]
    data = b"".join(string(2, name) for name in layer.bottoms)
    data += b"".join(string(3, name) for name in layer.tops)
    data += string(4, layer.name) + integer(5, number)
    data += b"".join(message(6, blob(array, legacy, packed)) for array in layer.blobs)
    return data + (message(place, _settings(layer, param)) if layer.settings else b"")


def _settings(layer, param):
    data = b""
    for key, value in layer.settings.items():
        for item in value if isinstance(value, tuple) else (value,):
            number = FIELDS[param][key]
            if isinstance(item, float):
                data += tag(number, 5) + struct.pack("<f", item)
            else:
                data += integer(number, WORDS.get(item, item))
    return data


def blob(array, legacy=False, packed=True):
    """The bytes of one array."""
    array = np.asarray(array, np.float32)
    if legacy:
        four = (1,) * (4 - array.ndim) + array.shape
        data = b"".join(integer(number, size) for number, size in enumerate(four, start=1))
    else:
        data = message(7, packed_integers(1, array.shape))
    if packed:
        return data + message(5, array.astype("<f4").tobytes())
    return data + b"".join(tag(5, 5) + struct.pack("<f", value) for value in array.ravel())


def varint(value):
    data = b""
    value %= 2**64
    while value > 127:
        data += bytes([value % 128 + 128])
        value //= 128
    return data + bytes([value])


def tag(number, wire):
    return varint(number * 8 + wire)


def integer(number, value):
    return tag(number, 0) + varint(int(value))


def message(number, data):
    return tag(number, 2) + varint(len(data)) + data


def string(number, value):
    return message(number, value.encode())


def packed_integers(number, values):
    return message(number, b"".join(map(varint, values)))
