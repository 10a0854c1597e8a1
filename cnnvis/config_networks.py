"""The networks of a study: of the catalogue or one's own, with layers that can be looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnnvis import catalogue, classes
from cnnvis.errors import ConfigError, did_you_mean

#: What an own network must say of itself, and a network of the catalogue must not.
_OWN_NETWORK_KEYS = ("architecture", "weights", "preprocessing")


@dataclass(frozen=True)
class NetworkChoice:
    """A network of the study and the layers to look at."""

    name: str
    entry: catalogue.NetworkEntry
    layers: tuple[str, ...]
    filters: tuple[str, ...]
    kernels: tuple[str, ...]
    also_record: tuple[str, ...]

    @property
    def download(self) -> str:
        """Name of the file to download for its weights; empty where none is."""
        return catalogue.download_name(self.entry)

    @property
    def entry_params(self) -> dict[str, Any]:
        """What the conversion of its weights depends on."""
        entry = self.entry.as_params()
        return {key: entry[key] for key in ("name", "architecture", "weights", "preprocessing")}

    @property
    def recorded(self) -> tuple[str, ...]:
        """Every layer of the activation file, each once."""
        return tuple(dict.fromkeys((*self.layers, *self.also_record)))


def chosen(item: Mapping[str, Any]) -> NetworkChoice:
    """Return a network as one item under the key ``networks`` describes it.

    Args:
        item: which the schema allows, with its defaults.

    Raises:
        ConfigError: no such network, an own one that says too little, or a layer that it does not
            have or that lacks what is asked of it.
    """
    entry = _own_network(item) if "architecture" in item else _catalogued_network(item)
    choice = NetworkChoice(
        item["name"],
        entry,
        tuple(item["layers"]),
        tuple(item["filters"]),
        tuple(item["kernels"]),
        tuple(item["also_record"]),
    )
    _check_layers(choice)
    return choice


def _catalogued_network(item: Mapping[str, Any]) -> catalogue.NetworkEntry:
    name = item["name"]
    try:
        entry = catalogue.network(name)
    except ConfigError as error:
        raise ConfigError(
            f"networks: {error} An own network needs the keys {', '.join(_OWN_NETWORK_KEYS)}."
        ) from None
    extra = [key for key in (*_OWN_NETWORK_KEYS, "classes") if key in item]
    if extra:
        raise ConfigError(
            f"networks.{name}: '{extra[0]}' is for own networks, but '{name}' is in the catalogue, "
            "which fixes it. Give the own network another name, and say its architecture."
        )
    return entry


def _own_network(item: Mapping[str, Any]) -> catalogue.NetworkEntry:
    name = item["name"]
    missing = [key for key in _OWN_NETWORK_KEYS if key not in item]
    if missing:
        raise ConfigError(f"networks.{name}: an own network also needs the key '{missing[0]}'.")
    if name in catalogue.networks():
        raise ConfigError(
            f"networks.{name}: this name belongs to a network of the catalogue; choose another."
        )
    try:
        classes.names_of(item.get("classes"))
    except ConfigError as error:
        raise ConfigError(f"networks.{name}.classes: {error}") from None
    random = item["weights"] == "random"
    weights = {"kind": "random", "seed": 0} if random else {"kind": "file", "path": item["weights"]}
    return catalogue.NetworkEntry(
        name=name,
        architecture=item["architecture"],
        weights=weights,
        preprocessing=dict(item["preprocessing"]),
        classes=item.get("classes"),
    )


def _check_layers(choice: NetworkChoice) -> None:
    """Refuse layers that the network does not have, or that lack what is asked of them.

    An own architecture outside the catalogue is built by the first job that needs it, and checked
    there: building it here would load torch whenever Snakemake reads the workflow.
    """
    table = {row.layer: row for row in _known_layers(choice.entry)}
    if not table:
        return
    where = f"networks.{choice.name}"
    for key, layers in (
        ("layers", choice.layers),
        ("filters", choice.filters),
        ("kernels", choice.kernels),
        ("also_record", choice.also_record),
    ):
        for layer in layers:
            if layer not in table:
                raise ConfigError(
                    f"{where}.{key}: no layer '{layer}'{did_you_mean(layer, table)}. "
                    f"List them with: cnnvis layers {choice.entry.architecture}"
                )
    for layer in choice.layers:
        _require_maps(where, table[layer])
    for layer in choice.filters:
        _require_weights(where, choice.name, table[layer])
    for layer in choice.kernels:
        _require_kernels(where, table[layer])


def _require_maps(where: str, row: catalogue.LayerRow) -> None:
    if not row.spatial:
        raise ConfigError(
            f"{where}.layers: '{row.layer}' has the shape {row.shape}, without rows and columns, "
            "so its channels cannot be drawn or ordered as maps. Move it to 'also_record', or "
            "choose a layer before it."
        )


def _require_weights(where: str, network: str, row: catalogue.LayerRow) -> None:
    if not row.weight:
        raise ConfigError(
            f"{where}.filters: '{row.layer}' ({row.op}) has no weights. Choose a convolution or a "
            f"linear layer; list them with: cnnvis layers {network}"
        )


def _require_kernels(where: str, row: catalogue.LayerRow) -> None:
    if len(row.weight) != 4 or row.weight[1] != 3:
        found = "x".join(map(str, row.weight)) or "none"
        raise ConfigError(
            f"{where}.kernels: '{row.layer}' ({row.op}, weights: {found}) is no convolution that "
            "sees red, green and blue. Choose the one whose input is the image."
        )


def _known_layers(entry: catalogue.NetworkEntry) -> tuple[catalogue.LayerRow, ...]:
    if entry.architecture not in catalogue.networks():
        return ()
    return catalogue.layer_table(entry.architecture)
