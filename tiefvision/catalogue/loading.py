"""From a workspace and models to a searcher of what was indexed there."""

import logging
from pathlib import Path

import torch

from tiefvision.catalogue.gallery import read_index, read_rows
from tiefvision.catalogue.searcher import Searcher
from tiefvision.encoders.dense import EncoderIdentity, same_encoder
from tiefvision.errors import StaleArtifact
from tiefvision.models.trained import BUNDLE, DEEPRANK, Models
from tiefvision.ranking.crops import CropRules
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import CATALOGUE, Workspace, command_for
from tiefvision.workspace.records import read_photos

logger = logging.getLogger(__name__)


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
