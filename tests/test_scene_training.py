"""The network of scenes is trained the same way every time, and every method works on it."""

import pytest
import torch

from cnnvis import attribution, digits, network, scene_training, scenes
from cnnvis.errors import NetworkError


@pytest.fixture(scope="module")
def parts():
    return digits.load()


def test_a_little_training_is_deterministic_and_says_when_it_was_too_little(parts):
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    one, two = (scene_training.train(*parts, count=32, epochs=1, least=0, exam=5) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), state)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not one.training
    with pytest.raises(NetworkError, match=r"was to name 99.0%. Take more scenes or epochs"):
        scene_training.train(*parts, count=3, epochs=1, least=0.99, exam=20)


def test_every_method_works_on_its_network(parts):
    made = scenes.make(parts[0], 2, seed=3)
    model = scene_training.network().eval()
    net = network.trace(model, input_shape=(1, scenes.SIDE, scenes.SIDE))
    assert attribution.layer_of_maps(net) == "relu3"
    for method in ("guided_backprop", "grad_cam", "backtrack"):
        found = attribution.maps(net, made.images, made.labels, method)
        assert found.shape == made.masks.shape


def test_weights_are_read_back_and_others_refused(parts, tmp_path):
    from cnnvis import weights

    model = scene_training.train(*parts, count=32, epochs=1, least=0, exam=5)
    weights.write(tmp_path / "w.safetensors", model.state_dict(), "{}")
    again = scene_training.load(tmp_path / "w.safetensors")
    assert not again.training
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not b.requires_grad
    weights.write(tmp_path / "w.safetensors", {"conv1.weight": torch.zeros(3)}, "{}")
    with pytest.raises(NetworkError, match="does not hold the weights of the network of scenes"):
        scene_training.load(tmp_path / "w.safetensors")


def test_it_is_examined_on_scenes_that_nobody_else_uses():
    assert scene_training.exam_seed(0) not in (0, 1)
    assert len({3 * seed + part for seed in range(9) for part in range(3)}) == 27
