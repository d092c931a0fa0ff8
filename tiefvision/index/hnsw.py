"""The NMSLIB index: the only module that knows NMSLIB, and the only one with distances.

Source: Malkov & Yashunin, hierarchical navigable small worlds (arXiv:1603.09320).
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


@dataclass(frozen=True)
class HnswSettings:
    """How the graph is built and searched.

    Attributes:
        links: Neighbours of a node, "M" in the paper.
        effort: Candidates kept while building, "efConstruction".
        search_effort: Candidates kept while searching, "ef".
    """

    links: int = 16
    effort: int = 200
    search_effort: int = 200


class HnswIndex:
    """A graph over the rows of a gallery, searched by cosine."""

    def __init__(self, index: Any, rows: int, settings: HnswSettings) -> None:
        self._index = index
        self._settings = settings
        self.rows = rows

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """The k closest rows of each query, (Q, D) of unit length.

        Where the graph yields fewer than k, or the gallery holds fewer, as many come
        back for every query as for the one with the fewest.
        """
        if len(queries) == 0 or self.rows == 0:
            empty = np.empty((len(queries), 0))
            return Neighbours(empty.astype(np.int64), empty.astype(np.float32))
        k = min(k, self.rows)
        # NMSLIB finds at most "ef" rows, however many are asked for.
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
        """The index with its vectors, as NMSLIB writes it; nothing for no rows."""
        if self.rows == 0:  # NMSLIB crashes on a graph that was never built
            return b""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "index"
            self._index.saveIndex(str(path), save_data=False)
            return path.read_bytes()


def build_index(
    embeddings: NDArray[np.float32], settings: HnswSettings | None = None
) -> HnswIndex:
    """Build the graph over (N, D) embeddings of unit length, row by row.

    NMSLIB draws the levels of the graph from a generator that cannot be seeded from
    Python: the same rows give another graph every time, also on one thread.
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
    """What ``HnswIndex.to_bytes`` wrote.

    The caller must have checked the content against its hash: NMSLIB trusts it.
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
    """Import NMSLIB without the advice that it writes to the terminal.

    Its wheels are built for the oldest processors and say so, from C++, on stderr.
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
