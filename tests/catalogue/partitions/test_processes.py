"""Worker processes make the catalogue that one process makes, whatever is killed."""

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tiefvision.catalogue.living.changing import Change
from tiefvision.catalogue.living.comparing import stamp_of
from tiefvision.catalogue.partitions import processes as module
from tiefvision.catalogue.partitions.partition import Photograph, cut
from tiefvision.catalogue.partitions.processes import ProcessWorker
from tiefvision.catalogue.partitions.running import WorkerDied
from tiefvision.catalogue.partitions.setup import error_of, setup_of
from tiefvision.catalogue.partitions.shards import shards_of
from tiefvision.catalogue.partitions.worker import Describing
from tiefvision.catalogue.partitions.workers import Workers
from tiefvision.engines.choice import Backend
from tiefvision.errors import BadUsage, StaleArtifact, TiefVisionError
from tiefvision.models.trained import TrainedModels
from tiefvision.records import Crop
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources
from tiefvision.workspace.provenance import file_hash

TWO = Workers(2)


@pytest.fixture
def setup(run):
    """What workers are told of the trained workspace."""
    workspace, resources = Workspace(run), Resources(Backend("cpu", threads=1))
    models = TrainedModels(workspace)
    change = Change(workspace, models, ("cosine",), resources)
    return setup_of(workspace, models, change.key, resources)


@pytest.fixture
def partition(setup, shop):
    """The first four photographs."""
    files = sorted(shop.iterdir())[:4]
    photos = [
        Photograph(one.name, str(one), file_hash(one), stamp_of(str(one)))
        for one in files
    ]
    return cut(setup.key, ("maps",), photos)[0]


def shards_in(run):
    return shards_of(Workspace(run).path("catalogue"))


def wait_until(told, seconds=120):
    end = time.monotonic() + seconds
    while not (found := told()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


def partial_shards(folder):
    return sorted(folder.glob("*.partial")) if folder.exists() else []


def test_two_processes_make_the_catalogue_of_one(finder, shop, assert_as_expected):
    assert_as_expected(finder.index(shop, workers=TWO))
    again = finder.index(shop, workers=TWO)
    assert again["up_to_date"] and again["kept"] == 13


def test_what_is_less_than_two_partitions_is_described_here(finder, shop, monkeypatch):
    monkeypatch.setattr(module, "COMMAND", ("false",))
    for file in sorted(shop.iterdir())[3:]:
        file.unlink()
    assert finder.index(shop, workers=TWO)["photos"] == 3


def test_a_killed_worker_changes_nothing(
    finder, shop, run, monkeypatch, assert_as_expected
):
    started, killed = [], []
    start = module._start

    def noted(threads):
        started.append(start(threads))
        return started[-1]

    def kill_one():
        wait_until(lambda: partial_shards(shards_in(run)))
        victim = next(one for one in started if one.poll() is None)
        victim.kill()
        killed.append(victim)

    monkeypatch.setattr(module, "_start", noted)
    killer = threading.Thread(target=kill_one)
    killer.start()
    report = finder.index(shop, workers=TWO)
    killer.join()
    assert_as_expected(report)
    assert len(killed) == 1 and len(started) == 3
    assert all(one.returncode is not None for one in started)


INDEX = """
import os, sys
from tiefvision.catalogue.partitions import partition
from tiefvision.catalogue.partitions.workers import Workers
import tiefvision
partition.SIZE = 4
tiefvision.load(run, device="cpu").index(shop, workers=Workers(2))
"""


def workers_of(pid):
    """Processes whose parent is this one, on Linux."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(status[1]) == pid:
            found.append(int(folder.name))
    return found


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_ended_is_gone_on_with(
    kill, finder, shop, run, processes, assert_as_expected
):
    running = processes.start(INDEX, run=str(run), shop=str(shop))
    wait_until(lambda: partial_shards(shards_in(run)))
    workers = wait_until(lambda: workers_of(running.pid))
    os.kill(running.pid, kill)
    assert running.wait().code != 0
    wait_until(lambda: not any(map(is_alive, workers)))
    left = sorted(path.name for path in shards_in(run).iterdir())
    assert left
    assert_as_expected(finder.index(shop, workers=TWO))


def test_one_process_goes_on_with_what_workers_left(
    finder, shop, run, setup, monkeypatch, assert_as_expected
):
    """Out of order: only the third partition is finished."""
    worker, folder = ProcessWorker(setup), shards_in(run)
    given = []

    def only_third(workers, partitions, _):
        given.append(worker.make(partitions[2], folder))
        raise TiefVisionError("The machine went.")
        yield

    by = "tiefvision.catalogue.partitions.describing.make_shards"
    with monkeypatch.context() as patched:
        patched.setattr(by, only_third)
        with pytest.raises(TiefVisionError, match="The machine went"):
            finder.index(shop, workers=TWO)
    worker.close()
    assert given[0].exists()
    assert_as_expected(finder.index(shop))


def test_other_models_than_those_of_the_change_are_refused(setup, partition, tmp_path):
    worker = ProcessWorker(replace(setup, key="0" * 12))
    with pytest.raises(StaleArtifact, match="are others than those") as caught:
        worker.make(partition, tmp_path)
    worker.close()
    assert "same models" in caught.value.fix


def test_an_error_of_a_network_names_the_photograph(setup, partition, tmp_path):
    path = partition.photos[2].path

    def choose(chosen, photo):
        if chosen == path:
            raise RuntimeError("No such layer.")
        return Crop(None)

    describing = Describing(setup)
    vars(describing)["_describer"] = replace(describing._describer, choose=choose)
    answer = describing.answer(partition, tmp_path)
    assert answer["message"] == (
        f"{path} cannot be described: RuntimeError, no such layer."
    )
    assert str(error_of(answer)) == answer["message"]


def test_a_closed_worker_makes_nothing(setup, partition, tmp_path):
    worker = ProcessWorker(setup)
    worker.close()
    worker.close()
    with pytest.raises(WorkerDied):
        worker.make(partition, tmp_path)


@pytest.mark.parametrize("count", [-1, 5000])
def test_an_odd_number_of_workers_is_refused(count, finder, shop):
    with pytest.raises(BadUsage, match=f"There cannot be {count} workers"):
        finder.index(shop, workers=Workers(count))
