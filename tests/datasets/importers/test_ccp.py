import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.files import label_names, mask_file
from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.ccp import GARMENTS, import_ccp
from tiefvision.datasets.layout import read_dataset
from tiefvision.errors import BadDataset
from tiefvision.records import Garment

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
LABELS = ["null", "skin", "bag", *sorted(GARMENTS)]
DRESS, JEANS, SKIN = (LABELS.index(name) for name in ("dress", "jeans", "skin"))
HEIGHT, WIDTH = 90, 60


def write_photo(source, stem, scene):
    coarse = np.random.default_rng(scene).integers(0, 255, (9, 6, 3), dtype=np.uint8)
    photo = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    photo.save(source / "photos" / f"{stem}.jpg", quality=95 - scene % 7)


def write_mask(source, stem, mask):
    file = source / "annotations" / "pixel-level" / f"{stem}.mat"
    savemat(file, {"groundtruth": mask})


def dressed():
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[10:20, 20:40] = SKIN
    mask[20:60, 20:40] = DRESS
    mask[80:82, 50:52] = JEANS  # 0.07 % of the photograph
    return mask


@pytest.fixture
def source(tmp_path):
    """A folder with eight photographs in the layout of Clothing Co-Parsing."""
    source = tmp_path / "ccp"
    (source / "photos").mkdir(parents=True)
    (source / "annotations" / "pixel-level").mkdir(parents=True)
    cells = np.empty((1, len(LABELS)), dtype=object)
    cells[0] = LABELS
    savemat(source / "label_list.mat", {"label_list": cells})
    for number in range(1, 9):
        write_photo(source, f"{number:04}", number)
        write_mask(source, f"{number:04}", dressed())
    return source


def test_masks_become_boxes_and_photographs_are_copied(source, tmp_path):
    report = import_ccp(source, tmp_path / "out", seed=0)
    assert (report.photos, report.boxes, report.skipped) == (8, 8, ())
    assert report.boxes_by_category == {"dress": 8}
    dataset = read_dataset(tmp_path / "out")
    assert {photo.garments for photo in dataset.photos} == {
        (Garment("dress", (20.0, 20.0, 40.0, 60.0), person="1"),)
    }
    assert {(p.source, p.item_id, p.license) for p in dataset.photos} == {
        ("street", "", "Apache-2.0")
    }
    for photo in dataset.photos:
        original = (source / "photos" / photo.path).read_bytes()
        assert (dataset.images / photo.path).read_bytes() == original
    assert check_dataset(tmp_path / "out").usable


def test_masks_keep_the_labels_and_their_names(source, tmp_path):
    import_ccp(source, tmp_path / "out", seed=0)
    photo = read_dataset(tmp_path / "out").photos[0]
    with Image.open(mask_file(tmp_path / "out", photo.path)) as mask:
        assert np.array_equal(np.asarray(mask), dressed())
    assert label_names(tmp_path / "out") == tuple(LABELS)


def test_garments_and_their_least_share_can_be_chosen(source, tmp_path):
    garments = {"skin", "jeans"}
    report = import_ccp(
        source, tmp_path / "out", seed=0, garments=garments, min_share=0.0
    )
    assert report.boxes_by_category == {"jeans": 8, "skin": 8}


def test_near_duplicates_stay_in_one_split(source, tmp_path):
    for stem in ("0101", "0102", "0312", "0398"):
        write_mask(source, stem, dressed())
    write_photo(source, "0101", 100)
    write_photo(source, "0102", 100)
    photo = Image.open(source / "photos" / "0102.jpg")
    photo.save(source / "photos" / "0102.jpg", quality=40)
    write_photo(source, "0312", 110)  # known to be one outfit, however they look
    write_photo(source, "0398", 120)
    for seed in range(4):
        report = import_ccp(source, tmp_path / "out", seed=seed)
        groups = (("0101.jpg", "0102.jpg"), ("0312.jpg", "0398.jpg"))
        assert report.near_duplicates == groups
        photos = read_dataset(tmp_path / "out").photos
        splits = {photo.path: photo.split for photo in photos}
        assert all(splits[first] == splits[second] for first, second in groups)
        assert set(splits.values()) == {"train", "val", "test"}
        named = {photo.path: photo.group for photo in photos if photo.group}
        assert named == {path: group[0] for group in groups for path in group}


