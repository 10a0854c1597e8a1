"""The catalogue says what the data files say, and refuses what is not in them by name."""

import subprocess
import sys
from types import MappingProxyType

import pytest

from cnnvis import catalogue, classes
from cnnvis.entries import Archive, LayerRow, NetworkEntry
from cnnvis.errors import ConfigError

BUILTINS = (str, int, float, type(None), list, dict)
SHA = "0" * 64


def builtins_only(value):
    if type(value) is dict:
        return all(type(key) is str and builtins_only(inner) for key, inner in value.items())
    if type(value) is list:
        return all(builtins_only(inner) for inner in value)
    return type(value) in BUILTINS


def test_it_is_light_to_import():
    """Snakemake reads it in every job."""
    code = (
        "import sys, cnnvis.catalogue as c; c.networks(); c.layer_table('squeezenet1_1');"
        "heavy = {'numpy', 'pandas', 'torch', 'requests', 'pypi_simple'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_networks_with_packaged_weights_come_first():
    assert list(catalogue.networks())[:3] == ["squeezenet1_1", "efficientnet_lite0", "alexnet"]
    assert catalogue.network("squeezenet1_1").weights["kind"] == "pypi-member"
    assert catalogue.network("squeezenet1_0").weights["kind"] == "torchvision"


@pytest.mark.parametrize("name", list(catalogue.networks()))
def test_every_network_is_complete(name):
    entry = catalogue.network(name)
    assert entry.licence
    assert entry.citation
    assert entry.classes == "imagenet"
    assert builtins_only(entry.as_params())
    assert list(entry.as_params()) == list(entry.__dataclass_fields__)
    assert catalogue.download_name(entry)
    table = catalogue.layer_table(name)
    assert any(row.weight for row in table)
    assert any(row.shape == (1000,) or row.shape == (1000, 1, 1) for row in table[-5:])
    assert len({row.layer for row in table}) == len(table)


def test_weights_of_torchvision_are_pinned_by_the_digits_in_their_file_name():
    for entry in catalogue.networks().values():
        if entry.weights["kind"] == "torchvision":
            assert entry.weights["filename"].endswith(f"-{entry.weights['sha256']}.pth")


def test_archives_are_pinned_whole():
    for archive in catalogue.archives().values():
        assert len(archive.sha256) == 64
        assert archive.size > 0
        assert archive.version in archive.filename
        assert builtins_only(archive.as_params())
        assert Archive(**archive.as_params()) == archive


def test_an_entry_cannot_be_changed_by_one_of_its_readers():
    entry = catalogue.network("alexnet")
    assert type(entry.weights) is MappingProxyType
    entry.as_params()["preprocessing"]["mean"][0] = 9.0
    assert catalogue.network("alexnet").preprocessing["mean"][0] == 0.485


def test_params_do_not_depend_on_the_order_in_which_keys_were_given():
    a = NetworkEntry("n", "alexnet", {"kind": "random", "seed": 1}, {"crop": 8, "resize": 9})
    b = NetworkEntry("n", "alexnet", {"seed": 1, "kind": "random"}, {"resize": 9, "crop": 8})
    assert str(a.as_params()) == str(b.as_params())


@pytest.mark.parametrize(
    ("look", "name", "message"),
    [
        (catalogue.network, "alexnett", "no network 'alexnett'.*did you mean 'alexnet'"),
        (catalogue.archive, "alib", "no archive 'alib'.*'alibi'"),
        (catalogue.image_set, "photo", "no image set 'photo'.*'photos'"),
        (catalogue.layer_table, "alexnett", "did you mean 'alexnet'"),
        (catalogue.archive, "zzz", "it has ndf, "),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(look, name, message):
    with pytest.raises(ConfigError, match=message):
        look(name)


def test_the_default_photos_have_the_roles_of_their_labels():
    with catalogue.image_set("photos").sheet.open() as file:
        rows = [line.rstrip("\n").split(",") for line in file][1:]
    roles = {}
    for name, _, label, role, sha256 in rows:
        roles.setdefault(role, {})[name] = classes.index_of(label)
        assert len(sha256) == 64
    assert set(roles["reference"].values()) == {285}
    assert roles["similar"] == {"tabby_cat": 281, "persian_cat": 283, "siamese_cat": 284}
    assert sorted(roles["dissimilar"].values()) == [609, 609, 949, 967, 990]
    assert sorted(roles["other"].values()) == [243, 251]


def test_a_sheet_says_which_archives_it_needs(tmp_path):
    assert catalogue.listed(catalogue.image_set("photos").sheet)[1] == ("alibi", "foolbox")
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("id,source\na,a.jpg\nb,archive:foolbox!x.jpg\nc,archive:foolbox!y.jpg\n")
    assert catalogue.listed(sheet)[1] == ("foolbox",)


def test_a_layer_table_is_read_back_as_written(tmp_path, monkeypatch):
    rows = (
        LayerRow("features.0", "Conv2d", (64, 113, 113), (64, 3, 3, 3), (3, 3), (2, 2)),
        LayerRow("classifier", "Linear", (1000,), (1000, 64)),
        LayerRow("odd", "Softmax", (1000,)),
    )
    monkeypatch.setattr(catalogue, "_DATA", tmp_path)
    catalogue.write_layer_table(rows, tmp_path / "layers" / "alexnet.tsv")
    catalogue.layer_table.cache_clear()
    try:
        assert catalogue.layer_table("alexnet") == rows
    finally:
        catalogue.layer_table.cache_clear()
    assert [row.spatial for row in rows] == [True, False, False]
    assert rows[0].bytes == 64 * 113 * 113 * 4


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "ftp"}, "kind is 'pypi' or 'url', not 'ftp'"),
        ({"kind": "url", "sha256": ""}, "Nothing is downloaded without"),
        ({"kind": "url", "sha256": "xyz"}, "sha256 must be"),
        ({"kind": "pypi", "project": "p"}, "lacks 'version'"),
        ({"kind": "url"}, "lacks 'url'"),
    ],
)
def test_an_archive_that_could_not_be_checked_is_refused(entry, message):
    with pytest.raises(ConfigError, match=message):
        Archive(**{"name": "a", "filename": "f", "sha256": SHA} | entry)


@pytest.mark.parametrize(
    ("weights", "message"),
    [({}, "no weights of kind None"), ({"kind": "file"}, "of kind 'file' lack 'path'")],
)
def test_a_network_with_incomplete_weights_is_refused(weights, message):
    with pytest.raises(ConfigError, match=message):
        NetworkEntry("n", "alexnet", weights, {})
