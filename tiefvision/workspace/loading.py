"""From a workspace to the locator, the rankers and the searcher that it holds."""

import logging
from pathlib import Path

import torch

from tiefvision.errors import BadUsage, StaleArtifact
from tiefvision.locating.votes import VotingRules
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.views import CosineRanker, Embed
from tiefvision.search.locator import Locator
from tiefvision.search.searcher import Searcher
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import CATALOGUE, Workspace, command_for
from tiefvision.workspace.gallery import read_index, read_rows
from tiefvision.workspace.job import require_same_encoder
from tiefvision.workspace.maps import read_pyramid
from tiefvision.workspace.networks import (
    read_classifier,
    read_deeprank,
    read_encoder,
    read_regressors,
)

logger = logging.getLogger(__name__)

COSINE = "cosine"
DEEPRANK = "deeprank"
RANKERS = (COSINE, DEEPRANK)


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
        return Locator(
            read_encoder(features, device),
            read_pyramid(features),
            read_classifier(classifier, device),
            read_regressors(regressors, device),
            VotingRules(**locations.header.details["rules"]),
        )


def load_rankers(workspace: Workspace, device: torch.device) -> dict[str, Embed]:
    """The baseline, and DeepRank if it has been trained, by name."""
    rankers: dict[str, Embed] = {COSINE: CosineRanker()}
    if workspace.holds("deeprank"):
        with workspace.open("deeprank") as artifact:
            rankers[DEEPRANK] = read_deeprank(artifact, device)
    return rankers


def load_crop_rules(workspace: Workspace) -> CropRules:
    """How the workspace turns garments into maps."""
    with workspace.open("crops") as crops:
        return CropRules(crops.header.details["grid"])


def gallery_name(workspace: Workspace) -> str:
    """What a search looks through: the catalogue if there is one."""
    return CATALOGUE if workspace.holds(CATALOGUE) else "gallery"


def ranker_name(workspace: Workspace, wanted: str) -> str:
    """The ranker that is asked for; by default DeepRank if it has been trained.

    Raises:
        BadUsage: The workspace has no such ranker.
    """
    here = [name for name in RANKERS if name == COSINE or workspace.holds(name)]
    if wanted and wanted not in here:
        known = ", ".join(here)
        raise BadUsage(f"There is no ranker {wanted!r} here.", f"Use {known}.")
    return wanted or here[-1]


def load_searcher(
    workspace: Workspace, locator: Locator, ranker: str, device: torch.device
) -> tuple[Searcher, Path]:
    """A searcher, and the catalogue's folder, where the paths of its hits start.

    Args:
        workspace: Where the gallery and the rankers are.
        locator: Whose encoder is used.
        ranker: As ``ranker_name`` gives it.
        device: Where networks run.

    Raises:
        MissingArtifact: Nothing has been indexed.
        StaleArtifact: The gallery was indexed by other models.
    """
    rankers = load_rankers(workspace, device)
    with workspace.open(gallery_name(workspace)) as gallery:
        _require_same_models(workspace, gallery)
        rows = read_rows(gallery)
        root = Path(gallery.header.details["root"])
        logger.info("%s: %d rows of %s, by %s", gallery.path, len(rows), root, ranker)
        images = Path(gallery.header.details["images"]).relative_to(root)
        searcher = Searcher(
            locator.encoder,
            CropRules(gallery.header.details["grid"]),
            rankers[ranker],
            read_index(gallery, ranker),
            [(images / row.photo).as_posix() for row in rows],
            [row.item for row in rows],
        )
        return searcher, root


def _require_same_models(workspace: Workspace, gallery: Artifact) -> None:
    with workspace.open("features") as features:
        require_same_encoder(features, gallery)
    expected = gallery.header.inputs.get("deeprank")
    if expected and workspace.holds("deeprank"):
        with workspace.open("deeprank") as deeprank:
            if deeprank.header.digest != expected:
                raise StaleArtifact(
                    f"{gallery.path.name} was indexed by another deeprank.",
                    f"Run: {command_for(gallery.path.stem)}",
                )
