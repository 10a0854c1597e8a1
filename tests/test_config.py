"""A wrong setting is refused before any job, with the key, the value and what would be right."""

import re
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from cnnvis import (
    attribution,
    catalogue,
    classes,
    config,
    config_images,
    metrics,
    perturbation,
    saliency,
    sheets,
)
from cnnvis.backtrack import RECOMMENDED, Options
from cnnvis.errors import ConfigError

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
OWN_PREPROCESSING = {"resize": 32, "crop": 32, "mean": [0, 0, 0], "std": [1, 1, 1]}


def changed(path, value):
    """The default configuration with one value changed; ``path`` has keys and positions."""
    settings = deepcopy(DEFAULT)
    *parents, last = path
    place = settings
    for step in parents:
        place = place[step]
    place[last] = value
    return settings


def load(raw):
    return config.load(raw, SCHEMA)


def test_the_default_configuration_is_a_study():
    study = load(DEFAULT)
    assert list(study.networks) == ["squeezenet1_1", "efficientnet_lite0"]
    assert study.networks["squeezenet1_1"].layers[0] == "features.1"
    assert study.networks["squeezenet1_1"].kernels == ("features.0",)
    assert study.images["photos"].shard_names == ("0000",)


def cnn_vis():
    """The study of CNN-VIS as Snakemake reads it: laid over the default configuration."""
    settings = deepcopy(DEFAULT)
    update_config(settings, yaml.safe_load((ROOT / "config/cnn-vis.yaml").read_text()))
    return settings


def test_the_study_of_cnn_vis_is_a_study(monkeypatch):
    monkeypatch.chdir(ROOT)
    study = load(cnn_vis())
    caffenet = study.networks["caffenet"]
    assert caffenet.entry.prototxt == "weights/deploy.prototxt"
    assert caffenet.entry.classes == "imagenet"
    assert len(caffenet.layers) == 5
    assert study.settings["gradients"]["units"] == ["Pembroke"]
    assert classes.index_of("Pembroke") == 263
    shown = sheets.read_sheet(ROOT / "config/cnn-vis/photos.csv")
    assert dict(zip(shown["class"], shown["role"])) == {
        "263": "reference",
        "151": "similar",
        "283": "dissimilar",
    }


