"""Processes that are killed at any moment: what was told as done stays done.

``TIEFVISION_KILLS=5000`` makes the tests run long.
"""

import json
import os
import random
import time
from functools import partial

import numpy as np
import pytest

from tests.catalogue.living.made import (
    KEY,
    RANKER,
    SPACE,
    check_closest,
    new_photo,
    vector_of,
)
from tiefvision.catalogue.living import merging
from tiefvision.catalogue.living.ledger import known_photos
from tiefvision.catalogue.living.merging import merge_all
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.catalogue.living.segment_files import folder_of, read_manifest
from tiefvision.catalogue.living.vectors import numbers_of

KILLS = int(os.environ.get("TIEFVISION_KILLS", "200"))
LATEST = 0.03  # seconds after the first sign of life

WRITE = """
import json, os, random
from pathlib import Path
from tests.catalogue.living.made import change, new_photo
from tiefvision.store.table import Table

def tell(**what):
    os.write(1, (json.dumps(what) + "\\n").encode())

draw = random.Random(seed)
with Table(Path(path)) as table:
    for step in range(10_000):
        some = draw.sample(range(60), draw.randint(1, 30))
        cut = draw.randint(0, len(some))
        added = {f"f{n}": f"f{n}-{seed}-{step}" for n in some[:cut]}
        removed = [f"f{n}" for n in some[cut:]]
        tell(added=added, removed=removed)
        change(table, [new_photo(f, c) for f, c in added.items()], removed)
        tell(done=True)
"""

MERGE = """
import os
from pathlib import Path
from tiefvision.catalogue.living import merging
from tiefvision.store.table import Table

merging.EXACT_UP_TO, merging.TAIL = 0, 16
with Table(Path(path)) as table:
    for step in range(10_000):
        os.write(1, b"merging\\n")
        merging.merge_all(table, everything=True)
"""

READ = """
import os
from pathlib import Path
from tests.catalogue.living.made import KEY, RANKER, vector_of
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.store.table import Table

with Table(Path(path)) as table:
    reader = LiveIndex(table, RANKER, KEY)
    for step in range(10_000):
        os.write(1, b"searching\\n")
        reader.refresh()
        reader.segments.search(vector_of(str(step))[None], 10, None)
        reader.rows.where(lambda row: True)
"""

CHECK = """
import json, sys
from pathlib import Path
from tests.catalogue.living.made import KEY, RANKER, vector_of
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.store.table import Table

with Table(Path(path)) as table:
    reader = LiveIndex(table, RANKER, KEY)
    found = reader.segments.search(vector_of("query")[None], 1000, None)
    print(json.dumps([reader.rows.row(int(number)).photo for number in found.rows[0]]))
"""


@pytest.fixture
def graphs(monkeypatch):
    monkeypatch.setattr(merging, "EXACT_UP_TO", 0)
    monkeypatch.setattr(merging, "TAIL", 16)


@pytest.fixture
def killed(processes, path, table):
    """Starts code and kills it at a random moment; what it had printed."""
    draw = random.Random(3)

    def run(code, meanwhile=None, **values):
        process = processes.start(code, path=path, **values)
        while not process.printed():
            assert process.is_alive(), process.wait().stderr
            time.sleep(0.001)
        if meanwhile:
            meanwhile()
        time.sleep(draw.uniform(0, LATEST))
        outcome = process.kill()
        assert outcome.code == -9, outcome.stderr
        # A change that was committed and not yet announced to other processes counts
        # when the next writer finds that the one before it died.
        with table.write():
            pass
        return outcome.stdout.split("\n")[:-1]

    return run


def contents_of(table):
    """Content of each photograph that the table holds, by its file."""
    with table.read() as snapshot:
        return {photo.file: photo.content for photo in known_photos(snapshot, KEY)}


def apply(contents, change):
    kept = {f: c for f, c in contents.items() if f not in change["removed"]}
    return kept | change["added"]


def check(table, contents):
    """A fresh reader finds every row and no other; counts and vectors fit."""
    assert contents_of(table) == contents
    reader = LiveIndex(table, RANKER, KEY)
    collection = reader._collection
    assert collection.photos == collection.items == len(contents)
    query = vector_of("query")
    found = reader.segments.search(query[None], 1000, None)
    files = [reader.rows.row(int(number)).photo for number in found.rows[0]]
    vectors = {file: vector_of(content) for file, content in contents.items()}
    check_closest(files, vectors, query, 1000)
    with table.read() as snapshot:
        alive = np.flatnonzero(reader.rows.arrays.alive)
        assert numbers_of(snapshot, KEY, SPACE).tolist() == alive.tolist()
        for file in read_manifest(snapshot, KEY, SPACE).files:
            assert (folder_of(table.path) / file.name).is_file()
    return files


def test_writers_are_killed_and_no_acknowledged_change_is_lost(
    killed, processes, rows, path
):
    contents, halves = {}, 0
    for seed in range(KILLS * 3 // 5):
        lines = [json.loads(line) for line in killed(WRITE, seed=seed)]
        *finished, last = [line for line in lines if "added" in line]
        if lines[-1] == {"done": True}:
            finished, last = [*finished, last], None
        for change in finished:
            contents = apply(contents, change)
        if last:  # not acknowledged: all of it, or nothing
            whole = apply(contents, last)
            halves += 1
            if contents_of(rows.table) == whole:
                contents = whole
        files = check(rows.table, contents)
        if seed % 20 == 0:
            outcome = processes.run(CHECK, path=path)
            assert outcome.lines == [files], outcome.stderr
    assert halves  # some were killed in the middle


def test_merges_are_killed_and_no_half_written_index_is_used(
    killed, rows, graphs, path
):
    draw = random.Random(0)
    for step in range(KILLS // 4):
        some = [f"f{number}" for number in draw.sample(range(120), 40)]
        rows.change([new_photo(f, f"{f}-{step}") for f in some[:30]], some[30:])

        new = new_photo("new", f"new-{step}")
        killed(MERGE, meanwhile=partial(rows.change, [new], ["f1"]))
        contents = {file: photo.content for file, photo in rows.photos.items()}
        check(rows.table, contents)
    merge_all(rows.table)
    check(rows.table, contents)
    with rows.table.read() as snapshot:
        files = {file.name for file in read_manifest(snapshot, KEY, SPACE).files}
    # Nothing is left of all those that were killed.
    assert {file.name for file in folder_of(path).iterdir()} == files


def change_and_merge(rows, step):
    for part in range(5):
        name = f"f{part}"
        rows.change([new_photo(name, f"{name}-{step}")], [f"f{part + 2}"])
    if step % 5 == 0:
        merge_all(rows.table)


def test_readers_are_killed_and_the_writer_goes_on(killed, rows, graphs):
    for step in range(KILLS * 3 // 20):
        killed(READ, meanwhile=partial(change_and_merge, rows, step))
        contents = {file: photo.content for file, photo in rows.photos.items()}
        check(rows.table, contents)
    # Pages that killed readers had open were used again.
    assert rows.table.size < 4 << 20
