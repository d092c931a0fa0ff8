"""The encoders, rankers and networks that there are, with their sizes.

Nothing here imports torch, so that the list takes about a second.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import (
    ARCHITECTURES,
    CROP_SIDE,
    GARMENT_ENCODER,
    Architecture,
    architecture_named,
)
from tiefvision.encoders.libraries.names import library_of
from tiefvision.encoders.weights_header import WeightsHeader, read_weights_header
from tiefvision.engines.layers import count_operations
from tiefvision.locating.heads_file import HEADS_FILE
from tiefvision.models.trained import ranker_names
from tiefvision.networks.heads import HEADS, TIEFVISION, Head
from tiefvision.networks.published import Published, counts_of, megabytes_of
from tiefvision.networks.table import NETWORKS
from tiefvision.ranking.kinds import RankerKind
from tiefvision.ranking.own import installed_rankers
from tiefvision.ranking.registry import ranker_kind
from tiefvision.store.artifact import Artifact
from tiefvision.weights import LOCATOR, SHIPPED, encoder_file
from tiefvision.workspace.artifacts import Workspace, command_for

CROP = (3, CROP_SIDE, CROP_SIDE)
"""Shape of the crop whose encoding is counted."""

USES = {SHIPPED: ("crops", "for garments"), LOCATOR: ("features", "for locating")}
"""By role of an encoder: the artifact of a workspace that holds such an encoder, and
its purpose in words."""

LEARNS = {
    "nothing": "needs no training",
    "photographs": "learns on the training split, without labels",
    "items": "learns on the training split",
    "triplets": "untrained",
    "elsewhere": "not added",
}
"""State of a ranker that has not learnt yet, by what it learns from."""

STATUS = {
    "nothing": "ready",
    "photographs": "learns at first use",
    "items": "learns at first use",
    "triplets": "untrained",
    "elsewhere": "not added",
}
"""The same in a word or two, for a table."""


@dataclass(frozen=True)
class Model:
    """An encoder, a ranker or a head, as ``tiefvision models`` lists it.

    Attributes:
        name: name on the command line.
        kind: "encoder", "ranker" or "head".
        parameters: number of parameters; 0 for a ranker of this project that has not
            learnt yet. Those of a network are the published ones, or what a trained one
            has.
        trainable: number of parameters that this project trains.
        embedding: length of the embedding of a 224 px crop; of a head, of its output;
            0 for a ranker of an installed package, which tells it when it embeds.
        state: where its weights are: the shipped file with version and size, and the
            artifact of the workspace.
        summary: what a ranker compares; "" for an encoder.
        status: state in a few words, for a table.
        multiply_adds: multiplications with their additions for a crop; None for rankers
            of this project, which read maps that are there.
        paper: figures that its publication prints; None if it prints none.
        system: system of the literature that it belongs to; "" if to this project.
    """

    name: str
    kind: Literal["encoder", "ranker", "head"]
    parameters: int
    trainable: int
    embedding: int
    state: str
    summary: str = ""
    status: str = ""
    multiply_adds: int | None = None
    paper: str | None = None
    system: str = ""

    @property
    def megabytes(self) -> int:
        """Size in float32, in MiB, truncated, as papers count it."""
        return megabytes_of(self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """The fields and the megabytes as values of JSON types."""
        return asdict(self) | {"megabytes": self.megabytes}


def list_models(workspace: Workspace) -> list[Model]:
    """List all encoders, all rankers, then the networks of the literature.

    The embeddings of rankers are counted for the workspace's encoder of garments, or
    for the shipped one if it has none.

    Raises:
        BadWeights: A file that ships with the package is damaged.
    """
    heads = _shipped_heads()
    in_use = _encoders_of(workspace)
    encoders = [
        Model(
            item.name,
            "encoder",
            item.parameters,
            0,  # encoders are used as they come
            item.channels * item.window**2,
            "; ".join(_states_of(item, in_use)),
            status=_status_of(item, in_use),
            multiply_adds=count_operations(item.layers, CROP) // 2,
        )
        for item in [*ARCHITECTURES.values(), *_libraries_in_use(in_use)]
    ]
    under = _under_rankers(workspace, in_use, heads)
    names = ranker_names(workspace)
    rankers = [
        _ranker(name, workspace, under, heads)
        for name in names
        if not ranker_kind(name).system
    ]
    networks = list_networks(workspace, names)
    return [*encoders, *rankers, *_installed(), *networks]


def _installed() -> Iterator[Model]:
    """Rankers of installed packages, which are not imported to be listed."""
    for name, package in installed_rankers().items():
        state = f"installed with {package}"
        yield Model(name, "ranker", 0, 0, 0, state, status="installed")


@dataclass(frozen=True)
class _Under:
    """The encoder whose maps rankers compare, and the cells along a side of a map."""

    encoder: Architecture
    side: int


def _ranker(
    name: str, workspace: Workspace, under: _Under, heads: WeightsHeader | None
) -> Model:
    kind = ranker_kind(name)
    if workspace.holds(name):
        with workspace.open(name) as artifact:
            return _held_ranker(name, kind, artifact, under)
    if heads and name in heads.facts:
        facts = heads.facts
        encoder = architecture_named(facts["encoder"]["name"])
        side = facts["crops"]["grid"] or encoder.window
        size = kind.embedding(encoder.channels, side**2, facts[name])
        count = heads.count(f"{name}.")
        state = f"over {encoder.name}, ships in {describe_file(heads)}"
        return Model(name, "ranker", count, count, size, state, kind.summary, "ships")
    details = {"network": "colour", "size": 512} if kind.learns == "triplets" else {}
    size = kind.embedding(under.encoder.channels, under.side**2, details)
    state = LEARNS[kind.learns]
    if kind.learns == "triplets":
        state = f"{state}. Run: {command_for(name, workspace.root)}"
    if "maps" in kind.needs:
        state = f"over {under.encoder.name}, {state}"
    status = STATUS[kind.learns]
    return Model(name, "ranker", 0, 0, size, state, kind.summary, status)


def _held_ranker(
    name: str, kind: RankerKind, artifact: Artifact, under: _Under
) -> Model:
    header = artifact.header
    if kind.learns == "elsewhere":
        size, told = kind.embedding(0, 0, header.details), header.encoder or {}
        state = f"{told.get('name')}, {told.get('weights')}"
        count, status = _count(header.layout), "in the workspace"
        return Model(name, "ranker", count, 0, size, state, kind.summary, status)
    encoder = architecture_named((header.encoder or {})["name"])
    same = encoder == under.encoder
    side = under.side if same else encoder.window
    size = kind.embedding(encoder.channels, side**2, header.details)
    count = _count(header.layout) if kind.learns == "triplets" else 0
    again = "It learns again when it is used"
    state = "learnt"
    if kind.learns == "triplets":
        again = f"Run: {command_for(name, artifact.path.parent)}"
        state = "trained"
    status = f"{state} in the workspace"
    if "maps" in kind.needs:
        if not same:
            status = f"{state} over other crops"
            state = f"{state} over other crops. {again}"
        state = f"over {encoder.name}, {state}"
    return Model(name, "ranker", count, count, size, state, kind.summary, status)


def list_networks(workspace: Workspace, trained: Sequence[str] = ()) -> list[Model]:
    """List the networks of the literature, each with those trained from it, and heads.

    Args:
        workspace: workspace that may hold trained ones.
        trained: names of its trained rankers; others are ignored.
    """
    networks = []
    for network in NETWORKS.values():
        of_kind = [name for name in trained if ranker_kind(name).name == network.name]
        if network.name not in of_kind:
            fix = f"Run: {command_for(network.name, workspace.root)}"
            state = f"{LEARNS['triplets']}. {fix}"
            networks.append(_network(network, network.name, state, "untrained"))
        for name in of_kind:
            with workspace.open(name) as artifact:
                width = artifact.header.details["width"]
            networks.append(_network(network, name, "trained", "trained", width))
    return [*networks, *map(_head, HEADS.values())]


def _network(
    network: Published, name: str, state: str, status: str, width: float = 1.0
) -> Model:
    counts = counts_of(network, width)
    return Model(
        name,
        "ranker",
        counts.parameters,
        counts.trainable,
        counts.embedding,
        state if width == 1 else f"{state} at {width:g} of the width",
        network.summary,
        status,
        counts.multiply_adds,
        network.paper,
        network.system,
    )


def _head(head: Head) -> Model:
    counts = head.counts
    return Model(
        head.name,
        "head",
        counts.parameters,
        counts.trainable,
        counts.embedding,
        "for its size: this project's locator has other heads",
        head.summary,
        "size only",
        counts.multiply_adds,
        system=TIEFVISION,
    )


def _count(layout: Mapping[str, Any]) -> int:
    """Number of parameters in the tensors of the kind "weights"."""
    return sum(
        math.prod(tensor["shape"])
        for name, tensor in layout.items()
        if name.startswith("weights.")
    )


def shipped_files() -> list[WeightsHeader]:
    """Headers of the files that ship with the package. Raises BadWeights."""
    paths = sorted(package_weights.FOLDER.glob("*.safetensors"))
    return [read_weights_header(path) for path in paths]


def describe_file(file: WeightsHeader) -> str:
    """Name, version of the format and size of a file of models, in one line."""
    size = file.path.stat().st_size / 2**20
    return f"{file.name} (format {file.facts.get('version')}, {size:.1f} MiB)"


def _shipped_heads() -> WeightsHeader | None:
    files = (file for file in shipped_files() if file.path.name == HEADS_FILE)
    return next(files, None)


def _states_of(
    item: Architecture, in_use: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for source, (_, purpose) in USES.items():
        path: Path = encoder_file(package_weights.FOLDER, item.name, source)
        if path.is_file():
            yield f"ships {purpose} as {describe_file(read_weights_header(path))}"
    for source, identity in in_use.items():
        if identity["name"] == item.name:
            yield f"in the workspace {USES[source][1]}: {identity['weights']}"


def _status_of(item: Architecture, in_use: Mapping[str, Mapping[str, str]]) -> str:
    """Whether an encoder ships, and whether the workspace uses one of its kind."""
    ships = any(
        encoder_file(package_weights.FOLDER, item.name, source).is_file()
        for source in USES
    )
    used = any(identity["name"] == item.name for identity in in_use.values())
    said = ["ships"] * ships + ["in the workspace"] * used
    return ", ".join(said) or "weights do not ship"


def _encoders_of(workspace: Workspace) -> dict[str, Mapping[str, str]]:
    """Identity of each encoder whose maps the workspace holds, by key of ``USES``."""
    identities: dict[str, Mapping[str, str]] = {}
    for source, (name, _) in USES.items():
        if workspace.holds(name):
            with workspace.open(name) as artifact:
                identities[source] = artifact.header.encoder or {}
    return identities


def _libraries_in_use(in_use: Mapping[str, Mapping[str, str]]) -> list[Architecture]:
    """Networks of other libraries whose maps the workspace holds."""
    names = dict.fromkeys(identity["name"] for identity in in_use.values())
    return [architecture_named(name) for name in names if library_of(name)]


def _under_rankers(
    workspace: Workspace,
    in_use: Mapping[str, Mapping[str, str]],
    heads: WeightsHeader | None,
) -> _Under:
    """The encoder of garments and its grid, of the workspace or as they ship."""
    if SHIPPED in in_use:
        encoder = architecture_named(in_use[SHIPPED]["name"])
        with workspace.open("crops") as crops:
            return _Under(encoder, crops.header.details["grid"] or encoder.window)
    name = heads.facts["encoder"]["name"] if heads else GARMENT_ENCODER
    grid = heads.facts["crops"]["grid"] if heads else 0
    encoder = architecture_named(name)
    return _Under(encoder, grid or encoder.window)
