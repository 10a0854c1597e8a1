"""A network as a table."""

import torch
from torch import nn

from cnnvis import catalogue, network

from .nets import SHAPE, AlexNetLike, Choosing, prepared


def test_every_layer_has_a_row_with_what_a_reader_needs_to_choose():
    rows = network.table(network.trace(prepared(AlexNetLike), input_shape=SHAPE))
    assert [row.layer for row in rows] == [str(i) for i in range(9)]
    assert rows[0] == catalogue.LayerRow("0", "Conv2d", (6, 16, 16), (6, 3, 5, 5), (5, 5), (2, 2))
    assert rows[3] == catalogue.LayerRow("3", "Conv2d", (8, 7, 7), (8, 3, 3, 3), (17, 17), (4, 4))
    assert rows[8] == catalogue.LayerRow("8", "Linear", (5,), (5, 72))


def test_a_network_observed_through_hooks_has_rows_without_receptive_fields():
    rows = network.table(network.open(prepared(Choosing), input_shape=SHAPE))
    assert [(row.layer, row.op, row.receptive_field) for row in rows] == [
        ("conv", "Conv2d", None),
        ("doubling", "Double", None),
        ("dark", "Conv2d", None),
    ]


def test_a_layer_without_one_tensor_has_no_row():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(33, 3, batch_first=True)
            self.norm = nn.LayerNorm(33)

        def forward(self, x):
            return self.norm(self.attention(x[:, 0], x[:, 1], x[:, 2])[0])

    net = network.trace(Attending(), input_shape=SHAPE)
    assert net.layers == ("attention", "norm")
    assert [row.layer for row in network.table(net)] == ["norm"]


def test_a_table_is_written_and_read_back(tmp_path):
    rows = network.table(network.trace(prepared(AlexNetLike), input_shape=SHAPE))
    catalogue.write_layer_table(rows, tmp_path / "layers.tsv")
    lines = (tmp_path / "layers.tsv").read_text().splitlines()
    assert lines[1].split("\t") == ["0", "Conv2d", "6x16x16", "6x3x5x5", "5x5", "2x2"]


def test_a_table_takes_no_weights_of_its_own():
    with torch.device("meta"):
        model = AlexNetLike()
    assert len(network.table(network.trace(model, input_shape=SHAPE))) == 9
