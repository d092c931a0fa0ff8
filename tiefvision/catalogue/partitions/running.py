"""Giving partitions to workers: ordered results, and a second try for what was lost."""

from collections import Counter, deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Condition, Thread
from typing import Protocol

from tiefvision.catalogue.partitions.partition import Partition
from tiefvision.errors import TiefVisionError

ATTEMPTS = 3
"""Workers that may die over one partition. The next one goes on where it ended, so that
the same photograph has to end three of them."""

_SECONDS_TO_END = 30.0
"""How long a closed worker is waited for."""


class WorkerDied(Exception):
    """A worker was killed, or its machine went. It can be asked again."""


class Worker(Protocol):
    """A process, here or elsewhere, that makes one shard at a time."""

    def ready(self) -> bool:
        """Wait until it can be asked; false once it is closed."""

    def make(self, partition: Partition, folder: Path) -> Path:
        """Make the shard of a partition.

        Args:
            partition: the partition.
            folder: folder of the shards, on this machine.

        Returns:
            Path of the shard.

        Raises:
            TiefVisionError: It cannot be made; the message names the photograph.
            WorkerDied: The process died.
        """

    def close(self) -> None:
        """End the process, also while it works."""


def make_shards(
    workers: Sequence[Worker], partitions: Sequence[Partition], folder: Path
) -> Generator[Path, None, None]:
    """Let workers make the shards of partitions.

    Args:
        workers: the workers; they are closed at the end.
        partitions: the partitions.
        folder: folder of the shards.

    Yields:
        Paths of the shards, in the order of the partitions.

    Raises:
        TiefVisionError: A shard cannot be made. Those that are finished stay.
    """
    work = _Work(partitions)
    # A thread for each worker, which waits for its process.
    threads = [
        Thread(target=_serve, args=(worker, work, folder), daemon=True)
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    try:
        for shard in work.shards:
            yield shard.result()
    finally:
        work.close()
        for worker in workers:
            worker.close()
        for thread in threads:
            thread.join(_SECONDS_TO_END)


def _serve(worker: Worker, work: "_Work", folder: Path) -> None:
    """Let a worker make what there is to make, until nothing is left."""
    while worker.ready() and (place := work.take()) is not None:
        try:
            shard = worker.make(work.partitions[place], folder)
        except WorkerDied:
            work.give_back(place)
        except Exception as error:  # it belongs to whoever waits for the shard
            work.finish(place, error)
        else:
            work.finish(place, shard)


class _Work:
    """The partitions that are to be made, shared by threads.

    Attributes:
        partitions: the partitions.
        shards: path of each shard, or its error, once there is one.
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self.partitions = partitions
        self.shards: list[Future[Path]] = [Future() for _ in partitions]
        self._left = deque(range(len(partitions)))
        self._deaths: Counter[int] = Counter()
        self._open, self._changed = len(partitions), Condition()

    def take(self) -> int | None:
        """Place of the next partition; None once all are finished.

        Waits while others make the last ones, which may have to be given out again.
        """
        with self._changed:
            while self._open and not self._left:
                self._changed.wait()
            return self._left.popleft() if self._open else None

    def give_back(self, place: int) -> None:
        """Note that a worker died over a partition."""
        with self._changed:
            self._deaths[place] += 1
            if self._deaths[place] < ATTEMPTS:
                self._left.appendleft(place)
                self._changed.notify_all()
                return
        self.finish(place, _all_died(self.partitions[place]))

    def finish(self, place: int, made: Path | Exception) -> None:
        """Hand a shard, or its error, to whoever waits for it."""
        if isinstance(made, Exception):
            self.shards[place].set_exception(made)
        else:
            self.shards[place].set_result(made)
        with self._changed:
            self._open = max(0, self._open - 1)
            self._changed.notify_all()

    def close(self) -> None:
        """Give nothing out any more."""
        with self._changed:
            self._open = 0
            self._changed.notify_all()


def _all_died(partition: Partition) -> TiefVisionError:
    first, last = partition.photos[0].path, partition.photos[-1].path
    return TiefVisionError(
        f"{ATTEMPTS} workers died while they described {first} to {last}.",
        "See whether memory ran out (dmesg), and use fewer --workers; without workers "
        "the same command shows at which photograph it ends.",
    )
