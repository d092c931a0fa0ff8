"""Ray: workers on several machines, and shards of a catalogue that answer searches.

The only module that imports Ray, an optional extra: pip install 'tiefvision[ray]'.

All machines see photographs, workspace and models under the same paths; shards come
back through Ray's object store, since LMDB must not write to a network file system.
"""

import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.catalogue.partitions.partition import Partition
from tiefvision.catalogue.partitions.running import Worker, WorkerDied
from tiefvision.catalogue.partitions.setup import Answer, Setup, error_of
from tiefvision.catalogue.partitions.shards import shard_path
from tiefvision.catalogue.partitions.workers import Workers
from tiefvision.errors import BadUsage, reason_of
from tiefvision.files import exists, replace_file
from tiefvision.index.neighbours import Neighbours, search_exactly
from tiefvision.index.scattering import merge_neighbours, shard_bounds

PATIENCE = 60.0
"""Seconds after which it is told that a worker waits for room in the cluster."""

PAUSE = 0.5
"""Seconds between two questions whether a worker runs again."""

logger = logging.getLogger(__name__)


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster; a connection that there is already is kept.

    Args:
        address: address of the cluster; "" for the one that ``RAY_ADDRESS`` names, or
            else a new one on this machine, which ends with the block.

    Raises:
        BadUsage: No cluster answers.
    """
    import ray  # takes two seconds

    if ray.is_initialized():
        yield ray
        return
    # A cluster that is started here tells nobody of it.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(address or None, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BadUsage(
            f"Ray cannot be used: {reason_of(error)}.",
            "See whether the cluster answers (ray status --address ADDRESS), or leave "
            "out --address.",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


@contextmanager
def ray_workers(workers: Workers, setup: Setup, most: int) -> Iterator[list[Worker]]:
    """Make workers in a cluster.

    Args:
        workers: their number, and the address of the cluster.
        setup: what each worker needs to know.
        most: number of workers for which there is work.

    Raises:
        BadUsage: No cluster answers.
    """
    with connected(workers.address) as ray:
        # One thread each encodes the most photographs in a second altogether.
        threads = setup.backend.threads or 1
        room = int(ray.cluster_resources().get("CPU", 1)) // threads
        backend = replace(setup.backend, threads=threads)
        told = replace(setup, backend=backend).to_record()
        count = max(1, min(workers.count or room, most))
        yield [RayWorker(ray, told, threads) for _ in range(count)]


class RayWorker:
    """A process somewhere in the cluster, which Ray starts again when it dies.

    Args:
        ray: Ray, connected.
        setup: record of the `Setup`.
        threads: threads of its networks, and processors that it asks for.
    """

    def __init__(self, ray: Any, setup: dict[str, Any], threads: int) -> None:
        self._ray = ray
        actor = ray.remote(_Describing).options(num_cpus=threads, max_restarts=-1)
        self._actor = actor.remote(setup)
        self._closed = Event()

    def ready(self) -> bool:
        """Wait until the cluster has room for the process, and it runs."""
        while not self._closed.is_set():
            told = self._actor.wait.remote()
            try:
                self._ray.get(told, timeout=PATIENCE)
            except self._ray.exceptions.GetTimeoutError:
                logger.warning("A worker waits for room in the cluster (ray status).")
            except self._ray.exceptions.RayError:
                self._closed.wait(PAUSE)  # it is started again
            else:
                return True
        return False

    def make(self, partition: Partition, folder: Path) -> Path:
        """Make a shard; see ``Worker.make``."""
        made = self._actor.make.remote(partition.to_record())
        try:
            answer, content = self._ray.get(made)
        except self._ray.exceptions.RayError as error:
            raise WorkerDied from error
        if answer:
            raise error_of(answer)
        shard = shard_path(folder, partition)
        replace_file(shard, content)
        return shard

    def close(self) -> None:
        """End the process."""
        self._closed.set()
        self._ray.kill(self._actor)


class _Describing:
    """What runs in the process of a `RayWorker`."""

    def __init__(self, setup: dict[str, Any]) -> None:
        # Here, where it runs: workers are told no more than the name of this class.
        from tiefvision.catalogue.partitions.worker import Describing

        self._describing = Describing(Setup.from_record(setup))

    def wait(self) -> None:
        """Answers as soon as the process runs."""

    def make(self, record: dict[str, Any]) -> tuple[Answer, bytes]:
        """Make the shard of a partition: the answer, and the content of the shard."""
        partition = Partition.from_record(record)
        if unseen := _unseen(partition):
            return unseen, b""
        with tempfile.TemporaryDirectory() as folder:
            answer = self._describing.answer(partition, Path(folder))
            if answer:
                return answer, b""
            return {}, shard_path(Path(folder), partition).read_bytes()


def _unseen(partition: Partition) -> Answer | None:
    """The error that none of the photographs, which were read, is on this machine."""
    read = [photo for photo in partition.photos if photo.content]
    if not read or any(exists(photo.file) for photo in read):
        return None
    return {
        "kind": "",
        "message": f"{platform.node()} does not see {read[0].file}.",
        "fix": "Give all machines of the cluster the photographs under the same paths.",
    }


class RayShards:
    """Embeddings scattered over a cluster, searched exactly and merged.

    Each shard is held by a process of its own. What is found is what `ExactIndex` finds
    in one process, bit for bit where all machines are of one kind.

    Args:
        ray: Ray, connected.
        embeddings: rows of unit length, (N, D) float32.
        shards: number of shards wanted; see ``shard_bounds``.
    """

    def __init__(self, ray: Any, embeddings: NDArray[np.float32], shards: int) -> None:
        self._ray = ray
        self._actors = [
            ray.remote(_Shard).options(num_cpus=1).remote(start, embeddings[start:stop])
            for start, stop in shard_bounds(len(embeddings), shards)
        ]

    @property
    def shards(self) -> int:
        """Number of shards."""
        return len(self._actors)

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Find the min(k, N) rows most similar to each query.

        Args:
            queries: embeddings of unit length, (Q, D) float32.
            k: number of rows to find.
        """
        asked = self._ray.put(queries)  # once for all shards
        found = self._ray.get([one.search.remote(asked, k) for one in self._actors])
        return merge_neighbours([Neighbours(*part) for part in found], k)

    def close(self) -> None:
        """End the processes."""
        for actor in self._actors:
            self._ray.kill(actor)


class _Shard:
    """What runs in the process of one shard."""

    def __init__(self, first: int, embeddings: NDArray[np.float32]) -> None:
        self._first, self._embeddings = first, embeddings

    def search(
        self, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows, by their numbers in the whole, and similarities."""
        found = search_exactly(queries, self._embeddings, k)
        return found.rows + self._first, found.similarities
