"""A process for each index that is compared, so that each has threads and memory alone.

The processes take turns: while one works, the others wait for a message.
"""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import TiefVisionError, reason_of
from tiefvision.index.hnsw import HnswSettings

STATUS = Path("/proc/self/status")
"""File in which Linux tells the memory of this process alone: ``getrusage`` also counts
that of the process that started it."""


@dataclass(frozen=True)
class Entry:
    """An index that takes part.

    Attributes:
        name: name in the table.
        kind: key of ``index_contenders.CONTENDERS``.
        packages: folder whose packages come before those installed; None for none.
    """

    name: str
    kind: str
    packages: Path | None = None


@dataclass(frozen=True)
class Built:
    """What building an index took.

    Attributes:
        seconds: time.
        cpu: CPU time of all threads, in seconds.
        peak: most resident memory above that before the building, in bytes.
        size: bytes of the index as a file, with its vectors.
    """

    seconds: float
    cpu: float
    peak: int
    size: int


@dataclass(frozen=True)
class Found:
    """What a search for all queries gave and took.

    Attributes:
        rows: rows found, (Q, k).
        seconds: time.
        cpu: CPU time of all threads, in seconds.
    """

    rows: NDArray[np.int64]
    seconds: float
    cpu: float


class Contestant:
    """The process of an index. ``close`` ends it.

    Args:
        entry: the index.
        vectors: file of the vectors, as ``numpy.save`` wrote it.
        queries: file of the queries.
        settings: parameters of the graph.
        threads: threads of the index.
    """

    def __init__(
        self,
        entry: Entry,
        vectors: Path,
        queries: Path,
        settings: HnswSettings,
        threads: int,
    ) -> None:
        self.entry = entry
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (theirs, entry, vectors, queries, settings, threads)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        with limited_to(threads):
            self._process.start()
        theirs.close()

    def build(self) -> Built:
        """Build the index.

        Raises:
            ImportError: The library is not installed.
            TiefVisionError: The process failed.
        """
        built = self._ask(("build",))
        assert isinstance(built, Built)
        return built

    def search(self, k: int, effort: int) -> Found:
        """Search for all queries. Raises what ``build`` does."""
        found = self._ask(("search", k, effort))
        assert isinstance(found, Found)
        return found

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(timeout=10)
        self._process.kill()

    def _ask(self, message: tuple[object, ...]) -> object:
        try:
            self._connection.send(message)
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise TiefVisionError(
                f"The process of {self.entry.name} ended.",
                "There may be too little memory: try fewer rows (--rows).",
            ) from error
        if isinstance(answer, ImportError):
            raise answer
        if isinstance(answer, Exception):
            raise TiefVisionError(f"{self.entry.name}: {reason_of(answer)}.")
        return answer


@contextmanager
def limited_to(cores: int) -> Iterator[None]:
    """Processes started in a block may use so many cores, where the system can do that.

    Libraries count the cores when they are loaded.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(allowed)[:cores]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _serve(
    connection: Connection,
    entry: Entry,
    vectors: Path,
    queries: Path,
    settings: HnswSettings,
    threads: int,
) -> None:
    """Answer messages until the connection is closed."""
    if entry.packages:
        sys.path.insert(0, str(entry.packages))
    from tiefvision.benchmarks.index_contenders import CONTENDERS

    table, asked = np.load(vectors), np.load(queries)
    index = None
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        answer: object
        try:
            before = _peak()
            begun, used = time.perf_counter(), time.process_time()
            if message[0] == "build":
                index = CONTENDERS[entry.kind](table, settings, threads)
                taken = time.perf_counter() - begun, time.process_time() - used
                answer = Built(*taken, _peak() - before, index.size())
            else:
                assert index is not None
                rows = np.asarray(index.search(asked, *message[1:]), dtype=np.int64)
                taken = time.perf_counter() - begun, time.process_time() - used
                answer = Found(rows, *taken)
        except Exception as error:  # told to the other side
            answer = error
        connection.send(answer)


def _peak() -> int:
    """Most memory that was resident in this process, in bytes."""
    if STATUS.exists():
        lines = STATUS.read_text(encoding="utf-8").splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)
