import pytest

from tiefvision.benchmarks.catalogue_changes import Phase
from tiefvision.cli.running import BAD_USAGE, DONE


@pytest.fixture
def quick(monkeypatch):
    """A benchmark that measures nothing, and what it was asked for."""
    asked = []

    def measure_changes(task, folder):
        asked.append(task)
        for name in ("quiet", "changing", "afterwards"):
            yield Phase(name, 9, 1.5, 2.25, 3.0, 0.998, 0.99, 7, 12.0, 1, 2, 3)

    module = "tiefvision.benchmarks.catalogue_changes"
    monkeypatch.setattr(f"{module}.measure_changes", measure_changes)
    return asked


def test_the_table(tiefvision, quick):
    spoken = tiefvision("bench-catalogue", "--rows", 5000, "--rate", 50_000)
    assert spoken.code == DONE
    assert "5,000 x 256, 50,000 changes an hour" in spoken.out
    assert "changing" in spoken.out and "2.25" in spoken.out
    (task,) = quick
    assert (task.rows, task.changes_an_hour) == (5000, 50_000)
    assert max(map(len, spoken.out.splitlines()[1:])) <= 80


def test_a_line_of_json_for_each_phase(tiefvision, quick):
    spoken = tiefvision("bench-catalogue", "--json")
    machine, *phases = spoken.lines
    assert machine["cores"] >= 1
    assert [phase["name"] for phase in phases] == ["quiet", "changing", "afterwards"]


def test_sizes_out_of_range_are_refused(tiefvision, quick):
    assert tiefvision("bench-catalogue", "--rows", 3).code == BAD_USAGE
