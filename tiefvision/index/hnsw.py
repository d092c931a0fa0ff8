"""Approximate nearest-neighbour search in a HNSW graph, by NMSLIB.

This is the only module that imports NMSLIB and the only one that handles distances
(1 - cosine); everything outside works with similarities.

Source: Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search
using Hierarchical Navigable Small World graphs" (arXiv:1603.09320).
"""

import importlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.neighbours import Neighbours

MOST_EFFORT = 1_000_000
"""Candidates at most: more than any gallery here has rows; NMSLIB counts in 32 bits."""


@dataclass(frozen=True)
class HnswSettings:
    """Parameters of a HNSW graph.

    Attributes:
        links: number of neighbours of a node ("M" in the paper).
        effort: size of the candidate list while building ("efConstruction").
        search_effort: size of the candidate list while searching ("ef").
    """

    links: int = 16
    effort: int = 200
    search_effort: int = 200


class HnswIndex:
    """A HNSW graph over the embeddings of a gallery, searched by cosine.

    Attributes:
        rows: number of embeddings in the graph.
    """

    def __init__(self, index: Any, rows: int, settings: HnswSettings) -> None:
        self._index = index
        self._settings = settings
        self.rows = rows

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Find the rows most similar to each query.

        Args:
            queries: embeddings of unit length, (Q, D) float32.
            k: number of rows to find.

        Returns:
            k rows per query, the most similar first. If the gallery is smaller than k,
            or the graph yields fewer rows for some query, all queries get as many rows
            as the query with the fewest.
        """
        if len(queries) == 0 or self.rows == 0:
            empty = np.empty((len(queries), 0))
            return Neighbours(empty.astype(np.int64), empty.astype(np.float32))
        k = min(k, self.rows)
        # NMSLIB never returns more than "ef" rows.
        effort = max(self._settings.search_effort, k)
        self._index.setQueryTimeParams({"ef": effort})
        threads = os.cpu_count() or 1
        found = self._index.knnQueryBatch(queries, k=k, num_threads=threads)
        width = min(len(rows) for rows, _ in found)
        rows = np.stack([rows[:width] for rows, _ in found]).astype(np.int64)
        distances = np.stack([distance[:width] for _, distance in found])
        similarities = np.clip(1.0 - distances, -1.0, 1.0).astype(np.float32)
        return Neighbours(rows, similarities)

    def to_bytes(self) -> bytes:
        """The graph with its vectors in NMSLIB's format; b"" for an empty gallery."""
        if self.rows == 0:  # NMSLIB crashes on a graph that was never built
            return b""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            self._index.saveIndex(str(path), save_data=False)
            return path.read_bytes()


def build_index(
    embeddings: NDArray[np.float32], settings: HnswSettings | None = None
) -> HnswIndex:
    """Build a HNSW graph.

    NMSLIB draws the levels of the graph from a random generator that cannot be seeded
    from Python. The graph of the same embeddings is therefore different every time,
    even with one thread.

    Args:
        embeddings: gallery rows of unit length, (N, D) float32.
        settings: parameters of the graph; the defaults if None.
    """
    settings = settings or HnswSettings()
    index = _new_index()
    if len(embeddings):
        index.addDataPointBatch(np.ascontiguousarray(embeddings))
        index.createIndex(
            {
                "M": settings.links,
                "efConstruction": settings.effort,
                "indexThreadQty": os.cpu_count() or 1,
            },
            print_progress=False,
        )
    return HnswIndex(index, len(embeddings), settings)


def index_from_bytes(
    content: bytes, rows: int, settings: HnswSettings | None = None
) -> HnswIndex:
    """Load a graph that ``HnswIndex.to_bytes`` wrote.

    NMSLIB does not validate the content, so the caller must have checked its hash.

    Args:
        content: bytes of the graph.
        rows: number of embeddings in it.
        settings: parameters of the graph; the defaults if None.
    """
    index = _new_index()
    if rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            path.write_bytes(content)
            index.loadIndex(str(path), load_data=False)
    return HnswIndex(index, rows, settings or HnswSettings())


def _new_index() -> Any:
    nmslib = _import_nmslib()
    return nmslib.init(
        method="hnsw",
        space="cosinesimil",
        data_type=nmslib.DataType.DENSE_VECTOR,
        dtype=nmslib.DistType.FLOAT,
    )


def _import_nmslib() -> Any:
    """Import NMSLIB with stderr redirected to the null device.

    While loading, the C++ library writes to stderr that its wheel was built without
    the instructions of newer processors.
    """
    if "nmslib" not in sys.modules:
        sys.stderr.flush()
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            importlib.import_module("nmslib")
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)
    return sys.modules["nmslib"]
