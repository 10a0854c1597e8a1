"""Files of Caffe are read within bounds; both forms of layers come out as one."""

import pytest

from cnnvis.caffe import messages, schema
from cnnvis.errors import NetworkError

from . import nets, wire


def read(tmp_path, text):
    path = tmp_path / "deploy.prototxt"
    path.write_text(text)
    return messages.layers(messages.read_description(path), "deploy.prototxt")


@pytest.mark.parametrize("version", [1, 2])
def test_both_forms_give_the_same_layers(tmp_path, version):
    written = [*nets.alexnet(), wire.Layer("SoftmaxWithLoss", "loss", ("fc7", "label"), ("loss",))]
    found = read(tmp_path, wire.text(written, shape=nets.SHAPE, version=version))
    assert [(layer.name, layer.kind, layer.bottoms, layer.tops) for layer in found] == [
        (layer.name, layer.kind, layer.bottoms, layer.tops) for layer in written
    ]


def test_every_kind_of_v1_has_a_word_of_v2(tmp_path):
    words = [word for word in schema.V1_KINDS if word != "NONE"]
    text = "".join(f'layers {{ name: "{word}" type: {word} }}\n' for word in words)
    kinds = {layer.name: layer.kind for layer in read(tmp_path, text)}
    for kind, (_, word, *_) in wire.KINDS.items():
        assert kinds[word] == kind
    assert kinds["IM2COL"] == "Im2col"
    assert kinds["EUCLIDEAN_LOSS"] == "EuclideanLoss"
    assert kinds["HDF5_DATA"] == "HDF5Data"


@pytest.mark.parametrize(
    ("rules", "runs"),
    [
        ("", True),
        ("include { phase: TRAIN }", False),
        ("include { phase: TEST }", True),
        ("include { phase: TRAIN } include { phase: TEST }", True),
        ("exclude { phase: TEST }", False),
        ("exclude { phase: TRAIN }", True),
        ("include { stage: 'deep' }", False),
        ("include { not_stage: 'deep' }", True),
        ("include { min_level: 1 }", False),
        ("include { max_level: -1 }", False),
        ("include { min_level: 0 max_level: 0 }", True),
    ],
)
def test_a_layer_of_training_is_left_out(tmp_path, rules, runs):
    text = f"layer {{ name: 'always' type: 'ReLU' }} layer {{ name: 'a' type: 'ReLU' {rules} }}"
    assert [layer.name for layer in read(tmp_path, text)] == ["always", *["a"] * runs]


def test_fields_of_training_are_passed_over(tmp_path):
    text = """layer { name: "a" type: "ReLU" param { lr_mult: 1 } loss_weight: 1 unheard_of: 3
    convolution_param { weight_filler { type: "gaussian" std: 0.01 } } } force_backward: true"""
    assert [layer.name for layer in read(tmp_path, text)] == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no 'layer'"),
        ("name: 'empty'", "has no 'layer'"),
        ("layer { name: 'a' } layers { name: 'b' }", "both 'layer' and 'layers'"),
        ("layers { layer { name: 'a' } }", "before 2014.*upgrade_net_proto_text"),
        ("<html>Not found</html>", "no description of a Caffe network"),
        ("layer { name: 3 }", "no description of a Caffe network"),
        ("layers { name: 'a' type: NOVEL }", "NOVEL"),
        ("layer { name: 'a'", "no description of a Caffe network"),
        ("layer { convolution_param { num_output: -1 } }", "no description"),
        ("layer { x { " * 5000, "no description of a Caffe network"),
    ],
)
def test_a_wrong_description_is_named(tmp_path, text, message):
    with pytest.raises(NetworkError, match=rf"deploy\.prototxt.*{message}"):
        read(tmp_path, text)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "deploy.prototxt"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(NetworkError, match=r"deploy\.prototxt is no description"):
        messages.read_description(path)