def test_the_study_of_cnn_vis_on_alexnet_is_a_study(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (ROOT / "config/cnn-vis.yaml").read_text()
    lines = re.findall(r"^  # ((?:- name|  layers|  filters|  kernels).*)$", text, re.MULTILINE)
    settings = cnn_vis() | {"networks": yaml.safe_load("\n".join(lines))}
    alexnet = load(settings).networks["alexnet"]
    maps = {row.layer: row for row in catalogue.layer_table("alexnet")}
    assert [maps[layer].op for layer in alexnet.layers] == ["ReLU"] * 5
    assert [maps[layer].op for layer in alexnet.filters] == ["Conv2d"] * 2
    assert alexnet.kernels == ("features.0",)


def test_the_study_of_how_you_see_me_keeps_the_choices_of_the_method():
    settings = deepcopy(DEFAULT)
    update_config(settings, yaml.safe_load((ROOT / "config/how-you-see-me.yaml").read_text()))
    study = load(settings)
    assert list(study.networks) == ["vgg16"]
    own = asdict(Options())
    assert {key: study.settings["backtrack"][key] for key in own} == own
    assert study.settings["saliency"]["sigma"] == 0.09


def test_defaults_are_what_measurements_recommend():
    raw = {
        "networks": [{"name": "alexnet", "layers": ["features.0"]}],
        "images": [{"name": "photos"}],
    }
    for study in (load(raw), load(DEFAULT)):
        recommended = asdict(RECOMMENDED)
        assert {key: study.settings["backtrack"][key] for key in recommended} == recommended
        assert study.settings["saliency"]["sigma"] == saliency.SIGMA


def test_defaults_are_filled_in_at_every_depth_and_the_input_is_left_alone():
    raw = {
        "networks": [{"name": "alexnet", "layers": ["features.0"]}],
        "images": [{"name": "photos"}],
    }
    before = deepcopy(raw)
    study = load(raw)
    assert study.settings["ordering"]["kmeans"]["clusters"] == 7
    assert study.settings["saliency"]["sigma"] == 0.05
    assert study.networks["alexnet"].filters == ()
    assert raw == before


def test_the_shipped_configuration_says_no_more_than_the_schema_knows():
    rules = yaml.safe_load(SCHEMA.read_text())
    assert set(DEFAULT) <= set(rules["properties"])


KEYWORDS = {
    *("description", "type", "default", "enum", "const", "oneOf", "pattern", "items", "contains"),
    *("properties", "required", "additionalProperties", "uniqueItems", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


def every_rule(rules, path=""):
    for key, rule in rules.get("properties", {}).items():
        yield f"{path}{key}", rule
        yield from every_rule(rule, f"{path}{key}.")
        yield from every_rule(rule.get("items", {}), f"{path}{key}[].")


def test_every_key_of_the_schema_is_described_and_closed():
    rules = yaml.safe_load(SCHEMA.read_text())
    for path, rule in every_rule(rules):
        assert rule.get("description"), f"{path} has no description"
        assert set(rule) <= KEYWORDS, f"{path}: a comma outside of quotes?"
        for level in (rule, rule.get("items", {})):
            if level.get("type") == "object":
                assert level["additionalProperties"] is False, path


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("ordring",), {}, ["unknown key 'ordring'", "'ordering'"]),
        (("ordering", "kmeens"), {}, ["unknown key 'ordering.kmeens'", "'kmeans'"]),
        (("ordering", "kmeans", "clusters"), "7", ["ordering.kmeans.clusters", "'7'", "integer"]),
        (("ordering", "kmeans", "clusters"), 1, ["ordering.kmeans.clusters", "1", "minimum"]),
        (("ordering", "methods"), ["pca_imag"], ["ordering.methods.0", "'pca_image'"]),
        (("activations", "dtype"), "float8", ["activations.dtype", "float16"]),
        (("backtrack", "k"), 0, ["backtrack.k", "0"]),
        (("backtrack", "rivals"), -1, ["backtrack.rivals", "-1", "minimum"]),
        (("backtrack", "average_pool"), "maps", ["backtrack.average_pool", "'map'"]),
        (("backtrack", "position"), "fines", ["backtrack.position", "'fine'"]),
        (("networks", 0, "name"), "squeezenet11", ["networks", "'squeezenet1_1'"]),
        (("networks", 0, "layers"), ["feature.1"], ["squeezenet1_1.layers", "'features.1'"]),
        (("networks", 1, "layers"), ["_fc"], ["_fc", "without rows and columns", "also_record"]),
        (("networks", 0, "filters"), ["features.1"], ["features.1", "no weights"]),
        (
            ("networks", 0, "kernels"),
            ["features.1"],
            ["kernels: 'features.1' (ReLU, weights: none)"],
        ),
        (("networks", 1, "kernels"), ["_conv_head"], ["'_conv_head'", "red, green and blue"]),
        (("networks", 0, "weights"), "x.pth", ["'weights' is for own networks"]),
        (("networks", 1, "name"), "squeezenet1_1", ["squeezenet1_1"]),
        (("images", 0, "name"), "photo", ["no image set 'photo'", "'photos'", "sheet"]),
        (("images", 0, "folder"), "no/such/folder", ["images.photos.folder", "no/such/folder"]),
        (("images", 0, "sheet"), "no.csv", ["images.photos.sheet", "no.csv"]),
        (("gradients", "units"), ["tabby", "Egyptian cats"], ["gradients.units", "'Egyptian cat'"]),
        (("gradients", "units"), [1000], ["gradients.units", "1000"]),
        (("gradients", "units"), ["CARDIGAN"], ["gradients.units", "264", "474"]),
        (("backtrack", "target"), "top0", ["backtrack.target", "'top0'"]),
        (("volumes", "image"), "chelsey", ["volumes.image", "'chelsea'"]),
        (("figures", "formats"), ["pdf"], ["figures.formats"]),
        (("ordering", "source"), "meen", ["ordering.source", "'mean'"]),
        (("explorer",), {"images": ["chelsey"]}, ["explorer.images", "'chelsea'"]),
        (("explorer",), {"images": "some"}, ["explorer.images"]),
        (("explorer",), {"units": 101}, ["explorer.units", "100"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(path, value, words):
    with pytest.raises(ConfigError) as caught:
        load(changed(path, value))
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["networks", "images"])
def test_a_missing_key_is_named_with_its_meaning(key):
    raw = {name: value for name, value in DEFAULT.items() if name != key}
    with pytest.raises(ConfigError, match=f"lacks the key '{key}': The"):
        load(raw)


def test_the_explorer_shows_the_sets_that_have_a_wanted_image(tmp_path):
    def explored(wanted, **more):
        images = [{"name": "photos"}, {"name": "further_photos"}, *more.values()]
        shown = {"volumes": {"image": "first"}, "figures": {"image": "first"}}
        return load(DEFAULT | shown | {"images": images, "explorer": {"images": wanted}}).explored

    assert explored("all") == ["photos", "further_photos"]
    assert explored("none") == []
    assert explored(["chelsea"]) == ["photos"]
    assert explored(["yurt", "coffee"]) == ["photos", "further_photos"]
    folder = {"name": "own", "folder": str(tmp_path)}
    assert explored(["anything"], folder=folder) == ["own"], "a folder may hold it"


def test_a_name_is_used_once():
    raw = changed(("networks",), [DEFAULT["networks"][0]] * 2)
    with pytest.raises(ConfigError, match="'squeezenet1_1' is used twice"):
        load(raw)


def own(**more):
    item = {"name": "mine", "layers": ["anything"], "architecture": "my.module:net"}
    item |= {"weights": "random", "preprocessing": OWN_PREPROCESSING} | more
    return {"networks": [item], "images": [{"name": "photos"}], "gradients": {"units": [3]}}


def test_an_own_network_is_taken_as_it_is_described():
    entry = load(own(classes="imagenet")).networks["mine"].entry
    assert (entry.architecture, entry.weights["kind"]) == ("my.module:net", "random")
    assert load(own(weights="w.npz")).networks["mine"].entry.weights["path"] == "w.npz"


def test_an_own_network_of_a_known_architecture_has_its_layers_checked():
    with pytest.raises(ConfigError, match=r"networks.mine.layers: no layer 'conv1'"):
        load(own(architecture="alexnet", layers=["conv1"]))


@pytest.mark.parametrize("key", ["weights", "preprocessing"])
def test_an_own_network_says_all_it_must(key):
    raw = own()
    del raw["networks"][0][key]
    with pytest.raises(ConfigError, match=f"also needs the key '{key}'"):
        load(raw)


def test_a_class_name_needs_named_classes():
    raw = own() | {"gradients": {"units": ["Egyptian cat"]}}
    with pytest.raises(ConfigError, match="have no names"):
        load(raw)


def test_the_lists_of_classes_are_those_of_the_networks(tmp_path):
    assert load(DEFAULT).class_lists == [["imagenet", ""]]
    assert load(own()).class_lists == [[None, ""]]
    names = tmp_path / "names.txt"
    names.write_text("one\ntwo\n")
    both = own(classes=str(names)) | {"images": DEFAULT["images"]}
    both["networks"] = [*both["networks"], *DEFAULT["networks"]]
    both["gradients"] = {"units": [1]}
    first = load(both).class_lists
    assert [name for name, _ in first] == [str(names), "imagenet"]
    names.write_text("two\none\n")
    assert load(both).class_lists != first, "other names are other classes"


def test_class_names_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"networks\.mine\.classes: cannot read .*gone\.txt"):
        load(own(classes=str(tmp_path / "gone.txt")))


def test_sets_whose_images_have_no_two_roles_are_not_compared(tmp_path):
    (tmp_path / "plain.csv").write_text("id,source,role\na,a.png,\nb,b.png,similar\n")
    (tmp_path / "roles.csv").write_text("id,source,role\na,a.png,reference\nb,b.png,similar\n")
    images = [
        {"name": "photos"},
        {"name": "further_photos"},
        {"name": "own", "folder": str(tmp_path)},
        {"name": "plain", "sheet": str(tmp_path / "plain.csv")},
        {"name": "mine", "sheet": str(tmp_path / "roles.csv")},
    ]
    shown = {"volumes": {"image": "first"}, "figures": {"image": "first"}}
    study = load(DEFAULT | shown | {"images": images})
    assert study.compared == ["photos", "mine"]
    assert study.images["mine"].roles == ("reference", "similar")


@pytest.mark.parametrize("key", ["sheet", "folder", "tars"])
def test_a_path_with_braces_is_refused_before_snakemake_takes_them_for_wildcards(tmp_path, key):
    place = tmp_path / "{mine}"
    place.mkdir()
    (place / "a.csv").write_text("id,source\na,a.png\n")
    (place / "a.tar").touch()
    path = {"sheet": place / "a.csv", "folder": place, "tars": place / "*.tar"}[key]
    with pytest.raises(ConfigError, match=rf"images\.mine\.{key}: .*\{{mine\}}.*braces.*[Rr]ename"):
        load(changed(("images",), [{"name": "mine", key: str(path)}]))


def following(**sequence):
    """The default study with one sequence."""
    settings = deepcopy(DEFAULT)
    settings["tracking"] = {"networks": "all", "sequences": [{"name": "walk"} | sequence]}
    return settings


def test_objects_are_followed_where_all_photos_are():
    study = config.Study(
        load(DEFAULT).networks,
        {
            "photos": load(DEFAULT).images["photos"],
            "own": config_images.ImageChoice("own", "sheet.csv", None, 1, ids=("tom",)),
            "folder": config_images.ImageChoice("folder", None, "here", 1),
        },
        load(following(photos=["coffee"])).settings,
    )
    assert study.tracking == {
        "networks": ["squeezenet1_1", "efficientnet_lite0"],
        "images": ["photos"],
        "sequences": ["walk"],
    }
    first = load(DEFAULT).tracking
    assert first["networks"] == ["squeezenet1_1"]
    nothing = load(DEFAULT | {"tracking": {"networks": "all"}}).tracking
    assert nothing["networks"] == []


@pytest.mark.parametrize(
    ("sequence", "words"),
    [
        ({"photos": []}, "'pan' without a path 1; got 0"),
        ({"kind": "crossing", "photos": ["coffee"]}, "'crossing' without a path 2; got 1"),
        ({"kind": "crossing", "photos": ["coffee", "siamese"]}, "did you mean 'siamese_cat'"),
        ({"path": "nowhere.gif"}, "no file or folder nowhere.gif"),
        ({"path": "nowhere.gif", "photos": ["coffee"]}, "a path needs no photos"),
    ],
)
def test_a_sequence_that_cannot_be_made_is_named(sequence, words):
    with pytest.raises(ConfigError, match=words):
        load(following(**sequence))


@pytest.mark.parametrize(
    ("evaluation", "words"),
    [
        ({"methods": ["grad_cm"]}, "evaluation.methods"),
        ({"methods": [{"name": "x", "method": "centre", "options": {"kk": 1}}]}, "evaluation.meth"),
        ({"methods": ["centre", "centre"]}, "evaluation.methods: the name 'centre' is used twice"),
        (
            {"references": ["grad_cm"]},
            r"evaluation.references: no method has the name 'grad_cm'.*did you mean 'grad_cam'",
        ),
        ({"sanity": {"methods": ["k = 1"]}}, r"evaluation.sanity.methods: no method has the name"),
        ({"mosaics": {"without": ["soff"]}}, r"evaluation.mosaics.without.*did you mean 'soft'"),
    ],
)
def test_methods_of_an_evaluation_that_are_not_there_are_named(evaluation, words):
    with pytest.raises(ConfigError, match=words):
        load(DEFAULT | {"evaluation": evaluation})


def test_a_variant_can_be_referred_to_and_a_known_method_left_out():
    variant = {"name": "k = 1", "method": "backtrack", "options": {"k": 1}}
    wanted = {"methods": [variant, "centre"], "references": ["k = 1"]}
    found = load(DEFAULT | {"evaluation": wanted}).settings["evaluation"]
    assert found["methods"] == [variant, "centre"], "no options are filled in"
    assert found["sanity"]["methods"][1] == "grad_cam", "a known method: it is left out later"


def test_the_schema_lists_the_methods_and_protocols_that_there_are():
    rules = yaml.safe_load(SCHEMA.read_text())["properties"]["evaluation"]["properties"]
    listed, variant = rules["methods"]["items"]["oneOf"]
    assert listed["enum"] == variant["properties"]["method"]["enum"]
    assert set(listed["enum"]) == set(attribution.METHODS)
    assert rules["protocols"]["items"]["enum"] == list(perturbation.PROTOCOLS)
    assert rules["sanity"]["properties"]["measures"]["items"]["enum"] == list(metrics.LIKENESS)


def test_bad_images_are_an_error_unless_the_set_says_otherwise():
    study = load(DEFAULT)
    assert (study.images["photos"].skip_bad, study.leaves_out) == (False, False)
    study = load(changed(("images", 0, "on_bad_image"), "skip"))
    assert (study.images["photos"].skip_bad, study.leaves_out) == (True, True)
    with pytest.raises(ConfigError, match=r"images\.0\.on_bad_image: 'ignore' is not one of fail"):
        load(changed(("images", 0, "on_bad_image"), "ignore"))


def test_the_largest_resize_is_that_of_all_networks():
    study = load(DEFAULT)
    assert study.largest_resize == 256
    own = {"name": "mine", "architecture": "alexnet", "weights": "random", "layers": ["features.0"]}
    own |= {"preprocessing": OWN_PREPROCESSING | {"resize": 999}, "classes": "imagenet"}
    assert load(changed(("networks", 1), own)).largest_resize == 999
