"""A copy shares the numbers and nothing else."""

import pytest
import torch
from torch import nn

from cnnvis.errors import TraceError
from cnnvis.network.copying import shared, without_data

from .nets import ResNetLike, prepared


def test_a_copy_shares_every_number_and_no_module():
    model = prepared(ResNetLike)
    copy = shared(model)
    assert list(copy.state_dict()) == list(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert copy.state_dict()[name].data_ptr() == tensor.data_ptr()
    assert not {id(m) for m in copy.modules()} & {id(m) for m in model.modules()}
    assert not any(m.training for m in copy.modules())
    assert all(m.training for m in model.modules())


def test_hooks_on_a_copy_do_not_reach_the_model():
    model = prepared(ResNetLike)
    copy = shared(model)
    copy.fc.register_forward_hook(lambda *_: None)
    copy.register_buffer("new", torch.zeros(1))
    del copy.blocks[0].conv1
    assert not model.fc._forward_hooks
    assert "new" not in dict(model.named_buffers())
    assert model.blocks[0].conv1 is not None


def test_hooks_of_the_model_are_kept():
    model = nn.Sequential(nn.Conv2d(3, 4, 3))
    model[0].register_forward_hook(lambda module, inputs, output: output * 0)
    assert shared(model)(torch.ones(1, 3, 5, 5)).abs().max() == 0


def test_weights_used_twice_stay_one():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU())
    model[1].weight = model[0].weight
    model.append(model[2])
    copy = shared(model)
    assert copy[1].weight is copy[0].weight
    assert copy[3] is copy[2]


def test_a_module_that_knows_its_parent_is_copied_with_it():
    parent = nn.Sequential(nn.ReLU())
    parent[0].known = {"parent": [parent], "method": parent.forward}
    copy = shared(parent)
    assert copy[0].known["parent"][0] is copy
    assert copy[0].known["method"].__self__ is copy


def test_a_copy_without_data_has_shapes_only():
    copy = without_data(prepared(ResNetLike))
    assert {tensor.device.type for tensor in copy.state_dict().values()} == {"meta"}
    assert copy.fc.weight.shape == (5, 4)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_compiled_module_is_refused():
    model = nn.Sequential(torch.jit.script(nn.ReLU()))
    with pytest.raises(TraceError, match=r"0 is compiled with TorchScript, .* the Python module"):
        shared(model)


def test_a_module_without_weights_yet_is_refused():
    with pytest.raises(TraceError, match="0 is a LazyLinear whose weights have no shape yet"):
        shared(nn.Sequential(nn.LazyLinear(4)))
