"""Checks of the installation and the workspace, for ``tiefvision doctor``.

Nothing here imports torch, so that the checks take about a second.
"""

import importlib.metadata
import os
import platform
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from tiefvision import weights as package_weights
from tiefvision.catalogue.living.current import current_of
from tiefvision.catalogue.living.freshness import lost_files
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.encoder_file import encoder_file_hash
from tiefvision.encoders.weights_header import read_weights_header
from tiefvision.engines.choice import OPENVINO, TORCH, has_openvino
from tiefvision.errors import BadWeights, StaleArtifact, TiefVisionError
from tiefvision.locating.heads_file import HEADS_FILE
from tiefvision.models.bundle import shipped_bundle
from tiefvision.models.listing import describe_file
from tiefvision.models.protocol import GALLERY
from tiefvision.models.trained import LOCATOR as HEADS
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import ranker_kind
from tiefvision.store.table import Table
from tiefvision.version import __version__
from tiefvision.weights import LOCATOR, ROLES, encoder_file
from tiefvision.wording import counted
from tiefvision.workspace.artifacts import (
    CATALOGUE,
    STAGES,
    Workspace,
    command_for,
    workspace_option,
)

REINSTALL = "pip install --force-reinstall tiefvision"

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
"""File that exists on Linux if the driver of an NVIDIA card is loaded."""

RANKER_TRAINING = "train_ranker"
"""Stage by which the report of a trained network of the literature is named."""

LITTLE_DISK = 2.0
"""GiB free below which a run over a thousand photographs may not fit."""

Status = Literal["ok", "note", "failed"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: name of the check, such as "disk".
        status: "ok", "note" or "failed".
        detail: result in words, with the command that fixes a failure.
    """

    check: str
    status: Status
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The fields as values of JSON types."""
        return asdict(self)


def examine(
    workspace: Workspace, in_clone: bool | None = None
) -> dict[str, list[Finding]]:
    """Versions, devices, weights, freshness of the artifacts, disk.

    Args:
        workspace: Workspace whose artifacts are examined.
        in_clone: Whether stages can be run here; by default, whether there is a
            Makefile beside a folder of stages.

    Returns:
        The findings by group: "package", "device", "models", "workspace", "disk".
    """
    if in_clone is None:
        in_clone = Path("Makefile").is_file() and Path("stages").is_dir()
    version = f"{__version__}, Python {platform.python_version()}"
    return {
        "package": [Finding("tiefvision", "ok", version), *_libraries()],
        "device": _devices(),
        "models": _shipped(),
        "workspace": _artifacts(workspace, in_clone),
        "disk": [_disk(workspace.root)],
    }


def verdict(findings: Sequence[Finding], workspace: Workspace) -> str:
    """What the findings come to and what to run next, in a sentence or two."""
    failed = [finding.check for finding in findings if finding.status == "failed"]
    if failed:
        things = "1 thing needs" if len(failed) == 1 else f"{len(failed)} things need"
        return f"{things} mending: {', '.join(failed)}."
    return f"Everything works. Next: {_next_command(findings, workspace)}"


def _next_command(findings: Sequence[Finding], workspace: Workspace) -> str:
    """The command that follows: a stage that is half done, index, or search."""
    status = {finding.check: finding.status for finding in findings}
    missing = [name for name in HEADS if not workspace.holds(name)]
    if missing and len(missing) < len(HEADS):
        return command_for(missing[0], workspace.root)
    for name in (CATALOGUE, GALLERY):
        if status.get(f"{name}.lmdb") == "ok":
            return f"tiefvision search PHOTO{workspace_option(workspace.root)}"
    return command_for(CATALOGUE, workspace.root)


def _libraries() -> list[Finding]:
    """Every dependency of the package, with its version."""
    try:
        requirements = importlib.metadata.requires("tiefvision") or []
    except importlib.metadata.PackageNotFoundError:
        note = "not installed, run from its source: dependencies are unknown"
        return [Finding("package", "note", note)]
    own = [text for text in requirements if "extra ==" not in text]
    return [_library(re.split(r"[^\w.-]", text, maxsplit=1)[0], text) for text in own]


def _library(name: str, requirement: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        fix = f"not installed. Run: pip install '{requirement}'"
        return Finding(name, "failed", fix)
    least = re.search(r">=\s*([\d.]+)", requirement)
    if least and _numbers(version) < _numbers(least[1]):
        fix = f"{version} is too old. Run: pip install '{requirement}'"
        return Finding(name, "failed", fix)
    return Finding(name, "ok", version)


def _numbers(version: str) -> tuple[int, ...]:
    """Leading numbers of a version: "2.13.0+cpu" to (2, 13, 0)."""
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, release[0].split("."))) if release else ()


def _devices() -> list[Finding]:
    engine = OPENVINO if has_openvino() else TORCH
    detail = f"{os.cpu_count()} cores; {engine} runs the networks on them"
    findings = [Finding("cpu", "ok", detail)]
    if not NVIDIA_DRIVER.exists():
        detail = "no NVIDIA driver; networks run on the processor"
        return [*findings, Finding("cuda", "note", detail)]
    try:
        build = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        build = "none"
    if build.endswith("+cpu"):
        detail = f"an NVIDIA driver, but torch {build} is a build without CUDA"
        return [*findings, Finding("cuda", "note", detail)]
    return [*findings, Finding("cuda", "ok", f"an NVIDIA driver, and torch {build}")]


