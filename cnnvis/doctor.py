"""What this machine has and lacks for a run, each with what to do about it."""

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cnnvis.errors import CnnvisError

FINE, OPTIONAL, LACKING = "ok", "optional", "LACKING"

_OLDEST_PYTHON = (3, 11)
#: Downloads, results of the default study and room to breathe.
_BYTES_WANTED = 2_000_000_000
_MEMORY_WANTED = 3_000_000_000
_NEEDED = (
    "h5py matplotlib numpy pandas pypi-simple safetensors scikit-image scikit-learn scipy snakemake"
)
#: Module, the extra of the package that brings it, and what it is for.
_EXTRAS = (
    ("captum", "dev", "benchmarks against other tools"),
    ("k3d", "notebook", "volumes in notebooks"),
    ("pyvista", "pyvista", "still pictures of volumes by VTK"),
    ("snakemake_executor_plugin_slurm", "cluster", "runs on a SLURM cluster"),
    ("snakemake_executor_plugin_cluster_generic", "cluster", "runs on any other cluster"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: ``ok``, ``optional`` (absent, not needed) or ``LACKING``."""

    subject: str
    state: str
    text: str


def examine() -> tuple[Finding, ...]:
    """Look at everything that a run needs or could use."""
    return (
        _python(),
        *_packages(),
        _torch(),
        _torchvision(),
        _accelerator(),
        *(_folder(name) for name in ("results", "resources")),
        _disk(),
        _memory(),
        *_extras(),
    )


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("Python", LACKING, f"{found}; 3.11 or newer is needed")
    return Finding("Python", FINE, found)


def _packages() -> Iterator[Finding]:
    for name in _NEEDED.split():
        try:
            yield Finding(name, FINE, version(name))
        except PackageNotFoundError:
            yield Finding(name, LACKING, "not installed; run: pip install .")


def _torch() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("torch", LACKING, f"cannot be imported ({error}); run: pip install .")
    return Finding("torch", FINE, f"{torch.__version__}, {torch.get_num_threads()} threads")


def _torchvision() -> Finding:
    from cnnvis import models

    try:
        models.import_torchvision()
    except (ImportError, RuntimeError, CnnvisError) as error:
        return Finding("torchvision", LACKING, f"cannot be imported: {error}")
    return Finding("torchvision", FINE, version("torchvision"))


def _accelerator() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", OPTIONAL, "unknown without torch")
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", FINE, torch.cuda.get_device_name())
    return Finding("GPU", OPTIONAL, "none; everything runs on the CPU")


def _folder(name: str) -> Finding:
    """Try to write into a folder, or into the one that it would be made in."""
    folder = Path(name)
    place = folder if folder.is_dir() else Path()
    try:
        with tempfile.TemporaryFile(dir=place):
            return Finding(f"{name}/", FINE, "can be written to")
    except OSError as error:
        return Finding(
            f"{name}/", LACKING, f"cannot be written to ({error.strerror}); make it writable"
        )


def _disk() -> Finding:
    free = shutil.disk_usage(Path()).free
    text = f"{free / 1e9:.1f} GB free"
    if free < _BYTES_WANTED:
        wanted = f"the default study wants {_BYTES_WANTED / 1e9:.0f} GB"
        return Finding("disk", LACKING, f"{text}; {wanted}")
    return Finding("disk", FINE, text)


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    text = f"{total / 1e9:.1f} GB"
    if total < _MEMORY_WANTED:
        return Finding("memory", LACKING, f"{text}; the default study wants 3 GB")
    return Finding("memory", FINE, text)


def _extras() -> Iterator[Finding]:
    for module, extra, purpose in _EXTRAS:
        if importlib.util.find_spec(module) is None:
            advice = f"for {purpose}; run: pip install '.[{extra}]'"
            yield Finding(module, OPTIONAL, advice)
        else:
            yield Finding(module, FINE, f"for {purpose}")
