import threading
import time

import pytest

from tiefvision.catalogue.partitions.partition import Partition, Photograph
from tiefvision.catalogue.partitions.running import ATTEMPTS, WorkerDied, make_shards
from tiefvision.errors import TiefVisionError

PARTITIONS = [
    Partition("key", ("maps",), (Photograph(f"{n}.jpg", "", "", (0, 0, 0)),))
    for n in range(8)
]


class Worker:
    """Makes a path of each partition's first photograph; does first what it is told."""

    def __init__(self, first=lambda worker, path: None):
        self.first, self.made, self.closed = first, [], 0

    def ready(self):
        return not self.closed

    def make(self, partition, folder):
        path = partition.photos[0].path
        self.first(self, path)
        self.made.append(path)
        return folder / path

    def close(self):
        self.closed += 1


def names(shards):
    return [shard.name for shard in shards]


def test_shards_come_in_the_order_of_their_partitions(tmp_path):
    done = threading.Event()

    def last_comes_first(worker, path):
        if path == "0.jpg":
            assert done.wait(30)
        elif path == "7.jpg":
            done.set()

    workers = [Worker(last_comes_first), Worker(last_comes_first)]
    expected = [f"{n}.jpg" for n in range(8)]
    assert names(make_shards(workers, PARTITIONS, tmp_path)) == expected
    assert sorted(path for worker in workers for path in worker.made) == expected
    assert [worker.closed for worker in workers] == [1, 1]


def test_a_partition_whose_worker_died_is_given_out_again(tmp_path):
    died = []

    def die_once(worker, path):
        if path not in died:
            died.append(path)
            raise WorkerDied

    workers = [Worker(die_once), Worker(die_once)]
    expected = [f"{n}.jpg" for n in range(8)]
    assert names(make_shards(workers, PARTITIONS, tmp_path)) == expected
    assert sorted(died) == expected


def test_a_partition_that_ends_every_worker_is_named(tmp_path):
    died = []

    def die(worker, path):
        if path == "3.jpg":
            died.append(worker)
            raise WorkerDied

    workers = [Worker(die), Worker(die)]
    shards = make_shards(workers, PARTITIONS, tmp_path)
    with pytest.raises(TiefVisionError, match=r"died .* described 3\.jpg to 3\.jpg"):
        list(shards)
    assert len(died) == ATTEMPTS
    assert [worker.closed for worker in workers] == [1, 1]


def test_a_partition_is_made_by_another_while_its_worker_cannot_start_again(tmp_path):
    class Away(Worker):
        """Dies at once, and is not ready again before it is closed."""

        def __init__(self):
            super().__init__()
            self.asked, self.ending = 0, threading.Event()

        def ready(self):
            self.asked += 1
            return self.asked == 1 or (self.ending.wait(60) and False)

        def make(self, partition, folder):
            raise WorkerDied

        def close(self):
            super().close()
            self.ending.set()

    worker = Worker(lambda worker, path: time.sleep(0.01))
    shards = make_shards([Away(), worker], PARTITIONS, tmp_path)
    assert names(shards) == [f"{n}.jpg" for n in range(8)]
    assert sorted(worker.made) == [f"{n}.jpg" for n in range(8)]


def test_an_error_comes_in_its_turn_and_closes_the_workers(tmp_path):
    def refuse(worker, path):
        if path == "2.jpg":
            raise TiefVisionError("2.jpg is odd.")

    worker = Worker(refuse)
    shards = make_shards([worker], PARTITIONS, tmp_path)
    assert names([next(shards), next(shards)]) == ["0.jpg", "1.jpg"]
    with pytest.raises(TiefVisionError, match=r"2\.jpg is odd"):
        next(shards)
    assert worker.closed == 1


def test_whoever_stops_listening_closes_the_workers(tmp_path):
    def be_slow(worker, path):
        time.sleep(0.01)

    worker = Worker(be_slow)
    shards = make_shards([worker], PARTITIONS, tmp_path)
    assert next(shards).name == "0.jpg"
    shards.close()
    assert worker.closed == 1
    assert "7.jpg" not in worker.made
