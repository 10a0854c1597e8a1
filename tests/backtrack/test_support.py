"""The table of what works on which network says the truth, as far as a minute can tell."""

import importlib.util
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from backtrack import nets, support
from cnnvis import backtrack, models
from cnnvis.backtrack import Options
from cnnvis.errors import BacktrackError

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("writer", ROOT / "tools/write_support_table.py")
writer = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(writer)
ROWS = {row["network"]: row for row in writer.rows()}


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def attending():
    return Attending().double(), torch.rand(2, 3, 4)


def shifted_windows():
    models.import_torchvision()
    from torchvision.models.swin_transformer import ShiftedWindowAttention

    return ShiftedWindowAttention(4, [2, 2], [1, 1], 2).double(), torch.rand(2, 4, 4, 4)


def relative_positions():
    models.import_torchvision()
    from torchvision.models.maxvit import RelativePositionalMultiHeadAttention

    return RelativePositionalMultiHeadAttention(4, 2, 9).double(), torch.rand(2, 1, 9, 4)


def test_the_page_is_that_of_the_table_and_of_the_rules():
    assert writer.PAGE.read_text() == writer.page(), "run: make reference"


def test_the_table_is_that_of_the_families():
    expected = [(f, name, str(side)) for f, (name, side) in support.FAMILIES.items()]
    assert [(row["family"], row["network"], row["side"]) for row in ROWS.values()] == expected


@pytest.mark.parametrize(
    ("name", "capabilities"),
    [
        ("squeezenet1_1", ("extraction", "gradients", "channel_sum", "soft")),
        ("mobilenet_v3_small", ("channel_sum", "argmax")),
        ("shufflenet_v2_x0_5", ("argmax", "sample")),
    ],
)
def test_a_network_does_what_the_table_says(name, capabilities):
    found = support.check(name, int(ROWS[name]["side"]), capabilities)
    assert {c: why or writer.YES for c, why in found.items()} == {
        c: ROWS[name][c] for c in capabilities
    }


ATTENTION = {
    "vit_b_32": (attending, "getitem", "MultiheadAttention"),
    "swin_t": (shifted_windows, "shifted_window_attention", "shifted_window_attention"),
    "swin_v2_t": (shifted_windows, "shifted_window_attention", "shifted_window_attention"),
    "maxvit_t": (relative_positions, "einsum", "einsum"),
}


@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_refused_by_name(name):
    """The networks as the table has it, and a small layer of the same kind."""
    make, node, operation = ATTENTION[name]
    model, images = make()
    net, record = nets.opened(model.eval(), images.double())
    starts = nets.every_unit(record, net.scores)
    with pytest.raises(BacktrackError) as error:
        backtrack.from_units(net, record, starts, Options(dead_end="follow", k="all"))
    for words in (str(error.value), *(ROWS[name][winner] for winner in support.WINNERS)):
        assert re.search(f"node '{node}(_[0-9]+)?'", words)
        assert operation in words
        assert "docs/how-to/add-a-backtracking-rule.md" in words
