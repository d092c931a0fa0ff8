"""The encoders and rankers that a workspace can use, with their sizes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import nn

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.weights import LOCATOR, SHIPPED, encoder_file
from tiefvision.encoders.weights_files import WeightsFile, read_weights_file
from tiefvision.models.bundle import HEADS_FILE
from tiefvision.models.networks import build_deeprank
from tiefvision.models.trained import COSINE, DEEPRANK
from tiefvision.ranking.colours.histogram import lab_bins
from tiefvision.ranking.deeprank import ColourRank
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import DEFAULT_ENCODER

USES = {SHIPPED: ("crops", "for garments"), LOCATOR: ("features", "for locating")}
"""By the source of an encoder: the artifact of a workspace that holds one of its kind,
and what it is for."""


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
    """Encoders first, then rankers, with the encoder of garments under them.

    Raises:
        BadWeights: A file that ships with the package is damaged.
    """
    heads = _shipped_heads()
    in_use = _encoders_of(workspace)
    encoders = [
        Model(
            item.name,
            "encoder",
            _count(item.build()),
            0,  # encoders are used as they come
            item.channels * item.window**2,
            "; ".join(_states_of(item, in_use)),
        )
        for item in ARCHITECTURES.values()
    ]
    encoder = _encoder_of_garments(in_use, heads)
    grid = _grid_of(workspace, encoder, heads)
    deeprank = _deeprank_of(workspace, encoder, grid, heads)
    return [
        *encoders,
        _ranker(COSINE, CosineRanker(), encoder, grid, "needs no training"),
        _ranker(DEEPRANK, *deeprank),
    ]


def _ranker(
    name: str, network: nn.Module, encoder: Architecture, grid: int, state: str
) -> Model:
    """A line for a ranker over an encoder whose maps have so many cells on a side."""
    count = _count(network)
    colours = network.colours.in_features if isinstance(network, ColourRank) else 0
    blank = GarmentBatch(
        torch.zeros(1, encoder.channels, grid, grid), torch.zeros(1, colours)
    )
    with torch.inference_mode():
        size = network(blank).shape[1]
    return Model(name, "ranker", count, count, size, f"over {encoder.name}, {state}")


def _deeprank_of(
    workspace: Workspace, encoder: Architecture, grid: int, heads: WeightsFile | None
) -> tuple[nn.Module, Architecture, int, str]:
    """The network that a command would use, what it is over, and what is known of it.

    The workspace's; or what ships, over its own encoder; or what stage 8 would train.
    """
    if workspace.holds(DEEPRANK):
        with workspace.open(DEEPRANK) as artifact:
            network = build_deeprank(artifact.header.details)
            under = architecture_named((artifact.header.encoder or {})["name"])
        if under != encoder:
            return (
                network,
                under,
                under.window,
                "trained over other crops: run make stage-8",
            )
        return network, encoder, grid, "trained"
    if heads and DEEPRANK in heads.facts:
        under = architecture_named(heads.facts["encoder"]["name"])
        cells = heads.facts["crops"]["grid"] or under.window
        network = build_deeprank(heads.facts[DEEPRANK])
        return network, under, cells, f"ships in {describe_file(heads)}"
    colours = len(lab_bins())
    return ColourRank(encoder.channels, colours), encoder, grid, "untrained"


def shipped_files() -> list[WeightsFile]:
    """What ships with the package, without the tensors. Raises BadWeights."""
    paths = sorted(package_weights.FOLDER.glob("*.safetensors"))
    return [read_weights_file(path, facts_only=True) for path in paths]


def describe_file(file: WeightsFile) -> str:
    """A file of models in a line: name, version of its format, size."""
    size = file.path.stat().st_size / 2**20
    return f"{file.name} (format {file.facts.get('version')}, {size:.1f} MiB)"


def _shipped_heads() -> WeightsFile | None:
    files = (file for file in shipped_files() if file.path.name == HEADS_FILE)
    return next(files, None)


def _states_of(
    item: Architecture, in_use: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for source, (_, purpose) in USES.items():
        path = encoder_file(package_weights.FOLDER, item, source)
        if path.is_file():
            file = read_weights_file(path, facts_only=True)
            yield f"ships {purpose} as {describe_file(file)}"
    for source, identity in in_use.items():
        if identity["name"] == item.name:
            yield f"in the workspace {USES[source][1]}: {identity['weights']}"


def _encoders_of(workspace: Workspace) -> dict[str, Mapping[str, str]]:
    """Identities of the encoders whose maps the workspace holds, by ``USES``."""
    identities: dict[str, Mapping[str, str]] = {}
    for source, (name, _) in USES.items():
        if workspace.holds(name):
            with workspace.open(name) as artifact:
                identities[source] = artifact.header.encoder or {}
    return identities


def _encoder_of_garments(
    in_use: Mapping[str, Mapping[str, str]], heads: WeightsFile | None
) -> Architecture:
    """The one under the rankers: the workspace's, or what ships."""
    if SHIPPED in in_use:
        return architecture_named(in_use[SHIPPED]["name"])
    name = heads.facts["encoder"]["name"] if heads else DEFAULT_ENCODER
    return architecture_named(name)


def _grid_of(
    workspace: Workspace, encoder: Architecture, heads: WeightsFile | None
) -> int:
    """Cells on a side of the workspace's maps, or of those that what ships makes."""
    if workspace.holds("crops"):
        with workspace.open("crops") as crops:
            grid = crops.header.details["grid"]
    else:
        grid = heads.facts["crops"]["grid"] if heads else 0
    return int(grid or encoder.window)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
