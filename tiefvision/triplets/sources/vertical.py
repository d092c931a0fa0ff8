"""Uniform negatives of the same category, as fk-visual-search draws them.

Source: flipkart-incubator/fk-visual-search, the sampler of Street2Shop's pairs: for
every query and every photograph of the product that matches it, 100 negatives, uniform
in the catalogue of the same vertical. The published sampler skips what it drew if it is
the query or a positive; here only the others are drawn from, each once, so that nothing
is skipped. VisNet's text asks for negatives of other
categories as well; the sampling "shares" draws those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadDataset
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import (
    CATEGORY,
    class_names,
    item_names,
    number_names,
)
from tiefvision.triplets.sources.pairs import item_pairs, shown_rows
from tiefvision.triplets.sources.sampling import (
    Scorers,
    Settings,
    repeat_rows,
    to_triplets,
)


@dataclass(frozen=True)
class VerticalSettings(Settings):
    """Settings of the sampling of negatives of the same category."""

    negatives: Annotated[int, "negatives of a query and positive, at most", 1] = 100
    by: Annotated[str, "vertical of a photograph: category, folder or item"] = CATEGORY


def draw_vertical(
    photos: Sequence[Photo],
    settings: VerticalSettings,
    scorers: Scorers,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw negatives of the positive's category, uniformly and without repetition.

    Photographs of unknown category are a category of their own. A pair whose category
    holds no other item gives no triplet. With a count, pairs come in random order with
    one negative each.

    Args:
        photos: photographs of a split; the shop photographs are the catalogue.
        settings: number of negatives.
        scorers: not read.
        generator: random generator of every choice.

    Raises:
        BadDataset: No pair has a negative.
    """
    kinds = number_names(class_names(photos, settings.by))
    items = number_names(item_names(photos))
    shown = shown_rows(photos)
    catalogue = {int(kind): shown[kinds[shown] == kind] for kind in np.unique(kinds)}
    pairs = item_pairs(photos)
    pairs = pairs[_others(kinds, items, shown)[pairs[:, 1]] > 0]
    if not len(pairs):
        raise BadDataset(
            f"No {settings.by} holds photographs of two items.",
            "Use --sampling uniform, or --set by=folder.",
        )
    each = 1 if settings.count else settings.negatives
    drawn = []
    for query, positive in pairs[repeat_rows(len(pairs), 1, settings.count, generator)]:
        own = catalogue[int(kinds[positive])]
        others = own[items[own] != items[positive]]
        chosen = generator.choice(others, min(each, len(others)), replace=False)
        drawn.append(np.stack(np.broadcast_arrays(query, positive, chosen), axis=1))
    return to_triplets(photos, np.concatenate(drawn))


def _others(
    kinds: NDArray[np.int64], items: NDArray[np.int64], shown: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Photographs of the catalogue of each row's category, but of other items, (N,)."""
    _, both = np.unique(kinds * (items.max() + 1) + items, return_inverse=True)
    own = np.bincount(both[shown], minlength=len(both))
    total = np.bincount(kinds[shown], minlength=len(kinds))
    return np.asarray(total[kinds] - own[both])
