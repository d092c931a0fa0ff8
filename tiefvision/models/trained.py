"""From a workspace to the locator, the rankers and the searcher that it holds."""

import logging
from dataclasses import dataclass
from typing import Protocol

import torch

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import BadUsage
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.locator import Locator
from tiefvision.locating.votes import VotingRules
from tiefvision.models.networks import (
    read_classifier,
    read_deeprank,
    read_regressors,
)
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.views import CosineRanker
from tiefvision.workspace.artifacts import CATALOGUE, Workspace
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.job import input_digests, require_same_encoder
from tiefvision.workspace.maps import read_pyramid

logger = logging.getLogger(__name__)

COSINE = "cosine"
DEEPRANK = "deeprank"
RANKERS = (COSINE, DEEPRANK)
"""Those that are indexed and searched with."""

BUNDLE = "heads"
"""Under this name the digest of a bundle stands in the header of what it made."""

GALLERY = "gallery"
"""What the last stage indexes: the shop photographs of the workspace's dataset."""


class Models(Protocol):
    """Trained models, of a workspace or of a bundle."""

    @property
    def label(self) -> str:
        """What to call them in a message."""

    @property
    def galleries(self) -> tuple[str, ...]:
        """What they can search in a workspace, the preferred one first."""

    @property
    def ranker_names(self) -> tuple[str, ...]:
        """The rankers, the preferred one last."""

    def locator(self, device: torch.device) -> Locator:
        """What finds garments, with an encoder of its own."""

    def encoder(self, device: torch.device) -> DenseEncoder:
        """What the crops of garments are encoded with."""

    def rankers(self, device: torch.device) -> dict[str, Embed]:
        """What compares garments, by name."""

    def crop_rules(self) -> CropRules:
        """How garments become maps."""

    def digests(self) -> dict[str, str]:
        """Digests by name, for the header of what they make."""


@dataclass(frozen=True)
class TrainedModels:
    """The models that the stages trained in a workspace."""

    workspace: Workspace

    @property
    def label(self) -> str:
        """What to call them in a message."""
        return f"the models of {self.workspace.root}"

    @property
    def galleries(self) -> tuple[str, ...]:
        """The catalogue, and the gallery of the dataset they were trained on."""
        return CATALOGUE, GALLERY

    @property
    def ranker_names(self) -> tuple[str, ...]:
        """The baseline, and DeepRank if it has been trained."""
        return tuple(
            name for name in RANKERS if name == COSINE or self.workspace.holds(name)
        )

    def locator(self, device: torch.device) -> Locator:
        """As ``load_locator``."""
        return load_locator(self.workspace, device)

    def encoder(self, device: torch.device) -> DenseEncoder:
        """What made the crops. Raises MissingArtifact, StaleArtifact."""
        with self.workspace.open("crops") as crops:
            return read_encoder(crops, device)

    def rankers(self, device: torch.device) -> dict[str, Embed]:
        """As ``load_rankers``."""
        return load_rankers(self.workspace, device)

    def crop_rules(self) -> CropRules:
        """As ``load_crop_rules``."""
        return load_crop_rules(self.workspace)

    def digests(self) -> dict[str, str]:
        """Of the artifacts of the locator and of DeepRank, those that there are."""
        names = ("crop_classifier", "box_regressors", "locations", DEEPRANK)
        here = [name for name in names if self.workspace.holds(name)]
        return input_digests(self.workspace, here)


def load_locator(workspace: Workspace, device: torch.device) -> Locator:
    """The locator that a workspace trained. Raises MissingArtifact, StaleArtifact."""
    with (
        workspace.open("features") as features,
        workspace.open("crop_classifier") as classifier,
        workspace.open("box_regressors") as regressors,
        workspace.open("locations") as locations,
    ):
        identity = require_same_encoder(features, classifier, regressors, locations)
        logger.info("locator of %s: %s", workspace.root, ", ".join(identity.values()))
        encoder = read_encoder(features, device)
        heads = fold_heads(
            read_classifier(classifier, device),
            read_regressors(regressors, device),
            encoder.dtype,
        )
        return Locator(
            encoder,
            read_pyramid(features),
            heads,
            VotingRules(**locations.header.details["voting"]),
            TellingRules.from_dict(locations.header.details["telling"]),
        )


def load_rankers(workspace: Workspace, device: torch.device) -> dict[str, Embed]:
    """The baseline, and DeepRank if it has been trained, by name.

    Raises:
        MissingArtifact: DeepRank's crops are gone.
        StaleArtifact: DeepRank was trained on crops of another encoder.
    """
    rankers: dict[str, Embed] = {COSINE: CosineRanker()}
    if workspace.holds(DEEPRANK):
        with workspace.open("crops") as crops, workspace.open(DEEPRANK) as deeprank:
            require_same_encoder(crops, deeprank)
            rankers[DEEPRANK] = read_deeprank(deeprank, device)
    return rankers


def training_curves(models: Models) -> list[dict[str, float]]:
    """What DeepRank's training wrote down, epoch by epoch.

    Nothing where it has not been trained, and of a bundle, which keeps no curves.
    """
    if not isinstance(models, TrainedModels) or not models.workspace.holds(DEEPRANK):
        return []
    with models.workspace.open(DEEPRANK) as deeprank:
        history: list[dict[str, float]] = deeprank.record("training/history")
    return history


def load_crop_rules(workspace: Workspace) -> CropRules:
    """How the workspace turns garments into maps."""
    with workspace.open("crops") as crops:
        return CropRules(crops.header.details["grid"])


def ranker_name(models: Models, wanted: str) -> str:
    """The ranker that is asked for; by default DeepRank if it has been trained.

    Raises:
        BadUsage: There is no such ranker.
    """
    here = models.ranker_names
    if wanted and wanted not in here:
        known = ", ".join(here)
        raise BadUsage(f"There is no ranker {wanted!r} here.", f"Use {known}.")
    return wanted or here[-1]
