import json

import numpy as np
import pytest

from tiefvision.benchmarks.exact_limits import exact_limits
from tiefvision.benchmarks.index_contenders import CONTENDERS
from tiefvision.benchmarks.index_contest import Built, Contestant, Entry
from tiefvision.benchmarks.index_vectors import clustered_vectors
from tiefvision.benchmarks.indexes import (
    IndexRow,
    Task,
    building_table,
    by_recall,
    compare_indexes,
    entries,
    searching_table,
)
from tiefvision.benchmarks.timing import Repetition
from tiefvision.errors import TiefVisionError
from tiefvision.index.hnsw import HnswSettings
from tiefvision.index.neighbours import search_exactly

SMALL = Task(rows=400, dimensions=16, queries=20, recalls=(0.9, 1.0), rounds=2)
BUILT = Built(seconds=12.34, cpu=10.0, peak=58_600_000, size=24_400_000)


def row(index, seconds, effort=20, target=0.99):
    return IndexRow(index, 1, target, effort, 0.9906, seconds, 1000, 0.5, BUILT)


def test_vectors_are_clustered_and_repeatable():
    vectors, queries = clustered_vectors(1000, 16, 50, seed=3)
    assert (vectors.shape, queries.shape) == ((1000, 16), (50, 16))
    assert vectors.dtype == queries.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(clustered_vectors(1000, 16, 50, seed=3)[0], vectors)
    assert not np.array_equal(clustered_vectors(1000, 16, 50, seed=4)[0], vectors)
    spread = vectors.std(axis=0)
    assert spread[0] > 2 * spread[-1]
    level = clustered_vectors(1000, 16, 50, seed=3, decay=0.0)[0].std(axis=0)
    assert level[0] < 2 * level[-1]


def test_our_indexes_take_turns_in_processes_of_their_own():
    notes = []
    ours = [Entry(name, name) for name in ("nmslib", "nmslib, folded", "exact")]
    rows = compare_indexes(SMALL, ours, 1, notes.append)
    assert [(one.index, one.target) for one in rows] == [
        *(("nmslib", 0.9), ("nmslib, folded", 0.9), ("exact", 0.9)),
        *(("nmslib", 1.0), ("nmslib, folded", 1.0), ("exact", 1.0)),
    ]
    assert notes[0].startswith("nmslib is built, ")
    for one in rows:
        assert one.recall >= one.target
        assert one.seconds > 0 and one.built.seconds > 0
        assert one.built.size >= 400 * 16 * 4
        assert (one.effort is None) == (one.index == "exact")
    assert [one.recall for one in rows if one.index == "exact"] == [1.0, 1.0]


@pytest.mark.parametrize("library", ["hnswlib", "faiss", "usearch"])
def test_a_peer_finds_what_exact_search_finds(library):
    pytest.importorskip(library)
    vectors, queries = clustered_vectors(400, 16, 20, seed=0)
    exact = search_exactly(queries, vectors, 10).rows
    index = CONTENDERS[library](vectors, HnswSettings(), 1)
    assert np.array_equal(index.search(queries, 10, 400), exact)
    assert np.array_equal(index.search(queries[:1], 10, 400), exact[:1])
    assert index.size() > vectors.nbytes


def test_a_library_that_is_missing_is_left_out(tmp_path):
    (tmp_path / "hnswlib.py").write_text("raise ImportError('not here')\n")
    notes = []
    compared = [Entry("hnswlib", "hnswlib", tmp_path), Entry("exact", "exact")]
    rows = compare_indexes(SMALL, compared, 1, notes.append)
    assert {one.index for one in rows} == {"exact"}
    assert notes[0] == "hnswlib is left out: pip install 'tiefvision[bench]'"


@pytest.fixture
def broken(tmp_path):
    """A process of an index whose library does what the returned function is told."""
    started = []

    def start(code):
        (tmp_path / "hnswlib.py").write_text(code)
        np.save(tmp_path / "vectors.npy", np.eye(4, dtype=np.float32))
        files = [tmp_path / "vectors.npy"] * 2
        entry = Entry("broken", "hnswlib", tmp_path)
        started.append(Contestant(entry, *files, HnswSettings(), 1))
        return started[0]

    yield start
    for one in started:
        one.close()


def test_a_process_that_ends_is_a_sentence(broken):
    one = broken("import os\nos._exit(1)\n")
    with pytest.raises(TiefVisionError, match=r"The process of broken ended.*--rows"):
        one.build()


def test_a_library_that_fails_is_a_sentence(broken):
    one = broken("raise RuntimeError('Out of links.')\n")
    with pytest.raises(TiefVisionError, match=r"^broken: out of links\.$"):
        one.build()


def test_another_nmslib_takes_part_beside_that_installed(tmp_path):
    names = [one.name for one in entries(tmp_path)]
    assert names == [
        *("nmslib", "nmslib, folded"),
        *("nmslib, source", "nmslib, folded, source"),
        *("hnswlib", "faiss", "usearch", "exact"),
    ]
    assert {one.packages for one in entries(tmp_path)} == {None, tmp_path.resolve()}
    assert [one.name for one in entries()] == list(CONTENDERS)


def test_the_table_of_building():
    rows = [row("nmslib", 0.5), row("faiss", 0.1), row("nmslib", 0.6, target=0.999)]
    assert building_table(rows) == [
        ("nmslib", "12.3", "10.0", "24", "59"),
        ("faiss", "12.3", "10.0", "24", "59"),
    ]


def test_rates_are_compared_with_the_fastest_peer():
    rows = [row("nmslib", 0.2), row("faiss", 0.4), row("exact", 0.1, effort=None)]
    assert searching_table([*rows, row("hnswlib", 0.5)]) == [
        ("nmslib", "20", "0.9906", "5,000", "2.00 x", "2,000"),
        ("faiss", "20", "0.9906", "2,500", "1.00 x", "2,000"),
        ("exact", "", "0.9906", "10,000", "4.00 x", "2,000"),
        ("hnswlib", "20", "0.9906", "2,000", "0.80 x", "2,000"),
    ]
    assert searching_table(rows[:1])[0][4] == ""  # without a peer


def test_rows_by_recall():
    rows = [row("a", 1.0), row("b", 1.0), row("a", 1.0, target=0.999)]
    assert [(target, len(group)) for target, group in by_recall(rows)] == [
        (0.99, 2),
        (0.999, 1),
    ]


def test_a_row_can_be_read_from_json():
    read = json.loads(json.dumps(row("nmslib", 0.5).to_dict()))
    assert read["queries_a_second"] == 2000
    assert read["built"]["size"] == 24_400_000


def test_exact_search_is_timed_beside_its_limits():
    vectors, queries = clustered_vectors(200, 8, 5, seed=0)
    rows = list(exact_limits(vectors, queries, Repetition(0.0, 1, 1, 0.0)))
    assert [one.step for one in rows] == [
        *("sum of all numbers", "one query", "matrix product", "5 queries"),
    ]
    assert [one.share is None for one in rows] == [True, False, True, False]
    assert rows[0].rate == pytest.approx(200 * 8 * 4 / 1e9 / rows[0].seconds)
    assert rows[3].rate == pytest.approx(2 * 5 * 200 * 8 / 1e9 / rows[3].seconds)
