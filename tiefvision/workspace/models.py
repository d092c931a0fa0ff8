"""The encoders and rankers that a workspace can use, with their sizes."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import nn

from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    Architecture,
    architecture_named,
)
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import Workspace

DEFAULT_ENCODER = "alexnet"
"""Whose sizes are listed for the rankers of a workspace that has no encoder yet."""


@dataclass(frozen=True)
class Model:
    """A line of the list.

    Attributes:
        name: As on the command line.
        kind: What it is.
        parameters: Numbers in it.
        trainable: Those that a stage of this project trains.
        embedding: Numbers it makes of a 224 px crop.
        state: What the workspace has of it.
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
    """Encoders first, then rankers, with the workspace's encoder under them."""
    encoder, weights = _encoder_of(workspace)
    encoders = [
        Model(
            item.name,
            "encoder",
            _count(item.build()),
            0,  # encoders are used as they come
            item.channels * item.window**2,
            f"in the workspace: {weights}" if item == encoder and weights else "",
        )
        for item in ARCHITECTURES.values()
    ]
    cells = _cells_of(workspace, encoder)
    networks: dict[str, tuple[nn.Module, str]] = {
        "cosine": (CosineRanker(), "needs no training"),
        "deeprank": (
            DeepRank(encoder.channels),
            "trained" if workspace.holds("deeprank") else "untrained",
        ),
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


def _encoder_of(workspace: Workspace) -> tuple[Architecture, str]:
    if not workspace.holds("features"):
        return architecture_named(DEFAULT_ENCODER), ""
    with workspace.open("features") as features:
        identity = features.header.encoder or {}
    return architecture_named(identity["name"]), identity["weights"]


def _cells_of(workspace: Workspace, encoder: Architecture) -> int:
    grid = 0
    if workspace.holds("crops"):
        with workspace.open("crops") as crops:
            grid = crops.header.details["grid"]
    return int((grid or encoder.window) ** 2)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
