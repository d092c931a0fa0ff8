"""A piece of work in a workspace: what it reads and writes, and whether it is due."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tiefvision.encoders.identity import same_encoder
from tiefvision.errors import StaleArtifact
from tiefvision.progress import Track, untracked
from tiefvision.store.artifact import MAX_GIB, Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import STAGES, Workspace, command_of

if TYPE_CHECKING:  # freshness is known without torch, which takes seconds to import
    import torch


def _cpu() -> "torch.device":
    import torch

    return torch.device("cpu")


@dataclass(frozen=True)
class Resources:
    """What a piece of work may use.

    Attributes:
        device: Where networks run.
        seed: Of everything drawn at random.
        max_gib: Limit of an artifact.
        track: Shows progress.
    """

    device: "torch.device" = field(default_factory=_cpu)
    seed: int = 0
    max_gib: float = MAX_GIB
    track: Track = untracked


@dataclass(frozen=True)
class Finished:
    """What a stage returns that has a page.

    Attributes:
        figures: Figures for the report.
        page: File name of the page, beside the report.
        shown: What the page is made of; the module that ``PAGE`` of the stage names
            knows it.
    """

    figures: Mapping[str, Any]
    page: str
    shown: Any


class Job:
    """Reads artifacts and writes one; use it as a context manager."""

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
        """Whether the artifact is there, from the same work on the same inputs."""
        if not self.workspace.holds(self.name):
            return False
        try:
            with self.workspace.open(self.name) as artifact:
                return artifact.header.same_work(self.header)
        except StaleArtifact:
            return False

    @property
    def report_path(self) -> Path:
        """Where the report lies; one artifact of several of a stage names its own."""
        stage = self.header.stage
        usual = STAGES.get(stage, self.name)
        extra = "" if self.name == usual else f"-{self.name}"
        return self.workspace.report_path(f"{stage}{extra}")

    def read(self, name: str) -> Artifact:
        """An artifact of the workspace, closed when the job ends."""
        return self._stack.enter_context(self.workspace.open(name))

    def write(self) -> ArtifactWriter:
        """The artifact in the making; it goes on where a killed run stopped."""
        path = self.workspace.path(self.name)
        return ArtifactWriter(path, self.header, self.resources.max_gib)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def input_digests(workspace: Workspace, names: Sequence[str]) -> dict[str, str]:
    """Digest of each artifact that a stage reads; the first one missing is named."""
    digests = {}
    for name in names:
        with workspace.open(name) as artifact:
            digests[name] = artifact.header.digest
    return digests


def require_same_encoder(*artifacts: Artifact) -> Mapping[str, str]:
    """Refuse artifacts whose maps cannot be mixed; returns their common encoder.

    Raises:
        StaleArtifact: Two differ; names the command that mends the later one.
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
