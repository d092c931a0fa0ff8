"""Trained heads in an encoder's weights file, from which stages 3 and 4 can start.

Stage 2 copies them into its artifact, so that stages 3 and 4 need no other file.
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
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.encoders.weights_header import read_weights_header, require_format
from tiefvision.engines.folding import Arrays
from tiefvision.engines.modules import restore_module
from tiefvision.locating.building import build_classifier, build_regressors
from tiefvision.locating.heads import (
    BoxRegressors,
    CropClassifier,
    set_input_statistics,
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
"""Initial weights of a head: those of a trained head, if there is one, or random."""

Head = TypeVar("Head", CropClassifier, BoxRegressors)

CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainedHeads:
    """The heads in a weights file.

    Attributes:
        details: parameters that each head is built from, by name of the head.
        states: weights of each head (state dict), by name of the head.
    """

    details: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, Arrays]


def heads_file(encoder: str, weights: str) -> Path | None:
    """The file that may hold heads trained on an encoder; None if there is no file.

    Args:
        encoder: name of the architecture, a key of ``ARCHITECTURES``.
        weights: source of the encoder's weights, as for ``load_weights``.
    """
    if weights == LOCATOR:
        path: Path | None = package_weights.FOLDER / HEADS_FILE
    elif weights in ROLES:
        path = None  # a file of an encoder without heads
    else:
        path = source_file(architecture_named(encoder), weights)
    return path if path and path.is_file() else None


def heads_sources(encoder: str, weights: str) -> dict[str, str]:
    """The hash of ``heads_file`` under "heads"; empty if there is no such file."""
    path = heads_file(encoder, weights)
    return {"heads": file_hash(path)} if path else {}


def read_heads(path: Path, encoder: EncoderIdentity) -> TrainedHeads | None:
    """Read the heads of a weights file.

    Args:
        path: weights file.
        encoder: encoder whose maps the heads must have been trained on.

    Returns:
        The heads; None if the file has none, or has heads for another encoder.

    Raises:
        BadWeights: The file is no weights file, or has another version.
    """
    header = read_weights_header(path)
    if header.facts.get("format") == HEADS_FORMAT:
        require_format(header, HEADS_FORMAT, HEADS_VERSION)
    over = header.facts.get(ROLES[LOCATOR])
    if over and over.get("weights_hash") != encoder.weights_hash:
        return None
    if not {CLASSIFIER, REGRESSORS} <= header.facts.keys():
        return None
    file = read_weights_file(path)
    names = (CLASSIFIER, REGRESSORS)
    return TrainedHeads(
        {name: file.facts[name] for name in names},
        {name: file.group(f"{name}.") for name in names},
    )


def keep_heads(writer: ArtifactWriter, heads: TrainedHeads | None) -> None:
    """Write heads, if there are any, into an artifact.

    ``kept_classifier`` and ``kept_regressors`` read them.
    """
    if heads:
        writer.write(
            tensors={
                f"weights/{name}": dict(state) for name, state in heads.states.items()
            },
            records={
                f"heads/{name}": dict(heads.details[name]) for name in heads.states
            },
        )


def kept_classifier(
    features: Artifact, categories: Sequence[str]
) -> CropClassifier | None:
    """A classifier that starts from the one in an artifact; None if there is none.

    Args:
        features: artifact of stage 2.
        categories: categories of the new classifier.
    """
    kept = _kept(features, CLASSIFIER)
    if not kept:
        return None
    details, state = kept
    known = restore_module(build_classifier(details), state, CPU, features.path.name)
    return start_classifier(known, categories)


def kept_regressors(
    features: Artifact, categories: Sequence[str]
) -> BoxRegressors | None:
    """Regressors that start from those in an artifact; None if there are none.

    Args:
        features: artifact of stage 2.
        categories: categories of the new regressors.
    """
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
    """Build the head that a stage trains, with its initial weights.

    Args:
        start: wanted initial weights, a setting of the stage.
        kept: builds a head from the one in the artifact; returns None if there is none.
        fresh: builds a head with random weights.
        statistics: computes mean and standard deviation of the input channels; called
            only for a head with random weights.
        resources: device and seed of the stage.

    Returns:
        The head on the device, and the initial weights that it really has: "fresh" if
        the artifact has no head.
    """
    with seeded(resources.seed):
        known = kept() if start == "known" else None
        head = fresh() if known is None else known
    if known is None:
        set_input_statistics(head, *statistics())
    return head.to(resources.device), "fresh" if known is None else "known"


def _kept(features: Artifact, name: str) -> tuple[Mapping[str, Any], Arrays] | None:
    """Details and weights of a head in an artifact; None if there is none."""
    if not features.has(f"heads/{name}"):
        return None
    return features.record(f"heads/{name}"), features.tensors(f"weights/{name}")
