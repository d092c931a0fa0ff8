"""Ray: a cluster of two nodes on this machine; needs the extra "ray"."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tiefvision.catalogue.partitions.partition import Partition, Photograph
from tiefvision.catalogue.partitions.workers import Workers
from tiefvision.errors import BadUsage, StaleArtifact, TiefVisionError
from tiefvision.index.exact import ExactIndex
from tiefvision.index.neighbours import BLOCK

ray = pytest.importorskip("ray")

from tiefvision.catalogue.partitions import cluster as module  # noqa: E402
from tiefvision.catalogue.partitions.cluster import RayShards, RayWorker  # noqa: E402

MEMORY = 100 * 2**20
"""Bytes of each node's object store, of which Ray asks for 75 MB at least."""


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a processor each, and their address in place of one to start."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("PYTHONPATH", os.pathsep.join(path_of_workers()))
        node = {"num_cpus": 1, "object_store_memory": MEMORY}
        made = Cluster(initialize_head=True, head_node_args=node)
        made.second = made.add_node(**node)
        yield made
        ray.shutdown()
        made.shutdown()


def path_of_workers():
    """Where workers find this code and Ray."""
    ray_lies_in = Path(ray.__file__).parents[1]
    return str(Path(__file__).parents[3]), str(ray_lies_in)


@pytest.fixture
def connected(cluster):
    """Ray, connected to the cluster."""
    with module.connected(cluster.address) as connection:
        yield connection


def processes_titled(title):
    """Processes with a title, on Linux; Ray's workers are titled by what they do."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if name.startswith(title):
            found.append(int(folder.name))
    return found


def test_a_cluster_makes_the_catalogue_of_one_process_though_a_worker_is_killed(
    cluster, finder, shop, assert_as_expected
):
    killed, ended = [], threading.Event()

    def kill_one():
        while not killed and not ended.is_set():
            for pid in processes_titled(b"ray::_Describing.make"):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
            time.sleep(0.005)

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        workers = Workers(2, ray=True, address=cluster.address)
        report = finder.index(shop, workers=workers)
    finally:
        ended.set()
        killer.join()
    assert len(killed) == 1
    assert_as_expected(report)
    assert not ray.is_initialized()


def test_errors_come_back_as_what_they_are(connected, run, tmp_path):
    setup = {
        "workspace": str(run),
        "models": "auto",
        "key": "0" * 12,
        "backend": {"device": "cpu", "engine": "auto", "threads": 1},
        "max_gib": 1.0,
    }
    worker = RayWorker(connected, setup, 1)
    there = Photograph("here.py", __file__, "0" * 64, (0, 0, 0))
    with pytest.raises(StaleArtifact, match="are others than those"):
        worker.make(Partition("key", ("maps",), (there,)), tmp_path)
    missing = Photograph("a.jpg", "/nowhere/a.jpg", "0" * 64, (0, 0, 0))
    with pytest.raises(
        TiefVisionError, match=r"does not see /nowhere/a\.jpg"
    ) as caught:
        worker.make(Partition("key", ("maps",), (missing,)), tmp_path)
    assert "under the same paths" in caught.value.fix
    worker.close()
    assert list(tmp_path.glob("*.lmdb*")) == []


def test_shards_in_a_cluster_answer_as_one_index_bit_for_bit(connected):
    rows = np.random.default_rng(0).standard_normal((BLOCK + 500, 64), np.float32)
    rows[BLOCK + 7] = rows[3]  # a tie across shards
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    shards = RayShards(connected, rows, 2)
    assert shards.shards == 2
    found = shards.search(rows[:40], 10)
    shards.close()
    exact = ExactIndex(rows).search(rows[:40], 10)
    assert np.array_equal(found.rows, exact.rows)
    assert found.similarities.tobytes() == exact.similarities.tobytes()
    assert found.rows[3, :2].tolist() == [3, BLOCK + 7]


def test_a_cluster_that_does_not_answer_is_told(monkeypatch):
    def refuse(*_, **__):
        raise ConnectionError("Could not connect.")

    monkeypatch.setattr(ray, "init", refuse)
    with (
        pytest.raises(
            BadUsage, match="Ray cannot be used: could not connect"
        ) as caught,
        module.connected("10.0.0.9:6379"),
    ):
        pass
    assert "--address" in caught.value.fix


def test_a_node_that_goes_takes_nothing_along(
    cluster, finder, shop, monkeypatch, assert_as_expected
):
    """The last test: the other node has to do the rest alone."""
    gone = []
    replace_file = module.replace_file

    def remove_node_after_the_first(shard, content):
        replace_file(shard, content)
        if not gone:
            gone.append(shard)
            cluster.remove_node(cluster.second, allow_graceful=False)

    monkeypatch.setattr(module, "replace_file", remove_node_after_the_first)
    workers = Workers(2, ray=True, address=cluster.address)
    report = finder.index(shop, workers=workers)
    assert gone
    assert_as_expected(report)
