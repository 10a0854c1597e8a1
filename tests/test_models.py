"""Networks are built by name, filled strictly, and returned ready to look into."""

import hashlib
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from cnnvis import catalogue, models
from cnnvis.entries import NetworkEntry
from cnnvis.errors import NetworkError

OWN = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))

def number():
    return 3

def fails():
    raise KeyError("boom")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A network of one's own in the working directory."""
    name = f"own_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(name, None)


def entry(architecture, **weights):
    return NetworkEntry("mine", architecture, weights, {})


def file_entry(architecture, path):
    return entry(architecture, kind="file", path=str(path))


def small(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())


def test_torchvision_imports_in_a_fresh_process_with_no_warning():
    code = (
        "from cnnvis import models; a = models.import_torchvision();"
        "assert a is models.import_torchvision(); print(len(models.torchvision_classifiers()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) >= 80
    assert done.stderr == ""


def test_a_torchvision_that_fails_otherwise_is_explained(monkeypatch):
    def fail(name):
        raise RuntimeError("something else")

    monkeypatch.setattr(models.importlib, "import_module", fail)
    with pytest.raises(NetworkError, match="torchvision cannot be imported: something else"):
        models.import_torchvision()


@pytest.mark.parametrize("there", [[], ["nms"]])
def test_the_cure_is_given_once_and_only_where_it_is_needed(monkeypatch, there):
    defined, calls = [], []
    monkeypatch.setattr(torch.library, "define", lambda name, schema: defined.append(name))

    def sick(name):
        calls.append(name)
        if len(calls) == 1:
            raise RuntimeError("operator torchvision::nms does not exist")
        return torch

    class Operators:
        torchvision = SimpleNamespace(**dict.fromkeys(there))

    monkeypatch.setattr(torch, "ops", Operators)
    monkeypatch.setattr(models.importlib, "import_module", sick)
    assert models.import_torchvision() is torch
    models.import_torchvision()
    missing = [name for name in ("nms", "qnms") if name not in there]
    assert defined == [f"torchvision::{name}" for name in missing]


def test_every_architecture_of_the_catalogue_is_known():
    known = {"efficientnet_lite0", *models.torchvision_classifiers()}
    assert {network.architecture for network in catalogue.networks().values()} == known


def test_a_network_is_ready_to_look_into():
    model = models.load("alexnet", weights="random", seed=0)
    assert not any(module.training for module in model.modules())
    assert not any(getattr(module, "inplace", False) for module in model.modules())
    assert any(isinstance(module, nn.ReLU) for module in model.modules())


def test_random_weights_depend_on_the_seed_and_leave_torchs_own_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (models.load("squeezenet1_1", seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    key = "features.0.weight"
    assert torch.equal(first.state_dict()[key], again.state_dict()[key])
    assert not torch.equal(first.state_dict()[key], other.state_dict()[key])


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_networks_with_side_exits_are_built_without_them(name):
    model = models.build(name)
    assert model.transform_input is False
    assert model.aux_logits is False


def test_hiding_the_change_of_input_equals_preprocessing_otherwise():
    """What torchvision does inside of GoogLeNet is done by the mean and std of the catalogue."""
    from cnnvis import images

    import_models = models.import_torchvision().models
    theirs = import_models.googlenet(
        weights=None, aux_logits=False, init_weights=False, transform_input=True
    ).eval()
    ours = models.build("googlenet").eval()
    ours.load_state_dict(theirs.state_dict())
    photo = torch.randint(0, 256, (256, 256, 3), dtype=torch.uint8).numpy()
    preset = images.Preprocessing(resize=256, crop=224)
    entry = images.Preprocessing.from_mapping(catalogue.network("googlenet").preprocessing)
    with torch.no_grad():
        expected = theirs(torch.from_numpy(images.prepare(photo, preset)[0])[None])
        found = ours(torch.from_numpy(images.prepare(photo, entry)[0])[None])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("alexnett", "no architecture 'alexnett'; did you mean 'alexnet'"),
        ("nowhere.at_all:make", "gives no network: ModuleNotFoundError"),
        ("OWN:make_it", "gives no network: AttributeError"),
        ("OWN:fails", "gives no network: KeyError: 'boom'"),
        ("OWN:number", "returned int, not a torch module"),
        (":make", "gives no network"),
    ],
)
def test_what_cannot_be_built_is_explained(own, architecture, message):
    path = list(sys.path)
    with pytest.raises(NetworkError, match=message):
        models.build(architecture.replace("OWN", own))
    assert sys.path == path


def test_a_network_of_ones_own_in_the_working_directory_is_found(own):
    path = list(sys.path)
    model = models.load(f"{own}:make")
    assert isinstance(model[0], nn.Conv2d)
    assert model[2].inplace is False
    assert sys.path == path


def test_weights_are_converted_once_and_then_loaded(own, tmp_path):
    source = small()
    torch.save(source.state_dict(), tmp_path / "w.pth")
    made = tmp_path / "w.safetensors"
    models.convert(file_entry(f"{own}:make", tmp_path / "w.pth"), None, made, '{"a":1}')
    loaded = models.load(f"{own}:make", weights=made).state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in source.state_dict().items())


