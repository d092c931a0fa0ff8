"""Indexes that are compared: ours on NMSLIB, exact search, and three other libraries.

All graphs get the same number of links and the same effort while building. hnswlib,
faiss and usearch are installed with the extra "bench"; the package uses none of them.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tiefvision.index.exact import ExactIndex
from tiefvision.index.folding import FoldedIndex, learn_folding
from tiefvision.index.hnsw import HnswSettings, build_index

Rows = NDArray[np.int64]
Vectors = NDArray[np.float32]


class Contender(Protocol):
    """An index over vectors of unit length, searched by inner product."""

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """Numbers of the k rows nearest to each query, (Q, k)."""

    def size(self) -> int:
        """Bytes of the index with its vectors, as it is written to a file."""


class Exact:
    """Every row compared with the query, by NumPy."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        self._index = ExactIndex(vectors)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows, whatever the effort."""
        return self._index.search(queries, k).rows

    def size(self) -> int:
        """Bytes of the vectors."""
        return self._index.embeddings.nbytes


class Nmslib:
    """``hnsw.HnswIndex``."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        self._index = build_index(vectors, settings)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows."""
        return self._index.search(queries, k, effort).rows

    def size(self) -> int:
        """Bytes of the file."""
        return len(self._index.to_bytes())


class Folded:
    """``folding.FoldedIndex`` with half as many numbers in the graph."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        folding = learn_folding(vectors, max(2, vectors.shape[1] // 2))
        graph = build_index(folding.apply(vectors), settings)
        self._index = FoldedIndex(graph, folding, vectors)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows."""
        return self._index.search(queries, k, effort).rows

    def size(self) -> int:
        """Bytes of the file, and of the vectors beside it."""
        return len(self._index.index.to_bytes()) + self._index.embeddings.nbytes


class Hnswlib:
    """hnswlib, by NMSLIB's authors."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        import hnswlib

        self._threads = threads
        self._index: Any = hnswlib.Index("ip", vectors.shape[1])
        self._index.init_index(
            len(vectors), M=settings.links, ef_construction=settings.effort
        )
        self._index.add_items(vectors, num_threads=threads)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows."""
        self._index.set_ef(effort)
        rows: Rows = self._index.knn_query(queries, k, num_threads=self._threads)[0]
        return rows

    def size(self) -> int:
        """Bytes of the file."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "index"
            self._index.save_index(str(file))
            return file.stat().st_size


class Faiss:
    """faiss's IndexHNSWFlat, by Meta."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        import faiss

        faiss.omp_set_num_threads(threads)
        self._index: Any = faiss.IndexHNSWFlat(
            vectors.shape[1], settings.links, faiss.METRIC_INNER_PRODUCT
        )
        self._index.hnsw.efConstruction = settings.effort
        self._index.add(vectors)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows."""
        self._index.hnsw.efSearch = effort
        rows: Rows = self._index.search(queries, k)[1]
        return rows

    def size(self) -> int:
        """Bytes of the file."""
        import faiss

        return len(faiss.serialize_index(self._index))


class Usearch:
    """usearch, by Unum."""

    def __init__(self, vectors: Vectors, settings: HnswSettings, threads: int) -> None:
        from usearch.index import Index

        self._threads = threads
        self._index: Any = Index(
            ndim=vectors.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=settings.links,
            expansion_add=settings.effort,
        )
        self._index.add(np.arange(len(vectors)), vectors, threads=threads)

    def search(self, queries: Vectors, k: int, effort: int) -> Rows:
        """The nearest rows."""
        self._index.expansion_search = effort
        found = self._index.search(queries, k, threads=self._threads)
        # Of a single query it gives one axis.
        return np.asarray(found.keys, dtype=np.int64).reshape(len(queries), -1)

    def size(self) -> int:
        """Bytes of the file."""
        return len(self._index.save())


EXACT = "exact"

CONTENDERS: dict[str, Callable[[Vectors, HnswSettings, int], Contender]] = {
    "nmslib": Nmslib,
    "nmslib, folded": Folded,
    "hnswlib": Hnswlib,
    "faiss": Faiss,
    "usearch": Usearch,
    EXACT: Exact,
}
"""Functions that build a contender of vectors (N, D), settings and threads, by name.
The first two are ours."""
