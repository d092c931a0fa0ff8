"""Embeddings of whole photographs that need no training: candidates to evaluate.

An encoder gets the photograph stretched to a square, like the crops of the pipeline.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiefvision.encoders.dense import DenseEncoder, FeatureMap
from tiefvision.encoders.weights import Readout
from tiefvision.photos.reading import Photograph
from tiefvision.ranking.colours.histogram import colour_histogram, lab_histogram
from tiefvision.ranking.crops import crop_garment
from tiefvision.ranking.pooling import max_pool, mean_pool
from tiefvision.ranking.similarity import flatten_cells, normalise_cells, unit_rows

PhotoEmbed = Callable[[Photograph], NDArray[np.float32]]
"""Function from a photograph to its embedding, (D,) float32, compared by the cosine."""

MEAN, MAXIMA, REGIONS, CELLS = "mean", "maxima", "4x2 regions", "cells"

REGION_ROWS, REGION_COLUMNS = 4, 2
"""Regions of a map. Each keeps its height on the garment, and is averaged with its
mirror image, since the back of a garment shows left and right exchanged."""

LAB = "LAB"
"""Suffix of an embedding beside the LAB histogram of the photograph."""


@dataclass(frozen=True)
class Candidate:
    """An embedding of photographs to evaluate.

    Attributes:
        encoder: name of the encoder; "none" for one without a network.
        weights: name of the encoder's weights; "" without a network.
        features: what is compared: a form of the map, a read-out or a histogram.
        embed: function that embeds a photograph.
    """

    encoder: str
    weights: str
    features: str
    embed: PhotoEmbed


def histogram_candidates() -> list[Candidate]:
    """The histograms of the whole photograph, in RGB and in LAB, as baselines."""
    return [
        Candidate("none", "", "8x8x8 RGB", colour_histogram),
        Candidate("none", "", LAB, _lab_of_square),
    ]


def encoder_candidates(
    encoder: DenseEncoder, readouts: Mapping[str, Readout] | None = None
) -> list[Candidate]:
    """The embeddings that can be made of an encoder's map, alone and beside LAB.

    "cells" is the whole map of unit cells, as the cosine ranker compares it. A read-out
    is a linear layer over a form of the map. Beside LAB, the cosine is the mean of both
    cosines. A photograph is encoded once for all of them.

    Args:
        encoder: encoder of the feature map.
        readouts: linear layers by name.
    """
    map_of = _remembering_the_last(
        lambda photo: encoder.encode(crop_garment(photo, None))
    )
    lab_of = _remembering_the_last(_lab_of_square)

    def of_map(form: Callable[[FeatureMap], NDArray[np.float32]]) -> PhotoEmbed:
        return lambda photo: form(map_of(photo))

    def beside_lab(embed: PhotoEmbed) -> PhotoEmbed:
        return lambda photo: np.concatenate(
            [*unit_rows(embed(photo)[None]), lab_of(photo)]
        )

    forms = {
        MEAN: of_map(lambda cells: mean_pool(cells[None])[0]),
        MAXIMA: of_map(lambda cells: max_pool(cells[None])[0]),
        REGIONS: of_map(mean_regions),
        CELLS: of_map(lambda cells: flatten_cells(normalise_cells(cells[None]))[0]),
        **{name: of_map(one.read) for name, one in (readouts or {}).items()},
    }
    both = forms | {f"{name} + {LAB}": beside_lab(one) for name, one in forms.items()}
    identity = encoder.identity
    return [
        Candidate(identity.name, identity.weights, features, embed)
        for features, embed in both.items()
    ]


def mean_regions(cells: FeatureMap) -> NDArray[np.float32]:
    """The means over 4 x 2 regions, each averaged with its mirror image.

    Args:
        cells: feature map, (C, h, w).

    Returns:
        Means of the regions, row by row, (8 * C,) float32.
    """
    rows = np.array_split(cells, REGION_ROWS, axis=1)
    means = np.stack(
        [
            [part.mean(axis=(1, 2)) for part in np.array_split(row, REGION_COLUMNS, 2)]
            for row in rows
        ]
    )  # (rows, columns, C)
    return np.asarray((means + means[:, ::-1]).ravel() / 2, dtype=np.float32)


def _lab_of_square(photo: Photograph) -> NDArray[np.float32]:
    return lab_histogram(crop_garment(photo, None))


def _remembering_the_last(
    encode: Callable[[Photograph], NDArray[np.float32]],
) -> Callable[[Photograph], NDArray[np.float32]]:
    last: list[tuple[Photograph, NDArray[np.float32]]] = []

    def encode_once(photo: Photograph) -> NDArray[np.float32]:
        if not last or last[0][0] is not photo:
            last[:] = [(photo, encode(photo))]
        return last[0][1]

    return encode_once
