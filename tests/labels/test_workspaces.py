from tests.labels.made import SKIRT, label
from tiefvision.labels.workspaces import (
    dataset_photos,
    labels_of,
    least_sure_first,
)
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.provenance import file_hash


def test_the_photographs_of_the_dataset_of_a_workspace(trained, dataset):
    photos = dataset_photos(Workspace(trained))
    files = sorted((dataset / "images").rglob("*.jpg"))
    assert [one.file for one in photos] == files
    assert {one.origin for one in photos} == {"dataset"}
    assert photos[0].content == file_hash(files[0])
    assert all(one.photo.garments == () for one in photos)


def test_a_workspace_without_a_dataset_has_none(tmp_path):
    assert dataset_photos(Workspace(tmp_path / "run")) == ()
    assert not (tmp_path / "run").exists()


def test_labels_lie_in_the_workspace(tmp_path):
    store = labels_of(Workspace(tmp_path / "run"))
    store.save_boxes(label("a.jpg", SKIRT))
    assert (tmp_path / "run" / "labels.sqlite").is_file()


def test_those_come_first_that_the_locator_is_least_sure_of(trained):
    workspace = Workspace(trained)
    photos = dataset_photos(workspace)
    found = least_sure_first(workspace, photos)
    with workspace.open("locations") as locations:
        scores = [
            max(
                (one["score"] for one in locations.record(f"found/{p.photo.path}")),
                default=0.0,
            )
            for p in found
        ]
    assert scores == sorted(scores)
    assert scores[0] < scores[-1]
    assert set(found) == set(photos)


def test_without_locations_the_order_stays(tmp_path):
    assert least_sure_first(Workspace(tmp_path), []) == []
