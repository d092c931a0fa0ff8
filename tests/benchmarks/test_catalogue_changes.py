"""The benchmark of a catalogue that changes, on few rows."""

from tiefvision.benchmarks.catalogue_changes import Task, measure_changes


def test_searches_find_everything_while_rows_change(tmp_path):
    task = Task(rows=300, dimensions=8, changes_an_hour=0, seconds=0.3, changes=60)
    quiet, changing, afterwards = measure_changes(task, tmp_path)
    assert (quiet.name, changing.name, afterwards.name) == (
        *("quiet", "changing", "afterwards"),
    )
    assert quiet.changes == 0 and 1 <= changing.changes <= 60
    for phase in (quiet, changing, afterwards):
        assert phase.recall == 1.0  # so few rows are compared exactly
        assert 0 < phase.median <= phase.p95 <= phase.slowest
