"""Trained heads that come with an encoder's weights, on their way to stages 3 and 4.

Stage 2 keeps them beside the encoder, so that what starts from them needs no more than
the artifact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from tiefvision import weights as package_weights
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.identity import EncoderIdentity
from tiefvision.encoders.weights import source_file
from tiefvision.encoders.weights_files import read_weights_file, restore_module
from tiefvision.encoders.weights_header import require_format
from tiefvision.locating.building import build_classifier, build_regressors
from tiefvision.locating.heads import (
    BoxRegressors,
    CropClassifier,
    standardise_inputs,
)
from tiefvision.locating.heads_file import (
    CLASSIFIER,
    HEADS_FILE,
    HEADS_FORMAT,
    HEADS_VERSION,
    REGRESSORS,
)
from tiefvision.locating.starting import start_classifier, start_regressors
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.training.loop import seeded
from tiefvision.weights import LOCATOR, ROLES
from tiefvision.workspace.job import Resources
from tiefvision.workspace.provenance import file_hash

Start = Literal["known", "fresh"]

Head = TypeVar("Head", CropClassifier, BoxRegressors)

CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainedHeads:
    """Heads as they lie in a file.

    Attributes:
        details: What is needed to build each, by its name.
        states: The weights of each, by its name.
    """

    details: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, Mapping[str, Tensor]]


def heads_file(encoder: str, weights: str) -> Path | None:
    """The file in which heads over an encoder's weights lie, if there are any.

    Args:
        encoder: A key of ``ARCHITECTURES``.
        weights: Their source, as for ``load_weights``.
    """
    if weights == LOCATOR:
        path: Path | None = package_weights.FOLDER / HEADS_FILE
    elif weights in ROLES:
        path = None  # of an encoder alone
    else:
        path = source_file(architecture_named(encoder), weights)
    return path if path and path.is_file() else None


def heads_sources(encoder: str, weights: str) -> dict[str, str]:
    """The hash of that file; nothing where there is none."""
    path = heads_file(encoder, weights)
    return {"heads": file_hash(path)} if path else {}


def read_heads(path: Path, encoder: EncoderIdentity) -> TrainedHeads | None:
    """The heads of a file; None if it has none over the maps of this encoder.

    Raises:
        BadWeights: It is no file of weights, or of heads of another version.
    """
    file = read_weights_file(path)
    if file.facts.get("format") == HEADS_FORMAT:
        require_format(file, HEADS_FORMAT, HEADS_VERSION)
    over = file.facts.get(ROLES[LOCATOR])
    if over and over.get("weights_hash") != encoder.weights_hash:
        return None
    if not {CLASSIFIER, REGRESSORS} <= file.facts.keys():
        return None
    names = (CLASSIFIER, REGRESSORS)
    return TrainedHeads(
        {name: file.facts[name] for name in names},
        {name: file.group(f"{name}.") for name in names},
    )


def keep_heads(writer: ArtifactWriter, heads: TrainedHeads | None) -> None:
    """Put heads into an artifact, for the two functions below."""
    if heads:
        writer.write(
            tensors={
                f"weights/{name}": {key: value.numpy() for key, value in state.items()}
                for name, state in heads.states.items()
            },
            records={
                f"heads/{name}": dict(heads.details[name]) for name in heads.states
            },
        )


def kept_classifier(
    features: Artifact, categories: Sequence[str]
) -> CropClassifier | None:
    """A classifier that starts from the one kept in an artifact, if it keeps one."""
    kept = _kept(features, CLASSIFIER)
    if not kept:
        return None
    details, state = kept
    known = restore_module(build_classifier(details), state, CPU, features.path.name)
    return start_classifier(known, categories)


def kept_regressors(
    features: Artifact, categories: Sequence[str]
) -> BoxRegressors | None:
    """The same of the regressors."""
    kept = _kept(features, REGRESSORS)
    if not kept:
        return None
    details, state = kept
    known = restore_module(build_regressors(details), state, CPU, features.path.name)
    return start_regressors(known, details["categories"], categories)


def begin_head(
    start: Start,
    kept: Callable[[], Head | None],
    fresh: Callable[[], Head],
    statistics: Callable[[], tuple[Tensor, Tensor]],
    resources: Resources,
) -> tuple[Head, Start]:
    """The head that a stage trains, on its device, and how it really starts.

    Args:
        start: As the stage's settings want it.
        kept: Starts from the head in the features, if they keep one.
        fresh: Makes a new one.
        statistics: Mean and spread of the channels, which only a new one needs.
        resources: Of the stage.
    """
    with seeded(resources.seed):
        known = kept() if start == "known" else None
        head = fresh() if known is None else known
    if known is None:
        standardise_inputs(head, *statistics())
    return head.to(resources.device), "fresh" if known is None else "known"


def _kept(
    features: Artifact, name: str
) -> tuple[Mapping[str, Any], dict[str, Tensor]] | None:
    if not features.has(f"heads/{name}"):
        return None
    arrays = features.tensors(f"weights/{name}")
    state = {key: torch.from_numpy(array) for key, array in arrays.items()}
    return features.record(f"heads/{name}"), state
