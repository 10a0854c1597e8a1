"""Write the tables in cnnvis/data that are made from torchvision and from the networks themselves.

    python tools/write_data_tables.py            # all of them, about three minutes
    python tools/write_data_tables.py resnet18   # the layers of some networks only

The tests compare what lies in cnnvis/data with what this would write.
"""

import sys
from pathlib import Path

import torch

from cnnvis import catalogue, models, network
from cnnvis.files import write_text

DATA = Path(catalogue.__file__).parent / "data"

_TORCHVISION_COLUMNS = [
    *("name", "enum", "filename", "sha256"),
    *("resize", "crop", "interpolation", "mean", "std"),
]
_HALF = (0.5, 0.5, 0.5)


def class_lines() -> list[str]:
    """Return the names of ImageNet's classes, one a line."""
    weights = models.import_torchvision().models.get_model_weights("alexnet").DEFAULT
    return list(weights.meta["categories"])


def torchvision_lines() -> list[str]:
    """Return the table of torchvision's classifiers with their best weights and preprocessing."""
    rows = [_torchvision_row(name) for name in models.torchvision_classifiers()]
    return ["\t".join(row) for row in (_TORCHVISION_COLUMNS, *rows)]


def _torchvision_row(name: str) -> list[str]:
    weights = models.import_torchvision().models.get_model_weights(name).DEFAULT
    filename = weights.url.rsplit("/", 1)[1]
    preset = weights.transforms()
    # These two were trained on inputs from -1 to 1; torchvision hides the change inside them.
    hidden = name in ("googlenet", "inception_v3")
    mean, std = (_HALF, _HALF) if hidden else (preset.mean, preset.std)
    return [
        name,
        weights.name,
        filename,
        Path(filename).stem.rsplit("-", 1)[1],
        str(preset.resize_size[0]),
        str(preset.crop_size[0]),
        preset.interpolation.value,
        " ".join(map(str, mean)),
        " ".join(map(str, std)),
    ]


def layer_rows(name: str) -> list[catalogue.LayerRow]:
    """Return the layers of a catalogued network on the input of its own preprocessing."""
    crop = int(catalogue.network(name).preprocessing["crop"])
    net = network.open(_without_numbers(name), input_shape=(3, crop, crop))
    return network.table(net)


def _without_numbers(name: str) -> torch.nn.Module:
    """Build a network whose tensors have shapes only, which takes no time and no memory."""
    try:
        with torch.device("meta"):
            return models.load(name)
    except NotImplementedError:  # some compute their widths with tensors
        return models.load(name)


def main(names: list[str]) -> None:
    """Write every table, or the layers of the networks named."""
    if not names:
        write_text(DATA / "imagenet_classes.txt", "\n".join(class_lines()) + "\n")
        write_text(DATA / "torchvision.tsv", "\n".join(torchvision_lines()) + "\n")
        catalogue.networks.cache_clear()
    for name in names or catalogue.networks():
        catalogue.write_layer_table(layer_rows(name), DATA / "layers" / f"{name}.tsv")


if __name__ == "__main__":
    main(sys.argv[1:])
