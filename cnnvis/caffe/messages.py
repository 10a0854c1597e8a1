"""Files of Caffe, read into messages within bounds, and their layers in one form.

Caffe wrote layers in two forms: ``layers`` with numbered kinds (V1), and ``layer`` with named ones
(V2, since 2014). Both come out as :class:`Layer`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from google.protobuf import text_format
from google.protobuf.message import DecodeError, Message

from cnnvis.caffe import schema
from cnnvis.errors import NetworkError

Shape = tuple[int, ...]

HOW_TO = "docs/how-to/import-a-caffe-network.md"

MOST_BYTES = 2**31 - 1
"""Protobuf itself ends here, and so does every file that Caffe could write."""
MOST_TEXT = 4 * 2**20
"""Of a description: that of the largest network of Caffe's model zoo has a fifth of it."""
_MOST_LAYERS = 10_000

_V1_NAMES = {
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "ABSVAL": "AbsVal",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "LRN": "LRN",
    "MVN": "MVN",
    "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "TANH": "TanH",
}
"""V1's words whose V2 is not the same with capitals inside."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer as a file describes it.

    Args:
        name: its name.
        kind: what it computes, by V2's word: ``InnerProduct``.
        bottoms: names of the values it reads.
        tops: names of the values it writes.
        message: the message itself, for the settings of its kind and its weights.
    """

    name: str
    kind: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    message: Any

    def __str__(self) -> str:
        """Return how messages for the user name it."""
        return f"layer '{self.name}' ({self.kind})"


def read_description(path: str | os.PathLike[str]) -> Any:
    """Read a network's description (``.prototxt``), the message ``NetParameter`` as text.

    Fields that are not known are passed over, as those of training are.

    Raises:
        NetworkError: the file is missing, too large, no text, or no such message.
    """
    data = _bytes(Path(path), MOST_TEXT, "a description")
    net = schema.empty("NetParameter")
    try:
        text_format.Parse(data.decode(), net, allow_unknown_field=True)
    except (text_format.ParseError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise NetworkError(
            f"{path} is no description of a Caffe network in protobuf's text form: "
            f"{str(error) or 'nested too deep'}. Give the deploy.prototxt that belongs to the "
            "weights."
        ) from error
    return net


def read_weights(path: str | os.PathLike[str]) -> Any:
    """Read a network with its weights (``.caffemodel``), the message ``NetParameter``.

    Raises:
        NetworkError: the file is missing, too large, cut short, or no such message.
    """
    return _read_binary(Path(path), "NetParameter", "weights of a Caffe network (.caffemodel)")


def read_blob(path: str | os.PathLike[str]) -> Any:
    """Read one array, such as a mean image (``.binaryproto``), the message ``BlobProto``.

    Raises:
        NetworkError: the file is missing, too large, cut short, or no such message.
    """
    return _read_binary(Path(path), "BlobProto", "a mean image of Caffe (.binaryproto)")


def layers(net: Any, what: str, *, phases: Literal["test", "all"] = "test") -> tuple[Layer, ...]:
    """Return the layers in the order of the file, unless told otherwise without those of training.

    Args:
        net: the message of a network.
        what: the name of its file, for messages.
        phases: ``all`` for the layers of training, too.

    Raises:
        NetworkError: there are none, too many, both forms, or the form before V1.
    """
    if bool(net.layers) == bool(net.layer):
        found = "both 'layer' and 'layers'" if net.layer else "no 'layer'"
        raise NetworkError(f"{what} has {found}: it is no network of Caffe, or a damaged one.")
    given = net.layer or net.layers
    if len(given) > _MOST_LAYERS:
        raise NetworkError(
            f"{what} has {len(given)} layers, more than the {_MOST_LAYERS} that are read."
        )
    return tuple(_layer(message, what) for message in given if phases == "all" or _runs(message))


def shape_of(blob: Any) -> Shape:
    """Return the shape of an array, which files of 2014 and before give by four fields."""
    if blob.HasField("shape"):
        return tuple(blob.shape.dim)
    legacy = ("num", "channels", "height", "width")
    if not any(blob.HasField(name) for name in legacy):
        return ()
    return tuple(getattr(blob, name) for name in legacy)


def _bytes(path: Path, most: int, what: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > most:
            raise NetworkError(
                f"{path} has {size} bytes, and {what} has {most} at most: it is something else."
            )
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(
            f"cannot read {path}: {error.strerror}. {HOW_TO} says where to download "
            "a network of Caffe and where to put its files."
        ) from error


def _read_binary(path: Path, name: str, what: str) -> Message:
    data = _bytes(path, MOST_BYTES, what)
    message = schema.empty(name)
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise NetworkError(
            f"{path} cannot be read as {what}: {error}. It is something else, or was cut short "
            f"(it has {len(data)} bytes); download it again."
        ) from error
    return message


def _layer(message: Any, what: str) -> Layer:
    if message.DESCRIPTOR.name == "LayerParameter":
        kind = message.type
    elif message.HasField("layer"):
        raise NetworkError(
            f"{what} is in the form that Caffe had before 2014. Bring it up to date with Caffe's "
            "tools upgrade_net_proto_text and upgrade_net_proto_binary."
        )
    else:
        word = schema.V1_KINDS[message.type]
        kind = _V1_NAMES.get(word, "".join(part.capitalize() for part in word.split("_")))
    return Layer(message.name, kind, tuple(message.bottom), tuple(message.top), message)


def _runs(message: Any) -> bool:
    """Tell whether a layer is there outside of training, by Caffe's rules for a network's state."""
    if message.include:
        return any(map(_met, message.include))
    return not any(map(_met, message.exclude))


def _met(rule: Any) -> bool:
    """Tell whether a rule holds in the phase TEST, at level 0, in no stage."""
    return not (
        (rule.HasField("phase") and rule.phase == 0)
        or (rule.HasField("min_level") and rule.min_level > 0)
        or (rule.HasField("max_level") and rule.max_level < 0)
        or rule.stage
    )
