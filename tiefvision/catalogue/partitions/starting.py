"""Starting workers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from tiefvision.catalogue.partitions.processes import ProcessWorker
from tiefvision.catalogue.partitions.running import Worker
from tiefvision.catalogue.partitions.setup import Setup
from tiefvision.catalogue.partitions.workers import Workers


@contextmanager
def started(workers: Workers, setup: Setup, most: int) -> Iterator[Sequence[Worker]]:
    """Workers; a process starts when it gets its first partition.

    Args:
        workers: who describes.
        setup: what each worker needs to know.
        most: number of workers for which there is work.

    Raises:
        BadUsage: No cluster answers.
    """
    if workers.ray:
        from tiefvision.catalogue.partitions.cluster import ray_workers

        with ray_workers(workers, setup, most) as made:
            yield made
        return
    count = min(workers.count, most)
    backend = setup.backend.among(count)
    yield [ProcessWorker(replace(setup, backend=backend)) for _ in range(count)]
