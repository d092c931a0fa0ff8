"""How much memory exact search takes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import Embed, Garments, GarmentsOf
from tiefvision.ranking.views import BLOCK

BYTES_OF_A_PAIR = 48
"""Of a query of a block and a photograph of the gallery: their similarity in 4, then
orders and sums over them of 8 each, as many as live at a time (44 were measured)."""


def peak_bytes(
    embedding: int, gallery: int, garment: int = 0, block: int = BLOCK
) -> int:
    """The most memory of arrays that ``run_search`` takes, beside a ranker's own.

    Libraries keep buffers of their own: 20 MB more were seen of a process.

    While embedding: a block of queries, one of the gallery, the garments it is made of
    and the similarities of a block. Then, while judging: a block of queries and what is
    worked out of their similarities. It grows with the gallery, but not with its
    square, nor with the number of queries.

    Args:
        embedding: Numbers in an embedding.
        gallery: Photographs searched.
        garment: Bytes that a ranker reads of one garment.
        block: Views embedded at a time.

    >>> peak_bytes(30976, 800, 4 * 30976) / 1e6
    95.977472
    """
    rows = 4 * block * embedding
    embedding_them = 2 * rows + block * garment + 4 * block * gallery
    return max(embedding_them, rows + BYTES_OF_A_PAIR * block * gallery)


@torch.inference_mode()
def peak_of_search(search: Search, embed: Embed, garments_of: GarmentsOf) -> int:
    """``peak_bytes`` of a search by a ranker, whose needs one garment shows.

    Args:
        search: Whose gallery holds a photograph or more.
        embed: The ranker.
        garments_of: Reads the crops of views.
    """
    weighed = _Weighed(garments_of(search.gallery[:1]))
    width = embed(weighed).shape[1]
    return peak_bytes(width, len(search.gallery), sum(weighed.read.values()))


class _Weighed:
    """Garments that note how many bytes of them are read."""

    def __init__(self, garments: Garments) -> None:
        self._garments = garments
        self.read: dict[str, int] = {}

    @property
    def maps(self) -> Tensor:
        return self._weigh("maps", self._garments.maps)

    @property
    def colours(self) -> Tensor:
        return self._weigh("colours", self._garments.colours)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        self.read["pixels"] = self._garments.pixels.nbytes
        return self._garments.pixels

    def _weigh(self, name: str, tensor: Tensor) -> Tensor:
        self.read[name] = tensor.element_size() * tensor.numel()
        return tensor
