import pytest

from tiefvision.benchmarks.measured import Goal
from tiefvision.benchmarks.serving import Comparison, Latency, Memory
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED


@pytest.fixture
def quick(monkeypatch):
    """A benchmark that measures nothing, and what it was asked for."""
    asked = []

    def measure_serving(task, folder):
        asked.append(task)
        steps = {"decode": 4.0, "locate": 60.0}
        yield Latency("upload", 99, 88.5, 130.0, 140.0, Goal("120 ms", True), steps)
        yield Comparison("upload", 1.1)
        yield Latency("redrawn box", 9, 61.0, 70.0, 71.0, Goal("50 ms", False))
        yield Memory("searches in a row", 500, 400.0, 404.0, True)

    monkeypatch.setattr(
        "tiefvision.benchmarks.serving.measure_serving", measure_serving
    )
    return asked


def test_the_table(tiefvision, quick):
    spoken = tiefvision("bench-serve", "--rows", 5000, "--seconds", 3)
    assert spoken.code == DONE
    assert "5,000 rows" in spoken.out
    assert "88.5" in spoken.out and "yes" in spoken.out and "no" in spoken.out
    assert "upload, mean ms of each step: decode 4.0, locate 60.0" in spoken.out
    assert "1.10 times as long as without a server" in spoken.out
    assert "500 searches in a row: 400 MiB before, 404 after: flat" in spoken.out
    (task,) = quick
    assert (task.rows, task.seconds, task.searches) == (5000, 3, 500)
    assert max(map(len, spoken.out.splitlines()[1:])) <= 80


def test_a_line_of_json_for_each_measure(tiefvision, quick):
    machine, upload, ratio, box, memory = tiefvision("bench-serve", "--json").lines
    assert machine["cores"] >= 1
    assert upload["steps"] == {"decode": 4.0, "locate": 60.0}
    assert ratio["over_finder"] == 1.1
    assert box["goal"] == {"text": "50 ms", "met": False}
    assert memory["is_flat"] is True


def test_what_cannot_be_measured_is_refused(tiefvision, quick, tmp_path):
    assert tiefvision("bench-serve", "--rows", 3).code == BAD_USAGE
    refused = tiefvision("bench-serve", "--photos", tmp_path)
    assert refused.code == FAILED
    assert "No JPEG files in" in refused.err
    assert not quick