def test_a_missing_file_is_named_with_the_place_to_look(tmp_path):
    with pytest.raises(NetworkError, match=r"none\.prototxt.*import-a-caffe-network\.md"):
        messages.read_description(tmp_path / "none.prototxt")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "deploy.prototxt"
    with path.open("wb") as file:
        file.truncate(messages.MOST_TEXT + 1)  # takes no room on the disk
    with pytest.raises(NetworkError, match="is something else"):
        messages.read_description(path)
    weights = tmp_path / "huge.caffemodel"
    with weights.open("wb") as file:
        file.truncate(messages.MOST_BYTES + 1)
    with pytest.raises(NetworkError, match="2147483647 at most"):
        messages.read_weights(weights)


def test_too_many_layers_are_refused(tmp_path):
    with pytest.raises(NetworkError, match="10001 layers"):
        read(tmp_path, "layer { type: 'ReLU' }" * 10_001)


@pytest.mark.parametrize("cut", [1, 2, 10, 100, 1000])
def test_weights_cut_short_are_named(tmp_path, cut):
    path = tmp_path / "short.caffemodel"
    data = wire.weights(nets.alexnet())
    path.write_bytes(data[:-cut])
    with pytest.raises(NetworkError, match=rf"short\.caffemodel.*cut short.*{len(data) - cut}"):
        messages.read_weights(path)


def test_messages_that_lie_too_deep_in_each_other_are_refused(tmp_path):
    data = b""
    for _ in range(200):
        data = wire.tag(50, 3) + data + wire.tag(50, 4)  # groups, the old way to nest
    path = tmp_path / "deep.caffemodel"
    path.write_bytes(data)
    with pytest.raises(NetworkError, match=r"deep\.caffemodel cannot be read"):
        messages.read_weights(path)


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (wire.blob(nets.array(1, 2, 3)), (2, 3)),
        (wire.blob(nets.array(1, 2, 3), legacy=True), (1, 1, 2, 3)),
        (wire.integer(1, 5), (5, 0, 0, 0)),
        (b"", ()),
        (wire.message(7, b""), ()),
    ],
)
def test_the_shape_of_an_array(tmp_path, data, shape):
    path = tmp_path / "array.binaryproto"
    path.write_bytes(data)
    assert messages.shape_of(messages.read_blob(path)) == shape


SETTINGS = {
    "Concat": {"concat_dim": 1, "axis": 2},
    "Convolution": {
        **{"num_output": 1, "bias_term": False, "pad": (2, 3), "kernel_size": (4, 5), "group": 6},
        **{"stride": (7, 8), "pad_h": 9, "pad_w": 10, "kernel_h": 11, "kernel_w": 12},
        **{"stride_h": 13, "stride_w": 14, "axis": 15, "dilation": (16, 17)},
    },
    "Dropout": {"dropout_ratio": 0.25},
    "Eltwise": {"operation": "PROD", "coeff": (0.5, 0.25)},
    "InnerProduct": {"num_output": 1, "bias_term": False, "axis": 2, "transpose": True},
    "LRN": {
        **{"local_size": 3, "alpha": 0.5, "beta": 0.25, "norm_region": "WITHIN_CHANNEL"},
        "k": 2.0,
    },
    "Pooling": {
        **{"pool": "STOCHASTIC", "kernel_size": 1, "stride": 2, "pad": 3, "kernel_h": 4},
        **{"kernel_w": 5, "stride_h": 6, "stride_w": 7, "pad_h": 8, "pad_w": 9},
        **{"global_pooling": True, "round_mode": "FLOOR"},
    },
    "ReLU": {"negative_slope": 0.25},
    "Softmax": {"axis": 2},
}
"""Every setting that is read, each with a value that is not its default."""


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_in_bytes_are_those_in_text(tmp_path, kind, version):
    written = [wire.Layer(kind, "a", ("b",), ("c",), SETTINGS[kind])]
    (described,) = read(tmp_path, wire.text(written, shape=nets.SHAPE, version=version))
    path = tmp_path / "settings.caffemodel"
    path.write_bytes(wire.weights(written, version=version))
    (saved,) = messages.layers(messages.read_weights(path), path.name)
    assert saved.message == described.message
    param = getattr(saved.message, wire.KINDS[kind][2])
    assert {field.name for field, _ in param.ListFields()} == set(SETTINGS[kind])
