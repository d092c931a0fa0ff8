"""Triplets drawn from a split of a workspace, with scorers of its models."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.models.protocol import Models
from tiefvision.models.scorers import load_scorer, require_scorer, score_photos
from tiefvision.records import Photo, Split
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import CATEGORY
from tiefvision.triplets.sources.counting import KindShares, count_kinds
from tiefvision.triplets.sources.sampling import Sampling, Settings
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import read_photos

POOL = 10_000
"""Most photographs that scorers compare; more are drawn at random. A table of 10,000
takes 400 MB."""


@dataclass(frozen=True)
class Request:
    """What is drawn.

    Attributes:
        sampling: sampling that draws.
        settings: settings of the sampling.
        split: split of the photographs.
        scorers: names of the scorers; empty for those of the sampling.
        pool: most photographs that scorers compare.
    """

    sampling: Sampling
    settings: Settings
    split: Split = "train"
    scorers: tuple[str, ...] = ()
    pool: int = POOL


@dataclass(frozen=True)
class Drawn:
    """Triplets, and what there is to say about them.

    Attributes:
        triplets: triplets in the order in which they were drawn.
        shares: their kinds.
        scorers: names of the scorers.
        notes: sentences about what differs from the source.
    """

    triplets: tuple[ViewTriplet, ...]
    shares: KindShares
    scorers: tuple[str, ...]
    notes: tuple[str, ...]


def draw_triplets(
    workspace: Workspace, models: Models, request: Request, resources: Resources
) -> Drawn:
    """Draw triplets of a split; the same seed gives the same ones.

    Args:
        workspace: workspace with the photographs and, for scorers, their crops.
        models: models with the trained rankers, which may be scorers.
        request: sampling, settings, split and scorers.
        resources: seed and progress.

    Raises:
        BadUsage: A scorer is unknown, or the sampling reads none.
        MissingArtifact: A stage has not run.
        BadDataset: The split has no photographs, or no triplets.
    """
    sampling = request.sampling
    if request.scorers and not sampling.scorers:
        raise BadUsage(
            f"The sampling {sampling.name} reads no scorer.", "Leave --scorer out."
        )
    names = request.scorers or sampling.scorers
    for name in names:
        require_scorer(workspace, models, name)
    generator = np.random.default_rng(resources.seed)
    notes: list[str] = []
    with ExitStack() as stack:
        records = stack.enter_context(workspace.open("photos"))
        photos = [one for one in read_photos(records) if one.split == request.split]
        tables = {}
        if names:
            crops = stack.enter_context(workspace.open("crops"))
            available = paths_with_maps(crops, photos)
            photos = [photo for photo in photos if photo.path in available]
            _require_some(photos, request.split)
            photos, told = _at_most(photos, request.pool, generator)
            notes += told
            reader = garments_reader(crops)
            for name in names:
                embed = load_scorer(workspace, models, name, resources)
                tables[name] = score_photos(photos, reader, embed, resources)
    _require_some(photos, request.split)
    notes += sampling.notes(photos, request.settings)
    triplets = sampling.draw(photos, request.settings, tables, generator)
    by = getattr(request.settings, "by", CATEGORY)
    shares = count_kinds(photos, triplets, tables, by)
    return Drawn(tuple(triplets), shares, tuple(names), tuple(notes))


def _at_most(
    photos: list[Photo], most: int, generator: np.random.Generator
) -> tuple[list[Photo], list[str]]:
    """Some of the photographs, in their order, and a sentence if some are left out."""
    if len(photos) <= most:
        return photos, []
    chosen = np.sort(generator.choice(len(photos), most, replace=False))
    told = f"Drawn from {most} of {len(photos)} photographs; --pool takes more."
    return [photos[number] for number in chosen], [told]


def _require_some(photos: Sequence[Photo], split: str) -> None:
    if not photos:
        raise BadDataset(
            f"The split {split} has no photographs to draw triplets from.",
            "Use another --split, or give photographs this one in annotations.json.",
        )
