"""What works here and what does not: the findings of ``tiefvision doctor``."""

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
import torchvision

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import ROLES, encoder_file
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.errors import BadWeights, TiefVisionError
from tiefvision.models.bundle import HEADS_FILE, shipped_bundle
from tiefvision.models.listing import describe_file
from tiefvision.version import __version__
from tiefvision.workspace.artifacts import CATALOGUE, STAGES, Workspace, command_for

LIBRARIES = (
    "torch",
    "torchvision",
    "numpy",
    "pillow",
    "scipy",
    "lmdb",
    "nmslib",
    "safetensors",
    "typer",
    "rich",
)

REINSTALL = "pip install --force-reinstall tiefvision"

CPU = torch.device("cpu")

LITTLE_DISK = 2.0
"""GiB free below which a run over a thousand photographs may not fit."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination."""

    check: str
    status: Literal["ok", "note", "failed"]
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def examine(workspace: Workspace) -> list[Finding]:
    """Versions, devices, weights, freshness of the artifacts, disk."""
    return [
        Finding(
            "tiefvision", "ok", f"{__version__}, Python {platform.python_version()}"
        ),
        *(_library(name) for name in LIBRARIES),
        *_devices(),
        *_shipped(),
        *_weights(),
        *_artifacts(workspace),
        _disk(workspace.root),
    ]


def _library(name: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "failed", f"not installed. Run: pip install {name}")


def _devices() -> list[Finding]:
    findings = [Finding("cpu", "ok", f"{os.cpu_count()} cores")]
    if torch.cuda.is_available():
        findings.append(Finding("cuda", "ok", torch.cuda.get_device_name()))
    else:
        findings.append(Finding("cuda", "note", "none; networks run on the processor"))
    return findings


def _shipped() -> list[Finding]:
    """The files of models in the package: every one must load."""
    findings = []
    for name, architecture in ARCHITECTURES.items():
        for source in ROLES:
            path = encoder_file(package_weights.FOLDER, architecture, source)
            if path.is_file():
                findings.append(_loads(path, partial(make_encoder, name, source)))
    findings.append(_loads(package_weights.FOLDER / HEADS_FILE, _load_shipped_bundle))
    return findings


def _loads(path: Path, load: Callable[[], object]) -> Finding:
    try:
        load()
        detail = describe_file(read_weights_file(path, facts_only=True))
    except BadWeights as error:
        return Finding(path.name, "failed", f"{error} Run: {REINSTALL}")
    return Finding(path.name, "ok", f"ships with the package: {detail}")


def _load_shipped_bundle() -> None:
    bundle = shipped_bundle()
    bundle.locator(CPU)
    bundle.encoder(CPU)
    bundle.rankers(CPU)
    bundle.crop_rules()


def _weights() -> list[Finding]:
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    findings = []
    for name in ARCHITECTURES:
        weights = torchvision.models.get_model_weights(name).DEFAULT
        file = folder / Path(weights.url).name
        there = file.is_file()
        detail = "ImageNet weights are here" if there else "downloaded when asked for"
        findings.append(Finding(name, "ok" if there else "note", detail))
    return findings


def _artifacts(workspace: Workspace) -> list[Finding]:
    digests: dict[str, str] = {}
    findings = []
    for name in (*STAGES.values(), CATALOGUE):
        command = command_for(name)
        if not workspace.holds(name):
            findings.append(Finding(f"{name}.lmdb", "note", f"missing. Run: {command}"))
            continue
        try:
            with workspace.open(name) as artifact:
                header = artifact.header
        except TiefVisionError as error:
            findings.append(Finding(f"{name}.lmdb", "failed", str(error)))
            continue
        changed = [
            read
            for read, digest in header.inputs.items()
            if read in digests and digests[read] != digest
        ]
        # Only now: the files of a catalogue are an input of the same name.
        digests[name] = header.digest
        count = ", ".join(f"{count} {kind}" for kind, count in header.count.items())
        if changed:
            detail = f"older than {', '.join(changed)}. Run: {command}"
            findings.append(Finding(f"{name}.lmdb", "note", detail))
        else:
            findings.append(Finding(f"{name}.lmdb", "ok", f"fresh: {count}"))
    return findings


def _disk(root: Path) -> Finding:
    there = next(path for path in (root, *root.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    return Finding(
        "disk", "ok" if free > LITTLE_DISK else "failed", f"{free:.1f} GiB free"
    )
