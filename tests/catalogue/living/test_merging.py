"""Merges: what they leave behind, beside changes, on a full disk, and after a kill."""

import resource
import shutil
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from tests.catalogue.living.made import KEY, RANKER, SPACE, vector_of
from tiefvision.catalogue.living import merging, segment_files
from tiefvision.catalogue.living.collection import put_collection
from tiefvision.catalogue.living.merging import (
    graph_pays,
    is_merging,
    merge_all,
    merge_is_due,
    start_merging,
)
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.catalogue.living.segment_files import read_manifest, read_numbers
from tiefvision.catalogue.living.spaces import delete_space
from tiefvision.catalogue.living.status import indexes_of, status_of
from tiefvision.errors import StorageFull, TiefVisionError

TAIL = 20


@pytest.fixture(autouse=True)
def _graphs(monkeypatch):
    """Graphs already for a few rows."""
    monkeypatch.setattr(merging, "EXACT_UP_TO", 0)
    monkeypatch.setattr(merging, "TAIL", TAIL)


def manifest_of(rows):
    with rows.table.read() as snapshot:
        return read_manifest(snapshot, KEY, SPACE)


def files_of(rows):
    folder = segment_files.folder_of(rows.table.path)
    return sorted(path.name for path in folder.glob("*"))


def add(rows, name, count):
    rows.change([f"{name}{number}" for number in range(count)])


def check(rows):
    """Every row lies in one graph or behind them, and every search is exact."""
    manifest = manifest_of(rows)
    assert files_of(rows) == sorted(file.name for file in manifest.files)
    with rows.table.read() as snapshot:
        inside = [read_numbers(snapshot, file.name) for file in manifest.files]
        kept = list(snapshot.keys("numbers/"))
    assert sorted(kept) == files_of(rows)
    for numbers in inside:
        assert (np.diff(numbers) > 0).all()
        assert numbers[-1] <= manifest.covered
    together = np.concatenate([*inside, [-1]])
    assert len(set(together.tolist())) == len(together)
    reader = LiveIndex(rows.table, RANKER, KEY)
    query = vector_of("query")
    found = reader.segments.search(query[None], len(rows.photos) + 5, None)
    files = [reader.rows.row(int(number)).photo for number in found.rows[0]]
    rows.check(files, query, len(rows.photos))


def test_nothing_is_merged_where_comparing_every_row_is_faster(rows, monkeypatch):
    monkeypatch.setattr(merging, "EXACT_UP_TO", 40 * 8)
    add(rows, "a", 40)
    assert not graph_pays(40, 8) and graph_pays(41, 8)
    assert not merge_is_due(rows.table)
    assert merge_all(rows.table) == merge_all(rows.table, everything=True) == 0
    add(rows, "b", 1)
    assert merge_is_due(rows.table)
    assert merge_all(rows.table) == 1
    check(rows)


def test_new_rows_become_a_graph_when_they_are_many(rows):
    add(rows, "a", TAIL - 1)
    assert not merge_is_due(rows.table) and merge_all(rows.table) == 0
    check(rows)
    add(rows, "b", 1)
    assert merge_is_due(rows.table) and merge_all(rows.table) == 1
    check(rows)
    assert not merge_is_due(rows.table) and merge_all(rows.table) == 0


def test_graphs_of_similar_size_become_one_and_large_ones_stay(rows):
    add(rows, "a", 400)
    merge_all(rows.table)
    (large,) = manifest_of(rows).files
    for name in "bc":
        add(rows, name, TAIL)
        merge_all(rows.table)
    files = manifest_of(rows).files
    assert files[0] == large and len(files) == 2
    check(rows)
    assert merge_all(rows.table, everything=True) == 1
    assert len(manifest_of(rows).files) == 1
    check(rows)


