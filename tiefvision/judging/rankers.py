"""Every ranker that can be compared; some learn on the training split first."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import torch

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.evaluation.searches import Search, search_of_split
from tiefvision.models.same_maps import require_same_maps
from tiefvision.models.trained import COSINE, DEEPRANK, Models
from tiefvision.progress import Track
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.mix import learn_mix
from tiefvision.ranking.pixels import Describe, LabRanker, RgbRanker, WordsRanker
from tiefvision.ranking.pooling import POOLS, PooledRanker
from tiefvision.ranking.views import BLOCK, CosineRanker, embed_views
from tiefvision.ranking.whitening import WhitenedRanker, fit_whitening
from tiefvision.ranking.words.blobs import BLOB_IMPORTANCE, blob_descriptors
from tiefvision.ranking.words.codebook import learn_codebook
from tiefvision.ranking.words.gabor import gabor_jets
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import alterations_of, garments_reader
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import read_photos

MOST_LEARNT_FROM = 1500
"""Photographs: embeddings of so many whole maps take 190 MB."""


@dataclass(frozen=True)
class Learner:
    """What rankers learn from: the training split of a workspace.

    Attributes:
        views: Its crops as they are.
        search: The search that the split allows.
        garments_of: Reads its crops.
        seed: Of what is drawn.
        track: Shows progress.
    """

    views: Sequence[View]
    search: Search
    garments_of: GarmentsOf
    seed: int
    track: Track

    def words(
        self, describe: Describe, importance: np.ndarray | None = None
    ) -> WordsRanker:
        """Visual words of a kind of descriptors."""
        starts = range(0, len(self.views), BLOCK)
        crops = (
            crop
            for start in self.track(starts, "learning words", len(starts))
            for crop in self.garments_of(self.views[start : start + BLOCK]).pixels
        )
        described = [describe(crop) for crop in crops]
        codebook = learn_codebook(described, seed=self.seed, importance=importance)
        return WordsRanker(describe, codebook)

    def mix(self) -> Embed:
        """Encoding, whole or pooled, and colour, with the weight that ranks best."""
        firsts: dict[str, Embed] = {
            COSINE: CosineRanker(),
            **{name: PooledRanker(pool) for name, pool in POOLS.items()},
        }
        return learn_mix(self.search, firsts, LabRanker(), self.garments_of)[1]

    def components(self) -> Embed:
        """The principal components of whole maps."""
        learnt = embed_views(self.views, self.garments_of, CosineRanker())
        return WhitenedRanker(CosineRanker(), fit_whitening(learnt))


UNLEARNT: Mapping[str, Callable[[], Embed]] = MappingProxyType(
    {
        COSINE: CosineRanker,
        **{name: partial(PooledRanker, pool) for name, pool in POOLS.items()},
        "rgb": RgbRanker,
        "lab": LabRanker,
    }
)
"""Rankers that are as they are, by name."""

LEARNT: Mapping[str, Callable[[Learner], Embed]] = MappingProxyType(
    {
        "gabor": lambda learner: learner.words(gabor_jets),
        "blobs": lambda learner: learner.words(blob_descriptors, BLOB_IMPORTANCE),
        "mix": Learner.mix,
        "pca": Learner.components,
    }
)
"""Rankers that learn without triplets, by name."""

KNOWN_RANKERS = (*UNLEARNT, *LEARNT, DEEPRANK)


ENCODED = ("mix", "pca")
"""Of those that learn, what learn from maps of the encoder: words are of pixels."""


def require_comparable(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    device: torch.device,
    elsewhere: bool = False,
) -> None:
    """Refuse rankers that there are not, and those made for maps of another kind.

    Takes no time beside ``load_compared``, which does it too.

    Args:
        workspace: On whose training split rankers learn.
        models: Whose DeepRank is compared.
        names: Of the rankers.
        device: Where networks run.
        elsewhere: Whether they are compared on another dataset, encoded by the models,
            and not on the crops of the workspace.

    Raises:
        BadUsage: There is no such ranker.
        MissingArtifact: The workspace has no crops to compare on or to learn from.
        StaleArtifact: Its maps are not of the encoder or the grid of the models.
    """
    unknown = [name for name in names if name not in KNOWN_RANKERS]
    if unknown:
        known = ", ".join(KNOWN_RANKERS)
        raise BadUsage(f"There is no ranker {', '.join(unknown)}.", f"Use {known}.")
    if DEEPRANK in names and DEEPRANK not in models.ranker_names:
        with workspace.open(DEEPRANK):  # names the stage that is missing
            pass
        raise BadUsage(f"There is no deeprank among {models.label}.")
    # Elsewhere, what learnt on the workspace's maps meets those that the models make.
    # At home DeepRank meets the workspace's.
    mixed = ENCODED if elsewhere else (DEEPRANK,)
    concerned = ", ".join(name for name in names if name in mixed)
    if not concerned:
        return
    with workspace.open("crops") as crops, workspace.open("photos") as photos:
        root = photos.header.details["root"]
        fix = (
            f"Leave out {concerned}, or add --models workspace"
            if elsewhere
            else f"Add --data {root}, which they then encode, or --models workspace"
        )
        require_same_maps(crops, models, device, concerned, fix)


def load_compared(
    workspace: Workspace,
    models: Models,
    names: Sequence[str],
    device: torch.device,
    seed: int,
    track: Track,
    elsewhere: bool = False,
) -> dict[str, Embed]:
    """Rankers to compare, by name, in this order.

    Args:
        workspace: On whose training split rankers learn.
        models: Whose DeepRank is compared.
        names: Some of ``KNOWN_RANKERS``.
        device: Where networks run.
        seed: Of what is drawn in learning.
        track: Shows progress.
        elsewhere: As for ``require_comparable``.

    Raises:
        BadUsage: There is no such ranker.
        MissingArtifact: A ranker has to learn, and the workspace has no crops.
        BadDataset: It has no photographs for training.
        StaleArtifact: A ranker is for maps of another encoder or grid than those that
            are compared.
    """
    require_comparable(workspace, models, names, device, elsewhere)
    trained = models.rankers(device) if DEEPRANK in names else {}
    ready: dict[str, Embed] = {}
    with ExitStack() as stack:
        for name in names:
            if name in LEARNT:
                learner = _learner(workspace, device, seed, track, stack)
                ready[name] = LEARNT[name](learner)
            else:
                ready[name] = trained[name] if name == DEEPRANK else UNLEARNT[name]()
    return ready


def _learner(
    workspace: Workspace,
    device: torch.device,
    seed: int,
    track: Track,
    stack: ExitStack,
) -> Learner:
    records = stack.enter_context(workspace.open("photos"))
    crops = stack.enter_context(workspace.open("crops"))
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    training = [
        photo for photo in photos if photo.split == "train" and photo.path in available
    ]
    # Its own gallery alone: photographs of other splits are to be found later.
    search = search_of_split(training, "train", available, alterations_of(crops))
    if len(training) < 2 or len(search.gallery) < 2:
        raise BadDataset(
            "The workspace's training split holds nothing to learn rankers from.",
            f"Give photographs the split train, or leave out {', '.join(LEARNT)}.",
        )
    every = -(-len(training) // MOST_LEARNT_FROM)
    return Learner(
        [View(photo.path) for photo in training[::every]],
        search,
        garments_reader(crops, device),
        seed,
        track,
    )
