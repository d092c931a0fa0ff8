"""Search by reduced embeddings, ordered by whole ones; and how dense a place is."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.gallery import PHOTOS_OF_AN_ITEM
from tiefvision.catalogue.reduction import Reduction
from tiefvision.index.closeups import (
    CLOSEUP_SHORTLIST,
    CloseupsOf,
    order_by_closeups,
)
from tiefvision.index.neighbours import Neighbours
from tiefvision.index.reranking import SHORTLIST, EmbeddingsOf, rerank
from tiefvision.index.segments import Segments
from tiefvision.ranking.matching import COMPARED, TWIN, densities_of

Vectors = NDArray[np.float32]


def find_closest(
    segments: Segments,
    query: Vectors,
    count: int,
    allowed: NDArray[np.bool_] | None,
    reduction: Reduction | None,
    whole_of: EmbeddingsOf,
    closeups_of: CloseupsOf | None = None,
) -> Neighbours:
    """The closest rows of an index, by whole embeddings.

    Args:
        segments: index, of reduced embeddings if there is a reduction.
        query: whole embedding of unit length, (1, D) float32.
        count: number of rows.
        allowed: whether each row may be found, by row number; None for all.
        reduction: reduction of the embeddings in the index; None if they are whole.
        whole_of: reads whole embeddings of rows, where there is a reduction.
        closeups_of: reads the whole embeddings of the close-ups of rows; None if rows
            have none.
    """
    if closeups_of is not None:
        most = max(count, CLOSEUP_SHORTLIST)
        found = find_closest(segments, query, most, allowed, reduction, whole_of)
        return order_by_closeups(found, query, closeups_of, count)
    if reduction is None:
        return segments.search(query, count, allowed)
    most = max(count, SHORTLIST)
    shortlist = segments.search(reduction.apply(query), most, allowed)
    return rerank(shortlist, query, whole_of, count)


def densities_in(
    segments: Segments,
    numbers: NDArray[np.int64],
    vectors_of: Callable[[NDArray[np.int64]], Vectors],
    items: NDArray[np.int64],
) -> Vectors:
    """Densities of rows among the rows of an index, as ``ranking.matching`` uses them.

    Photographs of one product that is listed twice do not surround each other.

    Args:
        segments: index.
        numbers: numbers of n rows.
        vectors_of: reads the embeddings in the index of rows.
        items: number of the item of each row, by row number.

    Returns:
        (n,) float32; NaN for a row whose neighbours are all of its own item.
    """
    densities = np.full(len(numbers), np.nan, dtype=np.float32)
    for place, vector in enumerate(vectors_of(numbers)):
        found = segments.search(vector[None], COMPARED * PHOTOS_OF_AN_ITEM, None)
        others = found.similarities[0] < TWIN
        own = items[numbers[place : place + 1]]
        near, kinds = found.similarities[:, others], items[found.rows[0][others]]
        densities[place] = densities_of(near, own, kinds)[0]
    return densities
