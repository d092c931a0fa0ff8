"""Approximate nearest-neighbour search in a HNSW graph, by NMSLIB.

This is the only module that imports NMSLIB and the only one that handles distances,
which are negative inner products; everything outside works with similarities.

On vectors of unit length the inner product is the cosine. NMSLIB's own cosine computes
both lengths again for every pair while it builds, which takes a fifth longer
(docs/experiments/0014-index.md).

Source: Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search
using Hierarchical Navigable Small World graphs" (arXiv:1603.09320).
"""

import importlib
import os
import struct
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import StaleArtifact, TiefVisionError, reason_of
from tiefvision.files import naming, open_file
from tiefvision.index.neighbours import Neighbours
from tiefvision.machine import usable_cores

MOST_EFFORT = 1_000_000
"""Candidates at most: more than any gallery here has rows; NMSLIB counts in 32 bits."""


_HEAD = struct.Struct("<IIQQQiIQQi")
"""How a file of NMSLIB's begins: 1 for its optimised layout, the number of rows, the
bytes of a row with its links, six more numbers of the graph, and its distance."""

_INNER_PRODUCT = 4
"""NMSLIB's number of the inner product; an earlier release used 3, the cosine."""


@dataclass(frozen=True)
class HnswSettings:
    """Parameters of a HNSW graph.

    More links and less effort than the usual 16 and 200 build 20,000 rows in half the
    time, and need about the same search effort (docs/experiments/0014-index.md).

    Attributes:
        links: number of neighbours of a node ("M" in the paper).
        effort: size of the candidate list while building ("efConstruction").
        search_effort: size of the candidate list while searching ("ef").
    """

    links: int = 24
    effort: int = 100
    search_effort: int = 200


class HnswIndex:
    """A HNSW graph over the embeddings of a gallery, searched by cosine.

    Attributes:
        rows: number of embeddings in the graph.
        settings: parameters of the graph.
    """

    def __init__(self, index: Any, rows: int, settings: HnswSettings) -> None:
        self._index = index
        self._effort = threading.Lock()
        self.settings = settings
        self.rows = rows
        if rows:
            self._set_effort(settings.search_effort)

    def search(
        self, queries: NDArray[np.float32], k: int, effort: int | None = None
    ) -> Neighbours:
        """Find the rows most similar to each query. Several threads may search at once.

        Args:
            queries: embeddings of unit length, (Q, D) float32.
            k: number of rows to find.
            effort: size of the candidate list; that of the settings if None, and k at
                least. Searches that ask for another one than the settings have take
                turns, and others meanwhile search with it too.

        Returns:
            k rows per query, the most similar first. If the gallery is smaller than k,
            or the graph yields fewer rows for some query, all queries get as many rows
            as the query with the fewest.

        Raises:
            TiefVisionError: NMSLIB failed, for lack of memory or of threads.
        """
        if len(queries) == 0 or self.rows == 0:
            empty = np.empty((len(queries), 0))
            return Neighbours(empty.astype(np.int64), empty.astype(np.float32))
        k = min(k, self.rows)
        # NMSLIB never returns more than "ef" rows.
        effort = max(effort or self.settings.search_effort, k)
        with _nmslib_errors("search"):
            if effort == self.settings.search_effort:
                found = self._query(queries, k)
            else:
                with self._effort:
                    self._set_effort(effort)
                    try:
                        found = self._query(queries, k)
                    finally:
                        self._set_effort(self.settings.search_effort)
        width = min(len(rows) for rows, _ in found)
        # A third of the time of np.stack and np.clip, which a single query notices.
        rows = np.concatenate([rows[:width] for rows, _ in found])
        distances = np.concatenate([distances[:width] for _, distances in found])
        similarities = np.minimum(np.maximum(-distances, -1.0), 1.0)
        shape = len(queries), width
        return Neighbours(
            rows.astype(np.int64).reshape(shape), similarities.reshape(shape)
        )

    def _query(self, queries: NDArray[np.float32], k: int) -> Any:
        # NMSLIB starts its threads anew for each call, and none for one query.
        threads = min(usable_cores(), len(queries))
        return self._index.knnQueryBatch(queries, k=k, num_threads=threads)

    def _set_effort(self, effort: int) -> None:
        self._index.setQueryTimeParams({"ef": effort})

    def with_search_effort(self, effort: int) -> "HnswIndex":
        """The same graph with another search effort; this index is used no more."""
        settings = replace(self.settings, search_effort=effort)
        return HnswIndex(self._index, self.rows, settings)

    def to_bytes(self) -> bytes:
        """The graph with its vectors in NMSLIB's format; b"" for an empty gallery.

        Raises:
            TiefVisionError: NMSLIB failed, for lack of memory.
        """
        if self.rows == 0:
            return b""
        with _nmslib_errors("write"), _file_in_memory() as path:
            self.save(path)
            return path.read_bytes()

    def save(self, path: Path) -> None:
        """Write what ``to_bytes`` returns to a file, without a copy in memory.

        The file is not replaced as a whole: give the path of a file aside, and rename
        it afterwards.

        Raises:
            TiefVisionError: The file cannot be written, or NMSLIB lacks memory.
        """
        with _nmslib_errors("write"), naming(path):
            path.write_bytes(b"")  # the reason of the system, which NMSLIB hides
            if self.rows:  # NMSLIB crashes on a graph that was never built
                self._index.saveIndex(os.fsencode(path), save_data=False)


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

    Raises:
        TiefVisionError: NMSLIB failed, for lack of memory or of threads.
    """
    settings = settings or HnswSettings()
    index = _new_index()
    if len(embeddings):
        with _nmslib_errors("build"):
            index.addDataPointBatch(np.ascontiguousarray(embeddings))
            index.createIndex(
                {
                    "M": settings.links,
                    "efConstruction": settings.effort,
                    "indexThreadQty": usable_cores(),
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

    Raises:
        TiefVisionError: NMSLIB failed, for lack of memory.
    """
    with _nmslib_errors("read"), _file_in_memory() as path:
        path.write_bytes(content)
        return load_index(path, rows, settings)