def test_a_graph_of_many_removed_rows_is_built_again(rows):
    add(rows, "a", 100)
    merge_all(rows.table)
    # Of the 100 rows some are held out of the graph, to judge it by.
    inside = manifest_of(rows).files[0].rows
    rows.change((), [f"a{number}" for number in range(inside // 4)])
    assert not merge_is_due(rows.table) and merge_all(rows.table) == 0
    rows.change((), [f"a{number}" for number in range(inside // 4 + 2)])
    assert merge_is_due(rows.table) and merge_all(rows.table) == 1
    check(rows)


def test_rows_that_came_and_went_make_no_merge_due(rows):
    """Otherwise every change would start a process that finds nothing to do."""
    add(rows, "a", 100)
    merge_all(rows.table)
    for _ in range(4):
        add(rows, "b", TAIL - 11)
        assert not merge_is_due(rows.table)
        rows.change((), [f"b{number}" for number in range(TAIL - 11)])
        assert not merge_is_due(rows.table)
    assert merge_all(rows.table) == 0
    check(rows)


def test_all_rows_may_go(rows):
    add(rows, "a", 50)
    merge_all(rows.table)
    rows.change((), list(rows.photos))
    assert merge_is_due(rows.table)
    merge_all(rows.table)
    assert files_of(rows) == []
    check(rows)
    add(rows, "b", 50)
    merge_all(rows.table)
    check(rows)


@pytest.mark.parametrize("everything", [False, True])
def test_changes_during_a_merge_count(everything, rows, monkeypatch):
    add(rows, "a", 60)
    build = merging.build_index

    def change_and_build(vectors, settings):
        if "new" not in rows.photos:
            rows.change(["new", "a7"], ["a3", "a59"])
        return build(vectors, settings)

    monkeypatch.setattr(merging, "build_index", change_and_build)
    merge_all(rows.table, everything)
    assert "new" in rows.photos
    check(rows)
    rows.change((), ["new"])
    check(rows)


def test_a_space_that_goes_during_a_merge_leaves_nothing(rows, monkeypatch):
    add(rows, "a", 60)
    build = merging.build_index

    def delete_and_build(vectors, settings):
        with rows.table.write() as changes:
            put_collection(changes, replace(rows.collection, spaces={}))
        delete_space(rows.table, KEY, SPACE)
        return build(vectors, settings)

    monkeypatch.setattr(merging, "build_index", delete_and_build)
    assert merge_all(rows.table) == 0
    assert files_of(rows) == []
    assert manifest_of(rows).files == ()


def test_what_a_killed_merge_left_is_swept(rows):
    add(rows, "a", 40)
    merge_all(rows.table)
    folder = segment_files.folder_of(rows.table.path)
    for name in ("0123.hnsw", "4567.hnsw.partial"):
        (folder / name).write_bytes(b"half")
    (folder / "mine.txt").write_text("not of a merge")
    merge_all(rows.table)
    assert (folder / "mine.txt").exists()
    (folder / "mine.txt").unlink()
    check(rows)


def test_one_merge_runs_at_a_time(rows, monkeypatch):
    add(rows, "a", 40)
    build = merging.build_index

    def merge_beside(vectors, settings):
        assert is_merging(rows.table.path)
        with pytest.raises(StorageFull, match="Another process is merging the cat"):
            merge_all(rows.table)
        started = []
        with monkeypatch.context() as patched:
            patched.setattr(subprocess, "Popen", lambda *a, **k: started.append(a))
            assert not start_merging(rows.table.path)
        assert not started
        return build(vectors, settings)

    monkeypatch.setattr(merging, "build_index", merge_beside)
    assert merge_all(rows.table) == 1
    assert not is_merging(rows.table.path)
    check(rows)


def test_a_merge_is_started_in_a_process_of_its_own(rows, monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append((a, k)))
    assert start_merging(rows.table.path)
    (((command,), options),) = started
    assert command[:3] == [sys.executable, "-m", "tiefvision"]
    assert command[3:] == [
        *("catalogue", "compact", "--if-due"),
        *("--workspace", str(rows.table.path.parent)),
    ]
    assert options["start_new_session"]

    def refuse(*args, **options):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert not start_merging(rows.table.path)


def test_a_merge_that_starts_is_not_started_again(rows, monkeypatch):
    """Its process has no lock yet."""
    ends = []

    class Process:
        def poll(self):
            return 0 if ends else None

    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: Process())
    assert start_merging(rows.table.path)
    assert not start_merging(rows.table.path)
    ends.append(True)
    assert start_merging(rows.table.path)


def test_a_full_disk_is_told_before_anything_is_built(rows, monkeypatch):
    add(rows, "a", 40)
    usage = namedtuple("usage", "total used free")(10, 8, 2)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: usage)
        with pytest.raises(StorageFull) as told:
            merge_all(rows.table)
    assert "A merge of 36 rows needs 1 MiB in " in told.value.message
    assert "0 MiB are free; nothing is lost." in told.value.message
    assert "catalogue compact" in told.value.fix
    assert merge_is_due(rows.table)
    check(rows)
    assert merge_all(rows.table) == 1
    check(rows)


def test_a_disk_that_fills_up_meanwhile_loses_nothing(rows):
    """A file may not grow beyond a limit here, as it could not on a full disk."""
    add(rows, "a", 1500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(TiefVisionError):
            merge_all(rows.table)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    check(rows)
    assert merge_all(rows.table) == 1
    check(rows)


def test_what_is_told_of_an_index(rows):
    assert indexes_of(rows.table)[RANKER]["kind"] == "exact"
    add(rows, "a", 100)
    merge_all(rows.table)
    rows.change(["new"], ["a0"])
    facts = indexes_of(rows.table)[RANKER]
    inside = manifest_of(rows).files[0].rows
    assert facts | {"bytes": 0} == {
        "embedding": 8,
        "reduced": False,
        "kind": "hnsw",
        "graphs": 1,
        "new": 100 - inside + 1,
        "bytes": 0,
        "recall_of_exact": pytest.approx(1.0, abs=0.02),  # tuned for 0.99
    }
    status = status_of(rows.table)
    assert (status["photos"], status["changes"]) == (100, 2)
    assert status["gone"] == 100 and status["differs"] == 0
    assert status["bytes_graphs"] > 4 * 8 * inside
    assert (status["merge_due"], status["last_merge"]) == (False, "")
