from collections import Counter

import pytest

from tiefvision.errors import BadUsage
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import read_photos


def splits(workspace):
    with Workspace(workspace).open("photos") as photos:
        return {photo.path: photo.split for photo in read_photos(photos)}


def test_folds_replace_the_splits_of_the_dataset(dataset, tmp_path, run_stage):
    tested = Counter()
    for fold in range(3):
        workspace = tmp_path / str(fold)
        figures = run_stage(workspace, "ingest", folds=3, fold=fold)["figures"]
        assert (figures["folds"], figures["fold"]) == (3, fold)
        assert figures["by_split"] == {"train": 12, "val": 4, "test": 8}
        assert len(figures["leaks"]) == 0
        found = splits(workspace)
        assert Counter(found.values()) == figures["by_split"]
        tested.update(path for path, split in found.items() if split == "test")
    assert set(tested.values()) == {1}
    assert len(tested) == 24


def test_without_folds_the_dataset_splits(dataset, tmp_path, run_stage):
    from tiefvision.datasets.layout import read_dataset

    report = run_stage(tmp_path, "ingest")
    own = {photo.path: photo.split for photo in read_dataset(dataset).photos}
    assert splits(tmp_path) == own
    assert "folds" not in report["figures"]
    assert run_stage(tmp_path, "ingest") is None
    assert run_stage(tmp_path, "ingest", folds=3) is not None


def test_an_unreadable_photograph_is_recorded_with_the_reason(
    dataset, tmp_path, run_stage
):
    import shutil

    from tiefvision.datasets.layout import read_dataset
    from tiefvision.workspace.records import read_skipped

    root = shutil.copytree(dataset, tmp_path / "data")
    photos = read_dataset(root).photos
    (root / "images" / photos[3].path).unlink()
    (root / "images" / photos[8].path).write_bytes(b"no photograph")
    run_stage(tmp_path / "run", "ingest", data=root)
    with Workspace(tmp_path / "run").open("photos") as records:
        lost = {photo.path: photo for photo in (photos[3], photos[8])}
        assert {photo.path: photo for photo in read_skipped(records)} == lost
        assert not set(lost) & {photo.path for photo in read_photos(records)}
        assert all(record["why"] for record in records.records("skipped"))


def test_a_fold_without_folds_is_bad_usage(tmp_path, run_stage):
    with pytest.raises(BadUsage, match="no fold 2 of 0"):
        run_stage(tmp_path, "ingest", fold=2)
