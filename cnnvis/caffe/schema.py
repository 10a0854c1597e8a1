"""The messages of Caffe's files, as far as they are read: their public field numbers, as data.

Whatever is not declared here, such as the settings of training, is passed over. All that changes
what a layer of a known kind computes is declared, so that it can be refused where it is not known.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

_PACKAGE = "cnnvis.caffe"
_FILE = "cnnvis/caffe.proto"


@dataclass(frozen=True)
class Field:
    """One field of a message.

    ``type`` is a scalar type of protobuf, the name of a message of :data:`MESSAGES`, or the words
    of an enumeration, numbered from 0.
    """

    number: int
    name: str
    type: str | tuple[str, ...]
    default: str = ""
    repeated: bool = False


def _many(number: int, name: str, type_: str) -> Field:
    return Field(number, name, type_, repeated=True)


V1_KINDS = (
    *("NONE", "ACCURACY", "BNLL", "CONCAT", "CONVOLUTION", "DATA", "DROPOUT", "EUCLIDEAN_LOSS"),
    *("FLATTEN", "HDF5_DATA", "HDF5_OUTPUT", "IM2COL", "IMAGE_DATA", "INFOGAIN_LOSS"),
    *("INNER_PRODUCT", "LRN", "MULTINOMIAL_LOGISTIC_LOSS", "POOLING", "RELU", "SIGMOID"),
    *("SOFTMAX", "SOFTMAX_LOSS", "SPLIT", "TANH", "WINDOW_DATA", "ELTWISE", "POWER"),
    *("SIGMOID_CROSS_ENTROPY_LOSS", "HINGE_LOSS", "MEMORY_DATA", "ARGMAX", "THRESHOLD"),
    *("DUMMY_DATA", "SLICE", "MVN", "ABSVAL", "SILENCE", "CONTRASTIVE_LOSS", "EXP"),
    "DECONVOLUTION",
)
"""What a layer can be in files of 2014 and before, where the kind is a number."""

MESSAGES: dict[str, tuple[Field, ...]] = {
    "BlobShape": (_many(1, "dim", "int64"),),
    "BlobProto": (
        Field(1, "num", "int32", "0"),
        Field(2, "channels", "int32", "0"),
        Field(3, "height", "int32", "0"),
        Field(4, "width", "int32", "0"),
        _many(5, "data", "float"),
        Field(7, "shape", "BlobShape"),
        _many(8, "double_data", "double"),
    ),
    "NetParameter": (
        Field(1, "name", "string"),
        _many(2, "layers", "V1LayerParameter"),
        _many(3, "input", "string"),
        _many(4, "input_dim", "int32"),
        _many(8, "input_shape", "BlobShape"),
        _many(100, "layer", "LayerParameter"),
    ),
    "NetStateRule": (
        Field(1, "phase", ("TRAIN", "TEST")),
        Field(2, "min_level", "int32"),
        Field(3, "max_level", "int32"),
        _many(4, "stage", "string"),
        _many(5, "not_stage", "string"),
    ),
    "LayerParameter": (
        Field(1, "name", "string"),
        Field(2, "type", "string"),
        _many(3, "bottom", "string"),
        _many(4, "top", "string"),
        _many(7, "blobs", "BlobProto"),
        _many(8, "include", "NetStateRule"),
        _many(9, "exclude", "NetStateRule"),
        Field(104, "concat_param", "ConcatParameter"),
        Field(106, "convolution_param", "ConvolutionParameter"),
        Field(108, "dropout_param", "DropoutParameter"),
        Field(110, "eltwise_param", "EltwiseParameter"),
        Field(117, "inner_product_param", "InnerProductParameter"),
        Field(118, "lrn_param", "LRNParameter"),
        Field(121, "pooling_param", "PoolingParameter"),
        Field(123, "relu_param", "ReLUParameter"),
        Field(125, "softmax_param", "SoftmaxParameter"),
        Field(135, "flatten_param", "FlattenParameter"),
        Field(143, "input_param", "InputParameter"),
    ),
    "V1LayerParameter": (
        Field(1, "layer", "V0LayerParameter"),
        _many(2, "bottom", "string"),
        _many(3, "top", "string"),
        Field(4, "name", "string"),
        Field(5, "type", V1_KINDS),
        _many(6, "blobs", "BlobProto"),
        Field(9, "concat_param", "ConcatParameter"),
        Field(10, "convolution_param", "ConvolutionParameter"),
        Field(12, "dropout_param", "DropoutParameter"),
        Field(17, "inner_product_param", "InnerProductParameter"),
        Field(18, "lrn_param", "LRNParameter"),
        Field(19, "pooling_param", "PoolingParameter"),
        Field(24, "eltwise_param", "EltwiseParameter"),
        Field(30, "relu_param", "ReLUParameter"),
        _many(32, "include", "NetStateRule"),
        _many(33, "exclude", "NetStateRule"),
        Field(39, "softmax_param", "SoftmaxParameter"),
    ),
    "V0LayerParameter": (Field(1, "name", "string"),),
    "ConcatParameter": (Field(1, "concat_dim", "uint32", "1"), Field(2, "axis", "int32", "1")),
    "ConvolutionParameter": (
        Field(1, "num_output", "uint32"),
        Field(2, "bias_term", "bool", "true"),
        _many(3, "pad", "uint32"),
        _many(4, "kernel_size", "uint32"),
        Field(5, "group", "uint32", "1"),
        _many(6, "stride", "uint32"),
        Field(9, "pad_h", "uint32", "0"),
        Field(10, "pad_w", "uint32", "0"),
        Field(11, "kernel_h", "uint32"),
        Field(12, "kernel_w", "uint32"),
        Field(13, "stride_h", "uint32"),
        Field(14, "stride_w", "uint32"),
        Field(16, "axis", "int32", "1"),
        _many(18, "dilation", "uint32"),
    ),
    "DropoutParameter": (Field(1, "dropout_ratio", "float", "0.5"),),
    "EltwiseParameter": (
        Field(1, "operation", ("PROD", "SUM", "MAX"), "SUM"),
        _many(2, "coeff", "float"),
    ),
    "FlattenParameter": (Field(1, "axis", "int32", "1"), Field(2, "end_axis", "int32", "-1")),
    "InnerProductParameter": (
        Field(1, "num_output", "uint32"),
        Field(2, "bias_term", "bool", "true"),
        Field(5, "axis", "int32", "1"),
        Field(6, "transpose", "bool", "false"),
    ),
    "InputParameter": (_many(1, "shape", "BlobShape"),),
    "LRNParameter": (
        Field(1, "local_size", "uint32", "5"),
        Field(2, "alpha", "float", "1"),
        Field(3, "beta", "float", "0.75"),
        Field(4, "norm_region", ("ACROSS_CHANNELS", "WITHIN_CHANNEL")),
        Field(5, "k", "float", "1"),
    ),
    "PoolingParameter": (
        Field(1, "pool", ("MAX", "AVE", "STOCHASTIC")),
        Field(2, "kernel_size", "uint32"),
        Field(3, "stride", "uint32", "1"),
        Field(4, "pad", "uint32", "0"),
        Field(5, "kernel_h", "uint32"),
        Field(6, "kernel_w", "uint32"),
        Field(7, "stride_h", "uint32"),
        Field(8, "stride_w", "uint32"),
        Field(9, "pad_h", "uint32", "0"),
        Field(10, "pad_w", "uint32", "0"),
        Field(12, "global_pooling", "bool", "false"),
        Field(13, "round_mode", ("CEIL", "FLOOR")),
    ),
    "ReLUParameter": (Field(1, "negative_slope", "float", "0"),),
    "SoftmaxParameter": (Field(2, "axis", "int32", "1"),),
}


def empty(message: str) -> Message:
    """Return an empty message of :data:`MESSAGES`, ready to be parsed into."""
    return _classes()[message]()


@cache
def _classes() -> dict[str, type[Message]]:
    """Hand the messages to protobuf, in a pool of our own that meets no other schema of Caffe."""
    file = descriptor_pb2.FileDescriptorProto(name=_FILE, package=_PACKAGE, syntax="proto2")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _declare(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in MESSAGES
    }


def _declare(message: Any, field: Field) -> None:
    proto = descriptor_pb2.FieldDescriptorProto
    declared = message.field.add(name=field.name, number=field.number)
    declared.label = proto.LABEL_REPEATED if field.repeated else proto.LABEL_OPTIONAL
    if field.default:
        declared.default_value = field.default
    if isinstance(field.type, tuple):
        # The words of two enumerations may be the same only inside of different messages.
        words = message.enum_type.add(name=f"{field.name}_words")
        for number, word in enumerate(field.type):
            words.value.add(name=word, number=number)
        declared.type = proto.TYPE_ENUM
        declared.type_name = f".{_PACKAGE}.{message.name}.{words.name}"
    elif field.type in MESSAGES:
        declared.type = proto.TYPE_MESSAGE
        declared.type_name = f".{_PACKAGE}.{field.type}"
    else:
        declared.type = getattr(proto, f"TYPE_{field.type.upper()}")