def test_damage_is_skipped_with_the_reason(source, tmp_path):
    masks = source / "annotations" / "pixel-level"
    (masks / "0001.mat").unlink()
    write_mask(source, "0002", dressed()[:-1])
    (masks / "0003.mat").write_bytes((masks / "0004.mat").read_bytes()[:200])
    (source / "photos" / "0004.jpg").write_bytes(b"nothing")
    write_mask(source, "0005", np.full((HEIGHT, WIDTH), 200, dtype=np.uint8))
    write_mask(source, "0006", np.zeros((HEIGHT, WIDTH)))
    savemat(masks / "0007.mat", {"other": dressed()})
    report = import_ccp(source, tmp_path / "out", seed=0)
    assert [photo.path for photo in read_dataset(tmp_path / "out").photos] == [
        "0008.jpg"
    ]
    reasons = [
        "no mask",
        "60 x 89",
        "cannot be read",
        "not a JPEG",
        "a label is not one",
        "not a matrix",
        "cannot be read",
    ]
    assert len(report.skipped) == len(reasons)
    for number, reason in enumerate(reasons):
        assert reason in report.skipped[number]
        assert f"000{number + 1}" in report.skipped[number]


def test_pipes_in_place_of_files_are_skipped(source, tmp_path):
    mask = source / "annotations" / "pixel-level" / "0001.mat"
    for file in (mask, source / "photos" / "0002.jpg"):
        file.unlink()
        os.mkfifo(file)
    report = import_ccp(source, tmp_path / "out", seed=0)
    assert len(report.skipped) == 2
    assert all("it is a pipe and no file" in reason for reason in report.skipped)


def test_equal_seeds_give_equal_bytes(source, tmp_path):
    for name in ("one", "two"):
        import_ccp(source, tmp_path / name, seed=3)
    first, second = (tmp_path / n / "annotations.json" for n in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_a_killed_import_is_completed(source, tmp_path):
    def killed(items, description, total):
        for position, item in enumerate(items):
            if position == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        import_ccp(source, tmp_path / "out", seed=0, track=killed)
    assert not (tmp_path / "out" / "annotations.json").exists()
    (tmp_path / "out" / "images" / "0001.jpg").write_bytes(b"half")
    assert import_ccp(source, tmp_path / "out", seed=0).photos == 8
    assert check_dataset(tmp_path / "out").corrupt == {}


def test_a_folder_that_holds_something_else_is_left_alone(source, tmp_path):
    target = tmp_path / "mine"
    target.mkdir()
    (target / "annotations.json").write_text("{}")
    with pytest.raises(BadDataset, match="something other than a ccp import"):
        import_ccp(source, target, seed=0)
    assert [file.name for file in target.iterdir()] == ["annotations.json"]
    (target / "import.json").write_text(json.dumps({"format": "other"}))
    with pytest.raises(BadDataset, match="something other"):
        import_ccp(source, target, seed=0)


@pytest.mark.parametrize("part", ["photos", "label_list.mat"])
def test_a_source_of_another_shape_is_refused(source, tmp_path, part):
    (source / part).rename(source / "elsewhere")
    with pytest.raises(BadDataset, match=f"there is no {part}"):
        import_ccp(source, tmp_path / "out", seed=0)
    assert not (tmp_path / "out").exists()


def test_an_invalid_label_list_is_refused(source, tmp_path):
    (source / "label_list.mat").write_bytes(b"nothing")
    with pytest.raises(BadDataset, match="not a label list"):
        import_ccp(source, tmp_path / "out", seed=0)
    savemat(source / "label_list.mat", {"label_list": np.zeros((2, 2))})
    with pytest.raises(BadDataset, match="lacks: blazer"):
        import_ccp(source, tmp_path / "out", seed=0)


def test_the_format_is_listed():
    assert FORMATS["ccp"].name == "ccp"
    assert FORMATS["ccp"].convert is import_ccp


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "data/ccp").is_dir(), reason="CCP is not there")
def test_clothing_co_parsing_itself(tmp_path):
    report = import_ccp(SHARED / "data/ccp", tmp_path, seed=0)
    assert (report.photos, report.skipped) == (804, ())
    assert report.boxes_by_category["dress"] == 216
    assert len(report.near_duplicates) == 9
    checked = check_dataset(tmp_path)
    assert checked.usable
    assert checked.leaks == ()
