"""The command line: networks and layers, what this machine lacks, whether results are whole."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cnnvis import catalogue, doctor, verification
from cnnvis.errors import CnnvisError, shown
from cnnvis.progress import Lines

if TYPE_CHECKING:
    from cnnvis.entries import LayerRow


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 1 where something is wrong or lacking."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except CnnvisError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cnnvis", description="See what a convolutional network does."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    networks = commands.add_parser("networks", help="list the networks of the catalogue")
    networks.set_defaults(run=_networks)
    layers = commands.add_parser("layers", help="list the layers of a network")
    layers.add_argument(
        "network", help="a name of the catalogue, package.module:factory, or caffe:deploy.prototxt"
    )
    layers.add_argument(
        "--input-size",
        type=int,
        metavar="PIXELS",
        help="side of the input of an own network (default: 224, or what a network of Caffe says)",
    )
    layers.set_defaults(run=_layers)
    doctor_ = commands.add_parser("doctor", help="say what this machine has and lacks")
    doctor_.set_defaults(run=_doctor)
    verify = commands.add_parser("verify", help="hash results again, and name what does not match")
    verify.add_argument("results", nargs="?", default="results", help="a folder of results")
    verify.set_defaults(run=_verify)
    return parser


def _networks(options: argparse.Namespace) -> int:
    _print_table(
        ("network", "weights", "crop", "licence"),
        (
            (name, str(entry.weights["kind"]), str(entry.preprocessing["crop"]), entry.licence)
            for name, entry in catalogue.networks().items()
        ),
    )
    return 0


def _layers(options: argparse.Namespace) -> int:
    _print_table(
        ("layer", "operation", "shape", "weights", "receptive field", "stride", "kB per image"),
        map(_layer_cells, _layer_rows(options.network, options.input_size)),
    )
    return 0


def _layer_rows(name: str, input_size: int | None) -> Sequence["LayerRow"]:
    """Read the table of a catalogued network; build and trace any other."""
    if ":" not in name:
        return catalogue.layer_table(name)
    from cnnvis import models, network

    model = models.build(name)
    shape = models.input_shape(model) if input_size is None else (3, input_size, input_size)
    return network.table(network.open(model, input_shape=shape))


def _layer_cells(row: "LayerRow") -> tuple[str, ...]:
    return (
        row.layer,
        row.op,
        _sizes(row.shape),
        _sizes(row.weight),
        _sizes(row.receptive_field or ()),
        _sizes(row.stride or ()),
        f"{row.bytes / 1000:.0f}",
    )


def _sizes(sizes: Iterable[int]) -> str:
    return " x ".join(map(str, sizes)) or "-"


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor.examine()
    for finding in findings:
        print(f"{finding.state:8}{finding.subject:22}{finding.text}")
    return 1 if any(finding.state == doctor.LACKING for finding in findings) else 0


def _verify(options: argparse.Namespace) -> int:
    found = verification.verify(options.results, watch=Lines("verify"))
    for fault in found.faults:
        print(shown(f"{fault.path} {fault.text}."))
    count = len(found.faults)
    faults = "1 fault" if count == 1 else f"{count or 'no'} faults"
    said = f"{found.files} files of records in {options.results}: {faults}."
    if found.absent:
        said += f" Files outside of it that are not there to be compared: {found.absent}."
    print(said)
    return 1 if found.faults else 0


def _print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [tuple(header), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    sys.exit(main())
