"""Estimate of the memory that exact search takes."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.views import BLOCK

Number = TypeVar("Number", np.float32, np.uint8)

BYTES_OF_A_PAIR = 48
"""Bytes for each pair of a query in the block and a photograph of the gallery: 4 for
their similarity, the rest for sort orders and cumulative sums of 8 bytes each that are
in memory at the same time (44 bytes were measured)."""


def peak_bytes(
    embedding: int, gallery: int, garment: int = 0, block: int = BLOCK
) -> int:
    """Peak memory of the arrays of ``run_search``, without those inside a ranker.

    While embedding, memory holds a block of queries, a block of the gallery with the
    garments that it is made of, and the similarities of a block. While computing
    figures, it holds a block of queries and the arrays derived from their similarities.
    The peak grows linearly with the gallery and not with the number of queries. Buffers
    of libraries are not counted; they added 20 MB in a measured process.

    Args:
        embedding: length of an embedding.
        gallery: number of photographs in the gallery.
        garment: bytes that a ranker reads of one garment.
        block: number of views embedded at a time.

    Returns:
        Bytes.

    >>> peak_bytes(30976, 800, 4 * 30976) / 1e6
    95.977472
    """
    rows = 4 * block * embedding
    embedding_them = 2 * rows + block * garment + 4 * block * gallery
    return max(embedding_them, rows + BYTES_OF_A_PAIR * block * gallery)


def peak_of_search(search: Search, embed: Embed, garments_of: GarmentsOf) -> int:
    """``peak_bytes`` of a search by a ranker.

    The bytes of a garment are measured by embedding one photograph of the gallery.

    Args:
        search: search with at least one photograph in the gallery.
        embed: ranker.
        garments_of: reader of the crops of views.
    """
    weighed = _Weighed(garments_of(search.gallery[:1]))
    width = embed(weighed).shape[1]
    return peak_bytes(width, len(search.gallery), sum(weighed.read.values()))


class _Weighed:
    """Garments that record how many bytes of each part are read."""

    def __init__(self, garments: Garments) -> None:
        self._garments = garments
        self.views = garments.views
        self.read: dict[str, int] = {}

    @property
    def maps(self) -> NDArray[np.float32]:
        return self._weigh("maps", self._garments.maps)

    @property
    def colours(self) -> NDArray[np.float32]:
        return self._weigh("colours", self._garments.colours)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return self._weigh("pixels", self._garments.pixels)

    def _weigh(self, name: str, array: NDArray[Number]) -> NDArray[Number]:
        self.read[name] = array.nbytes
        return array
