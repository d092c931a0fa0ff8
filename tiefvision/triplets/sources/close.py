"""Close negatives: the nearest wrong items of a network in training.

Source: Cardigan's slides, "close negatives": train, embed, take the nearest wrong items
as new negatives, train again; no more is published. A round is one call with the
similarities of the network as it is; before the first round a ranker takes its place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tiefvision.errors import BadDataset
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import item_names, number_names
from tiefvision.triplets.sources.pairs import item_pairs, shown_rows
from tiefvision.triplets.sources.sampling import (
    Scorers,
    ScorerSettings,
    combine_scorers,
    repeat_rows,
    to_triplets,
)


@dataclass(frozen=True)
class CloseSettings(ScorerSettings):
    """Settings of close negatives."""

    nearest: Annotated[int, "wrong items that a negative is drawn from", 1] = 10
    negatives: Annotated[int, "negatives of a query and positive, at most", 1] = 1


def draw_close(
    photos: Sequence[Photo],
    settings: CloseSettings,
    scorers: Scorers,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw negatives among the nearest photographs of the catalogue of other items.

    An item counts once, with its nearest photograph. The nearest one of all may be a
    wrong label, so it is one of several that a negative is drawn from.

    Args:
        photos: photographs of a split; the shop photographs are the catalogue.
        settings: number of nearest items.
        scorers: similarities whose weighted mean tells what is near.
        generator: random generator of every choice.

    Raises:
        BadDataset: There is only one item.
    """
    table = combine_scorers(scorers, settings)
    items = number_names(item_names(photos))
    shown, pairs = shown_rows(photos), item_pairs(photos)
    each = 1 if settings.count else settings.negatives
    drawn = []
    for query, positive in pairs[repeat_rows(len(pairs), 1, settings.count, generator)]:
        wrong = shown[(items[shown] != items[query]) & (shown != positive)]
        order = wrong[np.argsort(-table[query, wrong], kind="stable")]
        _, first = np.unique(items[order], return_index=True)
        near = order[np.sort(first)[: settings.nearest]]
        if not len(near):
            raise BadDataset(
                "There is only one item, so no photograph can be a negative.",
                "Add photographs of other items to the split.",
            )
        chosen = generator.choice(near, min(each, len(near)), replace=False)
        drawn.append(np.stack(np.broadcast_arrays(query, positive, chosen), axis=1))
    return to_triplets(photos, np.concatenate(drawn))
