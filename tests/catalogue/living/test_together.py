"""Several readers and one writer at once: each sees whole changes only."""

import pytest

from tests.catalogue.living.made import new_photo
from tiefvision.catalogue.living import merging

READ = """
import os, time
from pathlib import Path
from tests.catalogue.living.made import KEY, RANKER, vector_of
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.store.table import Table

with Table(Path(path)) as table:
    reader = LiveIndex(table, RANKER, KEY)
    seen = set()
    os.write(1, b"\\n")
    while True:
        reader.refresh()
        found = reader.segments.search(vector_of("query")[None], 100, None).rows[0]
        # Ten rows of one transaction have consecutive numbers.
        first = min(found)
        assert sorted(found) == list(range(first, first + 10)), sorted(found)
        assert first % 10 == 0
        seen.add(first)
        if first == last:
            break
print(len(seen))
"""

MERGE = """
import os
from pathlib import Path
from tiefvision.catalogue.living import merging
from tiefvision.store.table import Table

merging.EXACT_UP_TO, merging.TAIL = 0, 16
with Table(Path(path)) as table:
    os.write(1, b"\\n")
    while True:
        merging.merge_all(table, everything=True)
"""


@pytest.mark.parametrize("merged", [False, True])
def test_readers_see_whole_changes_alone(merged, processes, rows, path, monkeypatch):
    """Each transaction replaces all ten photographs."""
    monkeypatch.setattr(merging, "EXACT_UP_TO", 0)
    steps = 150
    rows.change([new_photo(str(n), "0") for n in range(10)])
    readers = [processes.start(READ, path=path, last=10 * steps) for _ in range(3)]
    others = [processes.start(MERGE, path=path)] if merged else []
    for process in [*readers, *others]:
        while not process.printed():
            assert process.is_alive(), process.wait().stderr
    for step in range(1, steps + 1):
        rows.change([new_photo(str(n), f"{step}-{n}") for n in range(10)])
    seen = []
    for reader in readers:
        outcome = reader.wait()
        assert outcome.code == 0, outcome.stderr
        seen.append(int(outcome.stdout.split()[-1]))
    for process in others:
        assert process.is_alive(), process.wait().stderr
        process.kill()
    assert max(seen) > 1  # they did look meanwhile
