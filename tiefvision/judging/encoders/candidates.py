"""Embeddings of whole photographs that need no training: candidates to evaluate.

An encoder gets the photograph stretched to a square, like the crops of the pipeline.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.histogram import colour_histogram
from tiefvision.ranking.crops import crop_garment
from tiefvision.ranking.similarity import flatten_cells, normalise_cells

if TYPE_CHECKING:  # networks are imported where one is loaded
    from torch import nn

    from tiefvision.encoders.dense import DenseEncoder

PhotoEmbed = Callable[[Photograph], NDArray[np.float32]]
"""Function from a photograph to its embedding, (D,) float32, compared by the cosine."""

POOLED = "pooled"
CELLS = "cells"


@dataclass(frozen=True)
class Candidate:
    """An embedding of photographs to evaluate.

    Attributes:
        encoder: name of the encoder; "histogram" for the one without a network.
        weights: name of the encoder's weights; "" without a network.
        features: part or read-out of the encoder's map that is compared.
        embed: function that embeds a photograph.
    """

    encoder: str
    weights: str
    features: str
    embed: PhotoEmbed


def histogram_candidate() -> Candidate:
    """The RGB histogram of the whole photograph, as the baseline."""
    return Candidate("histogram", "", "8x8x8 RGB", colour_histogram)


def encoder_candidates(
    encoder: "DenseEncoder", readouts: "Mapping[str, nn.Linear] | None" = None
) -> list[Candidate]:
    """The embeddings that can be made of an encoder's map.

    "pooled" is the mean over the cells, which ignores position. "cells" is the whole
    map of unit cells, as the cosine ranker compares it. A read-out is a linear layer
    over the mean. A photograph is encoded once for all of them.

    Args:
        encoder: encoder of the feature map.
        readouts: linear layers over the mean, by name.
    """
    map_of = _remembering_the_last(
        lambda photo: np.asarray(encoder.encode(crop_garment(photo, None)))
    )

    def pooled(photo: Photograph) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = map_of(photo).mean(axis=(1, 2))
        return mean

    def cells(photo: Photograph) -> NDArray[np.float32]:
        row: NDArray[np.float32] = flatten_cells(normalise_cells(map_of(photo)[None]))[
            0
        ]
        return row

    def read_out(layer: "nn.Linear") -> PhotoEmbed:
        weight, bias = (part.detach().numpy() for part in (layer.weight, layer.bias))
        return lambda photo: weight @ pooled(photo) + bias

    layers = {name: read_out(layer) for name, layer in (readouts or {}).items()}
    embeds: dict[str, PhotoEmbed] = {POOLED: pooled, CELLS: cells, **layers}
    identity = encoder.identity
    return [
        Candidate(identity.name, identity.weights, features, embed)
        for features, embed in embeds.items()
    ]


def _remembering_the_last(
    encode: Callable[[Photograph], NDArray[np.float32]],
) -> Callable[[Photograph], NDArray[np.float32]]:
    last: list[tuple[Photograph, NDArray[np.float32]]] = []

    def encode_once(photo: Photograph) -> NDArray[np.float32]:
        if not last or last[0][0] is not photo:
            last[:] = [(photo, encode(photo))]
        return last[0][1]

    return encode_once