def test_conversion_gives_the_same_bytes_in_another_process(own, tmp_path):
    code = (
        "from cnnvis import models; from cnnvis.entries import NetworkEntry;"
        f"e = NetworkEntry('n', '{own}:make', {{'kind': 'random', 'seed': 7}}, {{}});"
        "models.convert(e, None, 'there.safetensors', '{}')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    models.convert(entry(f"{own}:make", kind="random", seed=7), None, "here.safetensors", "{}")
    assert (tmp_path / "here.safetensors").read_bytes() == (
        tmp_path / "there.safetensors"
    ).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("0.weight"), "1 tensors are missing, first '0.weight'"),
        (lambda s: s.update(extra=torch.ones(1)), "1 are unknown, first 'extra'"),
        (
            lambda s: s.update({"0.weight": torch.ones(4, 3, 5, 5)}),
            r"'0.weight' with \(4, 3, 5, 5\) instead of \(4, 3, 3, 3\)",
        ),
        (lambda s: s.update({"0.bias": torch.tensor([1.0, float("nan")] * 2)}), "2 of the 4"),
    ],
    ids=["missing", "unknown", "shape", "nan"],
)
def test_weights_that_do_not_fit_are_refused_and_nothing_is_written(own, tmp_path, change, message):
    state = dict(small().state_dict())
    change(state)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match=message) as caught:
        models.convert(file_entry(f"{own}:make", "w.pth"), None, tmp_path / "made.safetensors")
    assert "w.pth" in str(caught.value)
    assert not (tmp_path / "made.safetensors").exists()


def test_old_files_without_counters_of_training_fit(own, tmp_path):
    state = {k: v for k, v in small().state_dict().items() if "num_batches" not in k}
    torch.save(state, tmp_path / "w.pth")
    models.convert(file_entry(f"{own}:make", "w.pth"), None, "made.safetensors")
    assert models.load(f"{own}:make", weights="made.safetensors")[1].num_batches_tracked == 0


def test_old_names_of_densenet_fit(tmp_path):
    model = models.build("densenet121")
    old = {
        key.replace("norm1.", "norm.1.")
        .replace("norm2.", "norm.2.")
        .replace("conv1.", "conv.1.")
        .replace("conv2.", "conv.2."): value
        for key, value in model.state_dict().items()
        if "num_batches_tracked" not in key
    }
    assert any(".norm.1." in key for key in old)
    torch.save(old, tmp_path / "old-0123.pth")
    loaded = models.load("densenet121", weights=tmp_path / "old-0123.pth").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


def test_side_exits_in_the_files_of_googlenet_are_left_out(tmp_path):
    zoo = models.import_torchvision().models
    whole = zoo.googlenet(weights=None, aux_logits=True, init_weights=False)
    torch.save(whole.state_dict(), tmp_path / "w.pth")
    loaded = models.load("googlenet", weights=tmp_path / "w.pth").state_dict()
    assert torch.equal(loaded["fc.weight"], whole.state_dict()["fc.weight"])
    assert not any(key.startswith("aux") for key in loaded)


def test_a_network_that_asks_for_the_version_of_its_file_is_read_back(tmp_path):
    """torchvision's code for old files must not stumble over tensors without versions."""
    name = "mnasnet0_5"
    model = models.load(name, seed=3)
    models.convert(entry(name, kind="random", seed=3), None, tmp_path / "w.safetensors")
    loaded = models.load(name, weights=tmp_path / "w.safetensors").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


def test_what_must_be_downloaded_is_said():
    assert models.archive_of(catalogue.network("squeezenet1_1")) == catalogue.archive("ndf")
    assert models.archive_of(entry("alexnet", kind="random", seed=0)) is None
    pinned = models.archive_of(catalogue.network("alexnet"))
    assert pinned.kind == "url"
    assert pinned.url.endswith("/alexnet-owt-7be5be79.pth")
    assert pinned.sha256 == "7be5be79"
    unknown = entry("alexnet", kind="torchvision", enum="V9", filename="x-7be5be79.pth", sha256="x")
    with pytest.raises(NetworkError, match="this torchvision has no weights V9"):
        models.archive_of(unknown)
    with pytest.raises(NetworkError, match="must be downloaded first"):
        models.convert(catalogue.network("alexnet"), None, "unused")


def test_weights_stand_in_provenance_by_their_own_or_by_their_bytes(own, tmp_path):
    from cnnvis import provenance

    made = provenance.of("weights", params={}, inputs={})
    random = entry(f"{own}:make", kind="random", seed=0)
    models.convert(random, None, "made.safetensors", made.to_json())
    assert models.provenance_digest("made.safetensors") == made.digest
    torch.save(small().state_dict(), "w.pth")
    expected = hashlib.sha256((tmp_path / "w.pth").read_bytes()).hexdigest()
    assert models.provenance_digest("w.pth") == expected


LIGHT = """
import sys
from cnnvis import models

zoo = models.import_torchvision()
assert "torch._dynamo.utils" not in sys.modules, "the compiler was loaded, or its stand-in stayed"
import torch

answer = sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu")
import torch._dynamo.utils

assert answer == torch._dynamo.utils.is_compile_supported("cpu")
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
"""


def test_torchvision_comes_without_torchs_compiler_which_stays_usable():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
