"""The benchmark of the web application, on few rows."""

from pathlib import Path

import tiefvision
from tiefvision.benchmarks.serving import (
    Comparison,
    Latency,
    Memory,
    Task,
    _steps_between,
    measure_serving,
)
from tiefvision.benchmarks.serving_catalogue import make_catalogue


def test_a_catalogue_of_many_rows_out_of_few_photographs(
    bundle: Path, street_photos: list[Path], tmp_path: Path
) -> None:
    with tiefvision.load(tmp_path / "run", models=str(bundle)) as finder:
        make_catalogue(finder, tmp_path / "shop", street_photos[:3], 40)
        assert finder.indexed.photos == 40
        (answer,) = finder.search(street_photos[0], whole=True, k=40)
        assert len({hit.photo for hit in answer.hits}) == 40
        assert {hit.file_state for hit in answer.hits} == {""}
        assert len({hit.similarity for hit in answer.hits}) > 30


def test_requests_are_timed(
    bundle: Path, street_photos: list[Path], tmp_path: Path
) -> None:
    task = Task(30, 0.1, 2, tuple(street_photos[:2]), str(bundle))
    upload, ratio, four, box, memory = measure_serving(task, tmp_path)
    assert isinstance(upload, Latency)
    assert upload.name == "upload" and upload.requests >= 1
    assert {"decode", "locate", "search"} <= set(upload.steps)
    assert 0 < upload.median <= upload.p95 <= upload.slowest
    assert isinstance(ratio, Comparison) and ratio.over_finder > 0
    assert isinstance(four, Latency) and four.requests >= 4
    assert isinstance(box, Latency) and {"embed", "search"} <= set(box.steps)
    assert isinstance(memory, Memory) and memory.searches == 2
    assert memory.before > 1 and memory.after > 1


def test_steps_between_two_moments() -> None:
    before = {"decode": (1.0, 10), "locate": (2.0, 4)}
    after = {"decode": (1.5, 20), "locate": (2.0, 4)}
    assert _steps_between(before, after) == {"decode": 50.0}
