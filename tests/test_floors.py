"""Imports go down the floors of the package, and light modules stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cnnvis"

#: From the ground up: a module imports from its own floor or from one below.
FLOORS = (
    (
        "words",
        "errors processes files geometry provenance entries labels catalogue classes assets"
        " download progress pipeline tars photo_files records verification own_modules",
    ),
    (
        "arrays",
        "images sheets manifests photo_sources image_csv ordering compare quality volume kernels"
        " saliency attention predictions importance removal digits contrasts gradient_tables"
        " overlap variants boxes known_boxes detections proposals frames sequences tracking"
        " tracking_scores metrics differences comparisons method_names control_maps mosaics scenes"
        " box_files map_sets table_file volume_groups top_images map_statistics patches",
    ),
    (
        "torch",
        "models caffe efficientnet_lite weights network inputs gradients backtrack"
        " ablation training digit_study spotting perturbation sanity attribution scene_training"
        " evaluation walks",
    ),
    (
        "files",
        "hdf5 hdf5_bounds hdf5_sink dimensions image_table layer_spec shards store"
        " activation_writer gradient_file gradient_views backtrack_file backtrack_points"
        " backtrack_writer variant_file walk_file walk_views export kernel_file map_file"
        " evaluation_views volume_views layer_group statistics_file",
    ),
    ("pictures", "camera raycast render figures notebook vtk_stills"),
    ("pages", "pages"),
    (
        "glue",
        "config config_networks config_images config_checks source workflow locks doctor cli"
        " __main__",
    ),
)
LEVEL = {room: level for level, (_, rooms) in enumerate(FLOORS) for room in rooms.split()}

#: What a floor may load from outside, for the modules that others count on being light.
FORBIDDEN = {
    "words": {"torch", "torchvision", "h5py", "pandas", "matplotlib", "sklearn"},
    "arrays": {"torch", "torchvision", "h5py", "matplotlib"},
    "files": {"torch", "torchvision", "matplotlib"},
    "pictures": {"torch", "torchvision", "h5py"},
    "pages": {"torch", "torchvision", "h5py"},
}
FILES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")


def room_of(file):
    return file.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(file):
    """Every absolute module name that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down_the_floors(file):
    assert room_of(file) in LEVEL, f"{file.name} has no floor: give it one in this test"
    own = LEVEL[room_of(file)]
    ours = [name.split(".")[1] for name in imported(file) if name.startswith("cnnvis.")]
    upwards = [room for room in ours if room in LEVEL and LEVEL[room] > own]
    assert not upwards, f"{file.name} imports from above: {upwards}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_floor_keeps_out_what_is_not_its_own(file):
    floor = FLOORS[LEVEL[room_of(file)]][0]
    roots = {name.split(".")[0] for name in imported(file)}
    assert not roots & FORBIDDEN.get(floor, set())


def test_only_models_imports_torchvision():
    users = {room_of(f) for f in FILES for name in imported(f) if name.startswith("torchvision")}
    assert users <= {"models"}


def test_the_package_itself_imports_nothing():
    assert not list(imported(PACKAGE / "__init__.py"))


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("cnnvis.config", {"torch", "numpy", "pandas", "h5py", "matplotlib", "sklearn", "scipy"}),
        ("cnnvis.workflow", {"torch", "numpy", "pandas", "h5py", "matplotlib", "sklearn", "scipy"}),
        ("cnnvis.ordering", {"torch", "h5py", "matplotlib"}),
        ("cnnvis.figures.channels", {"torch", "h5py", "sklearn"}),
        ("cnnvis.figures.bars", {"torch", "h5py", "sklearn", "scipy"}),
        ("cnnvis.pages.evaluation", {"torch", "h5py", "pandas", "matplotlib", "sklearn"}),
        ("cnnvis.store", {"torch", "matplotlib", "sklearn"}),
    ],
)
def test_a_light_module_loads_nothing_heavy(module, absent):
    script = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not absent & set(loaded)
