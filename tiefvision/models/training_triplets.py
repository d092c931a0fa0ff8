"""The triplets that a network of the literature is trained and validated on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.models.scorers import score_photos
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.sampling import Sampling, Scorers, Settings
from tiefvision.workspace.job import Resources

MOST_VALIDATED = 20_000
"""Triplets of a validation at most; MILDNet's has 24,163. A sampling may give more."""

BY_THE_NETWORK = ("close",)
"""Samplings whose scorer is the network in training, as it is when an epoch begins."""


@dataclass(frozen=True, eq=False)
class TripletSource:
    """Where the triplets of a split come from.

    Attributes:
        photos: photographs of the split.
        fixed: triplets of a file and of the dataset, each part of every draw.
        sampling: sampling that draws others; None for none.
        settings: settings of the sampling.
        garments_of: reader of the crops of views.
        load: loads the rankers that the sampling reads as scorers, by name.
        resources: progress of the scorers.
        tables: their similarities by name, (N, N) float32; filled when first needed.
    """

    photos: Sequence[Photo]
    fixed: Sequence[ViewTriplet]
    sampling: Sampling | None
    settings: Settings
    garments_of: GarmentsOf
    load: Callable[[str], Embed]
    resources: Resources
    tables: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def draw(
        self, generator: np.random.Generator, own: Embed | None = None
    ) -> list[ViewTriplet]:
        """Draw triplets, those of an epoch or of the validation.

        Args:
            generator: random generator of every choice.
            own: the network in training, as a ranker; None where rankers stand for it.

        Raises:
            BadDataset: The photographs do not allow the sampling.
        """
        if not self.sampling:
            return list(self.fixed)
        scorers = self._scorers(self.sampling, own)
        drawn = self.sampling.draw(self.photos, self.settings, scorers, generator)
        return [*drawn, *self.fixed]

    def _scorers(self, sampling: Sampling, own: Embed | None) -> Scorers:
        if own and sampling.name in BY_THE_NETWORK:
            return {"network": self._table(own)}
        for name in sampling.scorers:
            if name not in self.tables:
                self.tables[name] = self._table(self.load(name))
        return self.tables

    def _table(self, embed: Embed) -> NDArray[np.float32]:
        return score_photos(self.photos, self.garments_of, embed, self.resources)


def training_triplets(
    source: TripletSource, generator: np.random.Generator, own: Embed
) -> list[ViewTriplet]:
    """The triplets of an epoch. Raises BadDataset if there are none."""
    triplets = source.draw(generator, own)
    if not triplets:
        raise BadDataset(
            "The training split has no triplets.",
            "Give --triplets a file with triplets of its photographs, or --sampling.",
        )
    return triplets


def validation_triplets(source: TripletSource, seed: int) -> list[ViewTriplet]:
    """The triplets of the validation, drawn once; [] if its photographs allow none.

    Triplets of a file and of the dataset come alone, where the split has any.

    Args:
        source: source of the validation split.
        seed: seed of the draw, and of the choice among more than ``MOST_VALIDATED``.
    """
    generator = np.random.default_rng(seed)
    triplets = list(source.fixed)
    if not triplets:
        try:
            triplets = source.draw(generator)
        except BadDataset:
            return []
    if len(triplets) <= MOST_VALIDATED:
        return triplets
    chosen = generator.choice(len(triplets), MOST_VALIDATED, replace=False)
    return [triplets[number] for number in sorted(chosen)]
