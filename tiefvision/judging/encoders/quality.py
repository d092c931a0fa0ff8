"""Quality of encoders in meaning and in appearance, before anything is trained.

Meaning: the class of a photograph, predicted by a vote of its nearest neighbours.
Appearance: retrieval of a product's main photograph by another view of the product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.datasets.class_folders import ClassPhoto
from tiefvision.datasets.product_views import (
    MAIN_VIEW,
    QUERY_VIEWS,
    Half,
    ProductPhoto,
    half_of,
)
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.evaluation.classes import NEIGHBOURS, neighbour_class_hits
from tiefvision.evaluation.intervals import Figure, bootstrap_mean
from tiefvision.evaluation.products import photo_ranks
from tiefvision.evaluation.retrieval import recall_at
from tiefvision.judging.encoders.candidates import Candidate
from tiefvision.photos.reading import read_photo
from tiefvision.progress import Track, untracked

CLASS_MEASURE = "class"
"""Name of the accuracy of the class vote; other measures have the name of a view."""

CUTS = (1, 5, 20)
"""The k of recall@k."""


@dataclass(frozen=True)
class Quality:
    """One figure of one candidate.

    Attributes:
        candidate: embedding that was evaluated.
        measure: ``CLASS_MEASURE``, or the view of the queries.
        k: number of neighbours that vote, or the k of recall@k.
        figure: mean over the queries, with its interval.
        photographs: number of photographs in the gallery.
        queries: number of queries.
    """

    candidate: Candidate
    measure: str
    k: int
    figure: Figure
    photographs: int
    queries: int

    def to_dict(self) -> dict[str, Any]:
        """The fields as values of JSON types."""
        candidate = self.candidate
        return {
            "encoder": candidate.encoder,
            "weights": candidate.weights,
            "features": candidate.features,
            "measure": self.measure,
            "k": self.k,
            **self.figure.to_dict(),
            "photographs": self.photographs,
            "queries": self.queries,
        }


@dataclass(frozen=True)
class QualityReport:
    """The figures of all candidates on one dataset.

    Attributes:
        qualities: figures, candidate by candidate.
        skipped: a message for each photograph that could not be read.
    """

    qualities: tuple[Quality, ...]
    skipped: tuple[str, ...]


def measure_meaning(
    photos: Sequence[ClassPhoto],
    candidates: Sequence[Candidate],
    k: int = NEIGHBOURS,
    seed: int = 0,
    track: Track = untracked,
) -> QualityReport:
    """Accuracy of the class of test photographs, voted by training photographs.

    Args:
        photos: photographs with classes; splits other than "train" and "test" are
            ignored.
        candidates: embeddings to evaluate; a photograph is read once for all of them.
        k: number of nearest neighbours that vote.
        seed: seed of the bootstrap.
        track: shows progress, photograph by photograph.

    Raises:
        BadDataset: No photograph of one of the splits can be read.
    """
    used = [photo for photo in photos if photo.split in ("train", "test")]
    embedded = embed_photos([photo.path for photo in used], candidates, track)
    read = [used[row] for row in embedded.rows]
    gallery, queries = (
        _rows_where([photo.split == split for photo in read], f"of split {split}")
        for split in ("train", "test")
    )
    labels = np.array([photo.label for photo in read])
    qualities = []
    for candidate, table in zip(candidates, embedded.tables, strict=True):
        hits = neighbour_class_hits(
            table[queries],
            labels[queries].tolist(),
            table[gallery],
            labels[gallery].tolist(),
            k,
        )
        alone = np.arange(len(hits))  # a class tells no two photographs of one product
        figure = bootstrap_mean(hits, seed, alone)
        counts = (len(gallery), len(queries))
        qualities.append(Quality(candidate, CLASS_MEASURE, k, figure, *counts))
    return QualityReport(tuple(qualities), embedded.skipped)


def measure_appearance(
    photos: Sequence[ProductPhoto],
    candidates: Sequence[Candidate],
    half: Half = "reporting",
    seed: int = 0,
    track: Track = untracked,
) -> QualityReport:
    """recall@k of a product's main view, searched by each of ``QUERY_VIEWS``.

    The gallery holds all main views and no query. Ranks count photographs.

    Args:
        photos: photographs of products; views other than ``MAIN_VIEW`` and
            ``QUERY_VIEWS`` are ignored.
        candidates: embeddings to evaluate; a photograph is read once for all of them.
        half: half of the products whose photographs search.
        seed: seed of the bootstrap.
        track: shows progress, photograph by photograph.

    Raises:
        BadDataset: No photograph of one of the views can be read.
    """
    used = [
        photo
        for photo in photos
        if photo.view == MAIN_VIEW
        or (photo.view in QUERY_VIEWS and half_of(photo.product) == half)
    ]
    embedded = embed_photos([photo.path for photo in used], candidates, track)
    read = [used[row] for row in embedded.rows]
    products = np.array([photo.product for photo in read])
    rows = {
        view: _rows_where([photo.view == view for photo in read], f"of view {view}")
        for view in (MAIN_VIEW, *QUERY_VIEWS)
    }
    gallery = rows[MAIN_VIEW]
    qualities = []
    for candidate, table in zip(candidates, embedded.tables, strict=True):
        for view in QUERY_VIEWS:
            queries = rows[view]
            ranks = photo_ranks(
                table[queries],
                products[queries].tolist(),
                table[gallery],
                products[gallery].tolist(),
            )
            counts = (len(gallery), len(queries))
            asked = np.unique(products[queries], return_inverse=True)[1]
            for k in CUTS:
                figure = bootstrap_mean(recall_at(ranks, k), seed, asked)
                qualities.append(Quality(candidate, view, k, figure, *counts))
    return QualityReport(tuple(qualities), embedded.skipped)


@dataclass(frozen=True)
class Embedded:
    """Embeddings of photographs.

    Attributes:
        rows: indices of the photographs that could be read.
        tables: their embeddings by each candidate, (N, D) float32; none if no
            photograph could be read.
        skipped: a message for each photograph that could not be read.
    """

    rows: list[int]
    tables: list[NDArray[np.float32]]
    skipped: tuple[str, ...]


def embed_photos(
    paths: Sequence[Path], candidates: Sequence[Candidate], track: Track
) -> Embedded:
    """Embed photographs by several candidates; each is read once.

    Args:
        paths: files of the photographs.
        candidates: embeddings to compute.
        track: shows progress, photograph by photograph.
    """
    rows: list[int] = []
    embeddings: list[list[NDArray[np.float32]]] = [[] for _ in candidates]
    skipped = []
    for row, path in enumerate(track(paths, "embedding", len(paths))):
        try:
            photo = read_photo(path)
        except UnreadablePhoto as error:
            skipped.append(str(error))
            continue
        rows.append(row)
        for candidate, found in zip(candidates, embeddings, strict=True):
            found.append(candidate.embed(photo))
    tables = [np.stack(found) for found in embeddings] if rows else []
    return Embedded(rows, tables, tuple(skipped))


def _rows_where(chosen: Sequence[bool], which: str) -> NDArray[np.int64]:
    rows = np.flatnonzero(np.array(chosen, dtype=np.bool_))
    if len(rows) == 0:
        raise BadDataset(f"There is no readable photograph {which}.")
    return rows
