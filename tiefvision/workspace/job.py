"""A job in a workspace: the artifacts it reads and writes, and whether it is due."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tiefvision.encoders.identity import same_encoder
from tiefvision.engines.choice import Backend
from tiefvision.engines.protocol import Engine
from tiefvision.errors import StaleArtifact
from tiefvision.progress import Track, untracked
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.store.limits import MAX_GIB
from tiefvision.workspace.artifacts import STAGES, Workspace, command_of

if TYPE_CHECKING:  # checking freshness must not import torch, which takes seconds
    import torch


MOST_SEED = 2**32 - 1
"""Largest seed that every source of random numbers takes, scikit-learn's among them."""

CPU = Backend("cpu")
"""The backend of jobs that are not told another."""


@dataclass(frozen=True)
class Resources:
    """What a job may use.

    Attributes:
        backend: what networks run on.
        seed: seed of all random numbers.
        max_gib: largest size of an artifact in GiB.
        track: shows progress.
    """

    backend: Backend = CPU
    seed: int = 0
    max_gib: float = MAX_GIB
    track: Track = untracked

    @property
    def engine(self) -> Engine:
        """Engine of trained networks."""
        return self.backend.inference

    @property
    def device(self) -> "torch.device":
        """Device on which torch trains."""
        return self.backend.training


@dataclass(frozen=True)
class Finished:
    """The result of a stage that has a page.

    Attributes:
        figures: figures for the report.
        page: file name of the page, in the folder of the report.
        shown: content of the page, for ``write_stage_page`` of the module that ``PAGE``
            of the stage names.
    """

    figures: Mapping[str, Any]
    page: str
    shown: Any


class Job:
    """A job that reads artifacts and writes one; use it as a context manager.

    Args:
        workspace: workspace of all artifacts.
        name: name of the artifact that is written.
        header: header of the artifact: stage, version, settings and inputs.
        resources: device, seed and limits; the defaults if None.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        header: Header,
        resources: Resources | None = None,
    ) -> None:
        self.workspace = workspace
        self.name = name
        self.header = header
        self.resources = resources or Resources()
        self._stack = ExitStack()

    @property
    def up_to_date(self) -> bool:
        """Whether the artifact exists with equal version, settings and inputs."""
        if not self.workspace.holds(self.name):
            return False
        try:
            with self.workspace.open(self.name) as artifact:
                return artifact.header.same_work(self.header)
        except StaleArtifact:
            return False

    @property
    def report_path(self) -> Path:
        """Path of the report; it names the artifact if a stage can write several."""
        stage = self.header.stage
        usual = STAGES.get(stage)
        extra = "" if self.name == usual else f"-{self.name}"
        return self.workspace.report_path(f"{stage}{extra}")

    def read(self, name: str) -> Artifact:
        """Open an artifact of the workspace until the job ends."""
        return self._stack.enter_context(self.workspace.open(name))

    def write(self) -> ArtifactWriter:
        """Open the writer of the artifact; it continues where a killed run stopped."""
        path = self.workspace.path(self.name)
        return ArtifactWriter(path, self.header, self.resources.max_gib)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def input_digests(workspace: Workspace, names: Sequence[str]) -> dict[str, str]:
    """Digest of each artifact that a stage reads, by name.

    Raises:
        MissingArtifact: An artifact has not been written; the first one is named.
    """
    digests = {}
    for name in names:
        with workspace.open(name) as artifact:
            digests[name] = artifact.header.digest
    return digests


def require_same_encoder(*artifacts: Artifact) -> Mapping[str, str]:
    """Refuse artifacts whose feature maps come from different encoders.

    Returns:
        Identity of the common encoder.

    Raises:
        StaleArtifact: Two encoders differ; the message names the command that writes
            the later artifact again.
    """
    first, *others = artifacts
    expected = _encoder(first)
    for other in others:
        found = _encoder(other)
        if not same_encoder(found, expected):
            raise StaleArtifact(
                f"{other.path.name} was made with {_describe(found)}, but "
                f"{first.path.name} with {_describe(expected)}.",
                f"Run: {command_of(other.path)}",
            )
    return expected


def _encoder(artifact: Artifact) -> Mapping[str, str]:
    encoder = artifact.header.encoder
    if encoder is None:
        raise StaleArtifact(
            f"{artifact.path.name} names no encoder.",
            f"Run: {command_of(artifact.path)}",
        )
    return encoder


def _describe(encoder: Mapping[str, str]) -> str:
    return f"{encoder['name']} ({encoder['weights']}, {encoder['weights_hash'][:8]})"
