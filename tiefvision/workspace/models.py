"""The encoders and rankers that a workspace can use, with their sizes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from torch import nn

from tiefvision import models
from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.weights import LOCATOR, SHIPPED, encoder_file
from tiefvision.encoders.weights_files import WeightsFile, read_weights_file
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.bundle import HEADS_FILE
from tiefvision.workspace.encoding import DEFAULT_ENCODER
from tiefvision.workspace.loading import COSINE, DEEPRANK

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
    encoder = _encoder_of_garments(in_use, heads)
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


def _states_of(
    item: Architecture, in_use: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for source, (_, purpose) in USES.items():
        path = encoder_file(models.FOLDER, item, source)
        if path.is_file():
            file = read_weights_file(path, facts_only=True)
            yield f"ships {purpose} as {describe_file(file)}"
    for source, identity in in_use.items():
        if identity["name"] == item.name:
            yield f"in the workspace {USES[source][1]}: {identity['weights']}"


def _deeprank_state(workspace: Workspace, heads: WeightsFile | None) -> str:
    if workspace.holds(DEEPRANK):
        return "trained"
    if heads and DEEPRANK in heads.facts:
        return f"ships in {describe_file(heads)}"
    return "untrained"


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


def _cells_of(workspace: Workspace, encoder: Architecture) -> int:
    grid = 0
    if workspace.holds("crops"):
        with workspace.open("crops") as crops:
            grid = crops.header.details["grid"]
    return int((grid or encoder.window) ** 2)


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
