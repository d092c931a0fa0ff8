from dataclasses import replace

from stages import s7_baseline
from tiefvision.workspace.records import read_photos


def test_a_split_without_queries_is_reported(run, run_stage, monkeypatch):
    """The dataset has no validation split."""

    def without_validation(records):
        return [photo for photo in read_photos(records) if photo.split != "val"]

    (run / "baseline.lmdb").unlink()
    monkeypatch.setattr(s7_baseline, "read_photos", without_validation)
    report = run_stage(run, "baseline")["figures"]
    assert report["val"] == {"queries": 0}
    assert report["test"]["protocol"].startswith("4 street photographs search 8 shop")


def test_a_dataset_without_items_is_searched_with_altered_views(
    run, run_stage, monkeypatch
):
    def without_items(records):
        return [replace(photo, item_id="") for photo in read_photos(records)]

    (run / "baseline.lmdb").unlink()
    monkeypatch.setattr(s7_baseline, "read_photos", without_items)
    report = run_stage(run, "baseline")["figures"]
    for split in ("val", "test"):
        assert report[split]["protocol"].startswith(
            "8 altered views search 24 photographs"
        )
