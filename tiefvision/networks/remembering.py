"""Embeddings that are kept: a comparison asks for those of a crop several times.

Exact search, the index, the examples and the map of a gallery each embed it. A network
takes a tenth of a second and more for a crop, and a digest of its pixels 0.2 ms.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tiefvision.networks.ranker import NetworkRanker, Pictures

MOST_BYTES = 256 << 20
"""Memory of the embeddings that are kept: 16,000 of 4096 numbers."""


@dataclass(frozen=True, eq=False)
class RememberingRanker:
    """A network, whose weights do not change, with the embeddings that it gave last.

    Attributes:
        ranker: network that embeds crops.
        kept: embeddings by digest of the crop, the oldest first.
    """

    ranker: NetworkRanker
    kept: OrderedDict[bytes, NDArray[np.float32]] = field(default_factory=OrderedDict)

    def on_device(self, device: str) -> "RememberingRanker":
        """The same ranker on a device, by torch's name; what is kept is kept."""
        return RememberingRanker(self.ranker.on_device(device), self.kept)

    def __call__(self, garments: Pictures) -> NDArray[np.float32]:
        """Embed B garments: (B, D) float32 of unit length."""
        pixels = garments.pixels
        keys = [
            hashlib.blake2b(crop.tobytes(), digest_size=16).digest() for crop in pixels
        ]
        known = {key: self.kept.get(key) for key in keys}
        lacking = {key: number for number, key in enumerate(keys) if known[key] is None}
        if lacking:
            crops = pixels[list(lacking.values())]
            known |= dict(zip(lacking, self.ranker.embed(crops), strict=True))
            self._keep(known)
        rows = np.empty((len(keys), self.ranker.network.size), dtype=np.float32)
        for number, key in enumerate(keys):
            rows[number] = known[key]
        return rows

    def _keep(self, rows: dict[bytes, NDArray[np.float32] | None]) -> None:
        """Keep rows, and as many of the older ones as there is room for."""
        room = MOST_BYTES // (4 * self.ranker.network.size)
        self.kept.update((key, row) for key, row in rows.items() if row is not None)
        for _ in range(len(self.kept) - room):
            self.kept.popitem(last=False)
