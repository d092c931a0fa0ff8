import pytest

from tiefvision.benchmarks.index_contest import Built
from tiefvision.benchmarks.indexes import IndexRow
from tiefvision.benchmarks.measured import Measured
from tiefvision.cli.running import BAD_USAGE, DONE

BUILT = Built(seconds=12.34, cpu=10.0, peak=58_600_000, size=24_400_000)


@pytest.fixture
def quick(monkeypatch):
    """A benchmark that builds nothing, and what it was asked for."""
    asked = []

    def compare_indexes(task, compared, threads, note):
        asked.append((task, [one.name for one in compared], threads))
        note("something is built")
        return [
            IndexRow(name, threads, recall, 20, recall, 0.5, 1000, 0.5, BUILT)
            for recall in (0.99, 0.999)
            for name in ("nmslib", "hnswlib")
        ]

    limits = [Measured("exact search: one query", "float32", 0.5, 2.0, "GB/s")]
    benchmarks = "tiefvision.benchmarks"
    monkeypatch.setattr(f"{benchmarks}.indexes.compare_indexes", compare_indexes)
    monkeypatch.setattr(f"{benchmarks}.exact_limits.exact_limits", lambda *_: limits)
    monkeypatch.setattr("tiefvision.machine.usable_cores", lambda: 2)
    return asked


SIZES = ("--rows", 500, "--dimensions", 8, "--queries", 20)


def test_the_tables(tiefvision, quick):
    spoken = tiefvision("bench-index", *SIZES, "--seed", 7)
    assert spoken.code == DONE
    lines = spoken.out.splitlines()
    assert "500 x 8 vectors" in lines[0] and "seed 7, 20 queries" in lines[0]
    titles = [line for line in lines if line.endswith(("threads: 1", "threads: 2"))]
    assert titles == [
        f"{title}, threads: {threads}"
        for threads in (1, 2)
        for title in (
            "building",
            "searching at recall 0.99",
            "searching at recall 0.999",
        )
    ]
    cells = ["nmslib", "12.3", "10.0", "24", "59"]
    assert cells in [line.split() for line in lines]
    assert "exact search" in lines
    assert "something is built" in spoken.err
    assert max(map(len, lines[1:])) <= 80
    (one, names, threads), (two, *_) = quick
    assert (one.rows, one.dimensions, one.queries, one.seed) == (500, 8, 20, 7)
    assert one == two and threads == 1 and names[-1] == "exact"


def test_json_lines_and_one_number_of_threads(tiefvision, quick):
    spoken = tiefvision("bench-index", *SIZES, "--threads", 2, "--json")
    assert spoken.code == DONE
    machine, *rows, limits = spoken.lines
    assert machine["cores"] == 2
    assert [(row["index"], row["target"]) for row in rows] == [
        *(("nmslib", 0.99), ("hnswlib", 0.99)),
        *(("nmslib", 0.999), ("hnswlib", 0.999)),
    ]
    assert rows[0]["queries_a_second"] == 2000
    assert limits["work"] == "exact search: one query"
    assert [threads for *_, threads in quick] == [2]


def test_another_nmslib(tiefvision, quick, tmp_path):
    spoken = tiefvision("bench-index", *SIZES, "--packages", tmp_path)
    assert spoken.code == BAD_USAGE
    assert f"There is no NMSLIB in {tmp_path}" in spoken.err.replace("\n", "")
    (tmp_path / "nmslib.so").touch()
    assert tiefvision("bench-index", *SIZES, "--packages", tmp_path).code == DONE
    assert "nmslib, source" in quick[0][1]


@pytest.mark.parametrize("option", ["--rows", "--dimensions", "--queries"])
def test_sizes_that_cannot_be(tiefvision, quick, option):
    assert tiefvision("bench-index", option, 0).code == BAD_USAGE
    assert not quick