def load_index(
    path: Path, rows: int, settings: HnswSettings | None = None
) -> HnswIndex:
    """Load a graph from a file that ``HnswIndex.save`` wrote.

    NMSLIB copies the file into memory and does not validate it: what is damaged can end
    the process. Here only its beginning and its length are checked.

    Args:
        path: file of the graph.
        rows: number of embeddings in it.
        settings: parameters of the graph; the defaults if None.

    Raises:
        StaleArtifact: The file is no such graph, or another release wrote it.
        TiefVisionError: The file cannot be read, or NMSLIB lacks memory.
    """
    index = _new_index()
    with _nmslib_errors("read"), naming(path):
        _require_graph(path, rows)
        if rows:
            index.loadIndex(os.fsencode(path), load_data=False)
    return HnswIndex(index, rows, settings or HnswSettings())


def _require_graph(path: Path, rows: int) -> None:
    """Check the beginning and the length of a file.

    Raises:
        StaleArtifact: It is no graph of so many rows by the inner product.
        OSError: It cannot be read; NMSLIB would not tell the reason.
    """
    with open_file(path) as file:
        if not rows:
            return
        head = file.read(_HEAD.size)
        length = file.seek(0, os.SEEK_END)
    if len(head) == _HEAD.size:
        optimized, count, row_bytes, *_, distance = _HEAD.unpack(head)
        known = (optimized, count, distance) == (1, rows, _INNER_PRODUCT)
        if known and length > _HEAD.size + rows * row_bytes:
            return
    raise StaleArtifact(
        f"An index of {rows} rows is damaged, or another release wrote it.",
        "Run: tiefvision index FOLDER",
    )


@contextmanager
def _file_in_memory() -> Iterator[Path]:
    """A file for NMSLIB, which reads and writes nothing but files.

    It lies in memory where the system can do that (Linux), so that a search does not
    copy the index through a disk, and a small temporary folder is no obstacle.
    """
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("index")
        try:
            path = Path(f"/proc/self/fd/{number}")
            if path.exists():  # /proc is missing in some containers
                yield path
                return
        finally:
            os.close(number)
    with naming(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "index"


@contextmanager
def _nmslib_errors(doing: str) -> Iterator[None]:
    """Turn what NMSLIB raises, texts of the C++ library, into a sentence."""
    try:
        yield
    except (RuntimeError, ValueError, IndexError, MemoryError, OSError) as error:
        out = isinstance(error, MemoryError)
        reason = "out of memory" if out else reason_of(error)
        file = f" {error.filename}" if isinstance(error, OSError) else ""
        raise TiefVisionError(
            f"NMSLIB cannot {doing} the index{file}: {reason}.",
            "See what is limited here: memory, threads or the size of files "
            "(ulimit -a; df -h), and run again.",
        ) from error


def _new_index() -> Any:
    nmslib = _import_nmslib()
    return nmslib.init(
        method="hnsw",
        space="negdotprod",
        data_type=nmslib.DataType.DENSE_VECTOR,
        dtype=nmslib.DistType.FLOAT,
    )


def _import_nmslib() -> Any:
    """Import NMSLIB with stderr redirected to the null device.

    While loading, the C++ library writes to stderr that its wheel was built without
    the instructions of newer processors.

    Raises:
        TiefVisionError: NMSLIB is not installed, or not for this machine.
    """
    if "nmslib" not in sys.modules:
        try:
            with _silent_stderr():
                importlib.import_module("nmslib")
        except ImportError as error:
            raise TiefVisionError(
                f"NMSLIB cannot be imported: {error}.", "Run: pip install nmslib"
            ) from error
    return sys.modules["nmslib"]


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """What C++ writes to stderr goes nowhere; a program may have closed stderr."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        if sys.stderr:
            sys.stderr.flush()
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
