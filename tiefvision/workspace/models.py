"""The encoders and rankers that a workspace can use, with their sizes."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import nn

from tiefvision import models
from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.weights import encoder_file
from tiefvision.encoders.weights_files import WeightsFile, read_weights_file
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.bundle import HEADS_FILE
from tiefvision.workspace.loading import COSINE, DEEPRANK

DEFAULT_ENCODER = "alexnet"
"""Whose sizes are listed for the rankers where neither the workspace nor the package
has heads."""


@dataclass(frozen=True)
class Model:
    """A line of the list.

    Attributes:
        name: As on the command line.
        kind: What it is.
        parameters: Numbers in it.
        trainable: Those that a stage of this project trains.
        embedding: Numbers it makes of a 224 px crop.
        state: What ships of it, with version and size, and what the workspace has.
    """

    name: str
    kind: Literal["encoder", "ranker"]
    parameters: int
    trainable: int
    embedding: int
    state: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def list_models(workspace: Workspace) -> list[Model]:
    """Encoders first, then rankers, with the encoder in use under them.

    Raises:
        BadWeights: A file that ships with the package is damaged.
    """
    heads = _shipped_heads()
    encoder, weights = _encoder_of(workspace, heads)
    encoders = [
        Model(
            item.name,
            "encoder",
            _count(item.build()),
            0,  # encoders are used as they come
            item.channels * item.window**2,
            "; ".join(_states_of(item, weights if item == encoder else "")),
        )
        for item in ARCHITECTURES.values()
    ]
    cells = _cells_of(workspace, encoder)
    networks: dict[str, tuple[nn.Module, str]] = {
        COSINE: (CosineRanker(), "needs no training"),
        DEEPRANK: (DeepRank(encoder.channels), _deeprank_state(workspace, heads)),
    }
    rankers = [
        Model(
            name,
            "ranker",
            _count(network),
            _count(network),
            encoder.channels * cells,
            f"over {encoder.name}, {state}",
        )
        for name, (network, state) in networks.items()
    ]
    return encoders + rankers


def shipped_files() -> list[WeightsFile]:
    """What ships with the package, without the tensors. Raises BadWeights."""
    paths = sorted(models.FOLDER.glob("*.safetensors"))
    return [read_weights_file(path, facts_only=True) for path in paths]


def describe_file(file: WeightsFile) -> str:
    """A file of models in a line: name, version of its format, size."""
    size = file.path.stat().st_size / 2**20
    return f"{file.name} (format {file.facts.get('version')}, {size:.1f} MiB)"


def _shipped_heads() -> WeightsFile | None:
    files = (file for file in shipped_files() if file.path.name == HEADS_FILE)
    return next(files, None)


def _states_of(item: Architecture, weights: str) -> Iterator[str]:
    path = encoder_file(models.FOLDER, item)
    if path.is_file():
        file = read_weights_file(path, facts_only=True)
        yield f"ships as {describe_file(file)}"
    if weights:
        yield f"in the workspace: {weights}"


def _deeprank_state(workspace: Workspace, heads: WeightsFile | None) -> str:
    if workspace.holds(DEEPRANK):
        return "trained"
    if heads and DEEPRANK in heads.facts:
        return f"ships in {describe_file(heads)}"
    return "untrained"


def _encoder_of(
    workspace: Workspace, heads: WeightsFile | None
) -> tuple[Architecture, str]:
    """The encoder that is used here, and its weights if the workspace holds them."""
    if workspace.holds("features"):
        with workspace.open("features") as features:
            identity = features.header.encoder or {}
        return architecture_named(identity["name"]), identity["weights"]
    name = heads.facts["encoder"]["name"] if heads else DEFAULT_ENCODER
    return architecture_named(name), ""


def _cells_of(workspace: Workspace, encoder: Architecture) -> int:
    grid = 0
    if workspace.holds("crops"):
        with workspace.open("crops") as crops:
            grid = crops.header.details["grid"]
    return int((grid or encoder.window) ** 2)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
