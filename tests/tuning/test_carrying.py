"""Carried maps are those that stage 2 would have made."""

import json
import os
import shutil

import pytest

from tiefvision.tuning.carrying import carry_features
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture(scope="module")
def old(run_stage, dataset, tmp_path_factory):
    """A workspace with features of photographs and of pictures made of them."""
    root = tmp_path_factory.mktemp("old")
    run_stage(root, "ingest")
    run_stage(root, "encode", made=4)
    return Workspace(root)


def changed_dataset(dataset, folder, change):
    """A dataset with the same photographs, whose description is changed."""
    shutil.copytree(dataset, folder, copy_function=os.link)
    file = folder / "annotations.json"
    described = json.loads(file.read_text())
    change(described, folder / "images")
    file.unlink()
    file.write_text(json.dumps(described))
    return folder


def move_a_box(described, images):
    by_path = sorted(described["images"], key=lambda image: image["file_name"])
    chosen = next(image for image in by_path if image["split"] == "train")
    for annotation in described["annotations"]:
        if annotation["image_id"] == chosen["id"]:
            annotation["bbox"] = [5, 6, 70, 80]


def add_a_photograph(described, images):
    image = described["images"][0]
    shutil.copy(images / image["file_name"], images / "z.jpg")
    with (images / "z.jpg").open("ab") as file:
        file.write(b"\0")
    entry = {**image, "id": 999, "file_name": "z.jpg", "split": "train", "item_id": ""}
    described["images"].append(entry)


def add_one_in_front(described, images):
    add_a_photograph(described, images)
    (images / "z.jpg").rename(images / "a.jpg")
    described["images"][-1]["file_name"] = "a.jpg"


def replace_a_file(described, images):
    file = images / described["images"][0]["file_name"]
    content = file.read_bytes()
    file.unlink()  # it is a link
    file.write_bytes(content + b"\0")


@pytest.mark.parametrize(
    ("change", "photos", "all_made"),
    [
        (lambda described, images: None, 24, True),
        (move_a_box, 24, False),
        (add_a_photograph, 24, True),
        (add_one_in_front, 24, False),
        (replace_a_file, 23, False),
    ],
)
def test_stage_2_comes_to_the_same(
    change, photos, all_made, old, run_stage, dataset, tmp_path
):
    data = changed_dataset(dataset, tmp_path / "data", change)
    digests = []
    for carried in (False, True):
        new = Workspace(tmp_path / f"new-{carried}")
        run_stage(new.root, "ingest", data=data)
        if carried:
            kept, made = carry_features(old, new)
        run_stage(new.root, "encode", made=4)
        with new.open("features") as features:
            digests.append(features.header.digest)
    assert digests[0] == digests[1]
    with old.open("features") as features:
        count = features.header.count["made"]
    assert kept == photos
    assert (made == count) == all_made
    assert made >= 4  # the painted ones
