"""From a workspace to the locator, the rankers and the searcher that it holds."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from tiefvision.encoders.dense import DenseEncoder, EncoderIdentity, same_encoder
from tiefvision.errors import BadUsage, StaleArtifact
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.votes import VotingRules
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.views import CosineRanker
from tiefvision.search.locator import Locator
from tiefvision.search.searcher import Searcher
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import CATALOGUE, Workspace, command_for
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.gallery import read_index, read_rows
from tiefvision.workspace.job import input_digests, require_same_encoder
from tiefvision.workspace.maps import read_pyramid
from tiefvision.workspace.networks import (
    read_classifier,
    read_deeprank,
    read_regressors,
)
from tiefvision.workspace.records import read_photos

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


def gallery_name(workspace: Workspace, models: Models) -> str:
    """What a search looks through: the catalogue if there is one."""
    for name in models.galleries:
        if workspace.holds(name):
            return name
    # The last stage makes no gallery of a dataset that it cannot compare rankers on.
    return models.galleries[-1] if _can_compare(workspace) else CATALOGUE


def _can_compare(workspace: Workspace) -> bool:
    if not workspace.holds("photos"):
        return True
    with workspace.open("photos") as records:
        return any(photo.split == "test" for photo in read_photos(records))


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


def load_searcher(
    workspace: Workspace,
    models: Models,
    ranker: str,
    device: torch.device,
) -> tuple[Searcher, Path]:
    """A searcher, and the catalogue's folder, where the paths of its hits start.

    Args:
        workspace: Where the gallery is.
        models: Whose encoder and rankers are used.
        ranker: As ``ranker_name`` gives it.
        device: Where networks run.

    Raises:
        MissingArtifact: Nothing has been indexed.
        StaleArtifact: The gallery was indexed by other models.
    """
    encoder, rankers = models.encoder(device), models.rankers(device)
    with workspace.open(gallery_name(workspace, models)) as gallery:
        _require_same_models(gallery, models, encoder.identity)
        rows = read_rows(gallery)
        root = Path(gallery.header.details["root"])
        logger.info("%s: %d rows of %s, by %s", gallery.path, len(rows), root, ranker)
        images = Path(gallery.header.details["images"]).relative_to(root)
        searcher = Searcher(
            encoder,
            CropRules(gallery.header.details["grid"]),
            rankers[ranker],
            read_index(gallery, ranker),
            [(images / row.photo).as_posix() for row in rows],
            [row.item for row in rows],
        )
        return searcher, root


def _require_same_models(
    gallery: Artifact, models: Models, encoder: EncoderIdentity
) -> None:
    made_by, ours = gallery.header.inputs, models.digests()
    name, fix = gallery.path.name, f"Run: {command_for(gallery.path.stem)}"
    if BUNDLE in ours:  # By itself the command prefers what the workspace trained.
        fix += ", with the same --models"
    found = gallery.header.encoder or {}
    if not same_encoder(found, encoder.to_dict()):
        raise StaleArtifact(
            f"{name} was made with {EncoderIdentity(**found)}, but {models.label} with "
            f"{encoder}.",
            fix,
        )
    if made_by.get(BUNDLE) != ours.get(BUNDLE):
        raise StaleArtifact(
            f"{name} was indexed by other models, not {models.label}.", fix
        )
    # A gallery without DeepRank serves the baseline, whatever was trained since.
    expected = made_by.get(DEEPRANK)
    if expected and ours.get(DEEPRANK, expected) != expected:
        raise StaleArtifact(f"{name} was indexed by another deeprank.", fix)
