"""What workers are told and what they answer, as values of JSON types."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tiefvision import errors
from tiefvision.engines.choice import Backend
from tiefvision.errors import TiefVisionError
from tiefvision.models.protocol import Models
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

Answer = dict[str, str]
"""{}, or an error: "kind" (name of its class), "message" and "fix"."""


@dataclass(frozen=True)
class Setup:
    """What a worker needs to know, apart from its partitions.

    Attributes:
        workspace: folder of the workspace, absolute.
        models: the choice of the models, as ``choose_models`` takes it.
        key: key of the collection that these models describe.
        backend: what networks run on.
        max_gib: size limit of a shard in GiB.
    """

    workspace: str
    models: str
    key: str
    backend: Backend
    max_gib: float

    def to_record(self) -> dict[str, Any]:
        """The setup as values of JSON types."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Setup":
        """A setup from its record."""
        return cls(**{**record, "backend": Backend(**record["backend"])})


def setup_of(
    workspace: Workspace, models: Models, key: str, resources: Resources
) -> Setup:
    """What workers are told of a change.

    Args:
        workspace: workspace of the catalogue.
        models: models that locate and encode.
        key: key of the collection that they describe.
        resources: device, engine, threads and limits.
    """
    choice = models.choice
    if Path(choice).is_dir():  # a worker may start in another folder
        choice = str(Path(choice).resolve())
    root = str(workspace.root.resolve())
    return Setup(root, choice, key, resources.backend, resources.max_gib)


def answer_of(error: TiefVisionError) -> Answer:
    """An error as an answer."""
    kind = type(error).__name__
    return {"kind": kind, "message": error.message, "fix": error.fix}


def error_of(answer: Answer) -> TiefVisionError:
    """Makes the error that an answer tells, for the caller to raise."""
    kind = getattr(errors, answer["kind"], TiefVisionError)
    made: TiefVisionError = kind(answer["message"], answer["fix"])
    return made
