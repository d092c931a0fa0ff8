"""Similarities of photographs by scorers, from which samplings draw triplets."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tiefvision.errors import BadUsage
from tiefvision.models.protocol import Models
from tiefvision.models.rankers import load_ranker, require_ranker
from tiefvision.ranking.own import is_known
from tiefvision.ranking.registry import ENGINEERED, OWN, RANKERS
from tiefvision.triplets.sources import FEATURES
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tiefvision.ranking.garments import Embed, GarmentsOf
    from tiefvision.records import Photo

BLOCK = 1024
"""Rows of a table that are computed at a time."""


def require_scorer(workspace: Workspace, models: Models, name: str) -> None:
    """Refuse a scorer that cannot be loaded here.

    Raises:
        BadUsage: The name is unknown; the message tells the features as well. Or the
            models have no ranker of this name.
        MissingArtifact: As ``require_ranker``.
    """
    if name in FEATURES:
        name = ENGINEERED
    elif not is_known(name):
        raise BadUsage(f"There is no scorer {name}.", _known_like(name))
    require_ranker(workspace, models, name)


def _known_like(name: str) -> str:
    """What helps where no scorer has a name: those that there are."""
    close = get_close_matches(name.split("-", 1)[0], (*FEATURES, *RANKERS), 3)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    return (
        f"{meant}Use {', '.join(FEATURES)} (the features of {ENGINEERED}), or a "
        f"ranker: {', '.join(OWN)}, or a network of the literature that was trained."
    )


def load_scorer(
    workspace: Workspace, models: Models, name: str, resources: Resources
) -> "Embed":
    """Load a scorer: a ranker, or one of the features of ``engineered``.

    Args:
        workspace: workspace on whose training split a ranker learns.
        models: models with the trained rankers.
        name: name of a ranker, or one of ``FEATURES``.
        resources: seed, limits and progress.

    Raises:
        BadUsage, MissingArtifact, BadDataset, BadWeights: As ``load_ranker``.
    """
    if name not in FEATURES:
        return load_ranker(workspace, models, name, resources)
    from tiefvision.ranking.engineered import EngineeredRanker

    ranker = load_ranker(workspace, models, ENGINEERED, resources)
    assert isinstance(ranker, EngineeredRanker)
    return ranker.features[name]


def score_photos(
    photos: "Sequence[Photo]",
    garments_of: "GarmentsOf",
    embed: "Embed",
    resources: Resources,
) -> "NDArray[np.float32]":
    """The similarities of all pairs of photographs, by their unchanged crops.

    Every photograph is embedded once. Memory holds all embeddings, and the table.

    Args:
        photos: N photographs, at least one.
        garments_of: reader of the crops of views.
        embed: scorer.
        resources: progress.

    Returns:
        Cosines in [-1, 1], (N, N) float32, in the order of the photographs.
    """
    import numpy as np

    from tiefvision.ranking.views import embed_views
    from tiefvision.records import View

    views = [View(photo.path) for photo in photos]
    rows = embed_views(views, garments_of, embed, track=resources.track)
    table = np.empty((len(rows), len(rows)), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        np.clip(rows[part] @ rows.T, -1.0, 1.0, out=table[part])
    return table