def _shipped() -> list[Finding]:
    """Check that the files of the shipped models are undamaged."""
    findings = []
    for name in ARCHITECTURES:
        for source in ROLES:
            path = encoder_file(package_weights.FOLDER, name, source)
            if path.is_file():
                findings.append(_whole(path, partial(encoder_file_hash, path)))
    heads = package_weights.FOLDER / HEADS_FILE
    findings.append(_whole(heads, _check_shipped_bundle))
    return findings


def _whole(path: Path, check: Callable[[], object]) -> Finding:
    try:
        check()
        detail = describe_file(read_weights_header(path))
    except BadWeights as error:
        return Finding(path.name, "failed", f"{error} Run: {REINSTALL}")
    return Finding(path.name, "ok", f"ships with the package: {detail}")


def _check_shipped_bundle() -> None:
    """Raises BadWeights if the heads or an encoder of the bundle are damaged."""
    facts = shipped_bundle().heads.facts
    for source, role in ROLES.items():
        expected = facts.get(role, {})
        path = encoder_file(package_weights.FOLDER, expected.get("name", ""), source)
        if encoder_file_hash(path) != expected.get("weights_hash"):
            what = "locating" if source == LOCATOR else "garments"
            raise BadWeights(f"{path} is not the encoder for {what} of {HEADS_FILE}.")


def _artifacts(workspace: Workspace, in_clone: bool) -> list[Finding]:
    digests: dict[str, str] = {}
    findings = []
    held = [name for name in STAGES.values() if workspace.holds(name)]
    for name in STAGES.values() if in_clone else held:
        # Outside a clone there are no stages to run.
        fix = f". Run: {command_for(name, workspace.root)}" if in_clone else "."
        if workspace.holds(name):
            findings.append(_freshness(workspace, name, digests, fix))
        else:
            findings.append(Finding(f"{name}.lmdb", "note", f"missing{fix}"))
    for name in TrainedModels(workspace).trained:
        if name not in STAGES.values():
            fix = _fix_of_ranker(workspace, name, in_clone)
            findings.append(_freshness(workspace, name, digests, fix))
    return [*findings, _catalogue(workspace)]


def _fix_of_ranker(workspace: Workspace, name: str, in_clone: bool) -> str:
    """What trains a ranker beside that of stage 8 again, behind the reason for it."""
    run = f". Run: {command_for(name, workspace.root)}"
    if not ranker_kind(name).system:  # stage 8 trains it
        return run if in_clone else "."
    report = workspace.report_path(f"{RANKER_TRAINING}-{name}")
    return f"; its settings are in {report}{run}" if report.is_file() else run


def _freshness(
    workspace: Workspace, name: str, digests: dict[str, str], fix: str
) -> Finding:
    """Whether an artifact can be read, and was made of what is there now.

    Args:
        workspace: workspace that holds the artifact.
        name: name of the artifact.
        digests: digests of the artifacts that were looked at before; this one's is
            added.
        fix: what ends the detail of one that is not fresh.
    """
    check = f"{name}.lmdb"
    try:
        with workspace.open(name) as artifact:
            header = artifact.header
    except TiefVisionError as error:
        return Finding(check, "failed", f"{error.message.removesuffix('.')}{fix}")
    changed = [
        read
        for read, digest in header.inputs.items()
        if read in digests and digests[read] != digest
    ]
    digests[name] = header.digest
    count = ", ".join(f"{count} {kind}" for kind, count in header.count.items())
    if not header.version:
        return Finding(check, "note", f"written by an earlier release{fix}")
    if changed:
        return Finding(check, "note", f"older than {', '.join(changed)}{fix}")
    return Finding(check, "ok", f"fresh: {count}")


def _catalogue(workspace: Workspace) -> Finding:
    """Whether there is a catalogue, and whether its files are as they were."""
    name, index = f"{CATALOGUE}.lmdb", command_for(CATALOGUE, workspace.root)
    try:
        current = current_of(workspace)
        if current is None:
            return Finding(name, "note", f"missing. Run: {index}")
        with Table(workspace.path(CATALOGUE)) as table:
            lost = lost_files(table)
    except StaleArtifact as error:
        return Finding(name, "failed", f"{error.message} Run: {index}")
    except TiefVisionError as error:
        return Finding(name, "failed", str(error))
    if lost.gone or lost.changed:
        sync = f"tiefvision catalogue sync {quote(current.root)}"
        are = "is" if lost.gone == 1 else "are"
        gone = f"{counted(lost.gone, 'file')} {are} gone"
        detail = f"{gone} and {lost.changed:,} changed since"
        run = f"{sync}{workspace_option(workspace.root)}"
        return Finding(name, "note", f"{detail}. Run: {run}")
    return Finding(name, "ok", f"fresh: {counted(current.photos, 'photograph')}")


def _disk(root: Path) -> Finding:
    there = next(path for path in (root, *root.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free / 2**30
    return Finding(
        "disk", "ok" if free > LITTLE_DISK else "failed", f"{free:.1f} GiB free"
    )
