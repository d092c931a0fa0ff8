import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE
from tiefvision.datasets.importers.ccp import GARMENTS


def test_a_synthetic_dataset_is_written_and_fits(tiefvision, tmp_path):
    folder = tmp_path / "synth"
    arguments = ("data", "synth", folder, "--items", 2, "--street", 1, "--json")
    spoken = tiefvision(*arguments)
    assert (spoken.code, spoken.err) == (DONE, "")
    assert spoken.lines == [{"dataset": str(folder), "items": 2, "street": 1}]
    assert len(list((folder / "images").rglob("*.jpg"))) == 4
    before = (folder / "annotations.json").read_bytes()
    assert tiefvision(*arguments).code == DONE
    assert (folder / "annotations.json").read_bytes() == before
    assert tiefvision("data", "check", folder, "--json").code == DONE


def test_the_seed_decides_the_dataset(tiefvision, tmp_path):
    for seed in (0, 1):
        tiefvision(
            *("data", "synth", tmp_path / str(seed), "--items", 1, "--street", 1),
            *("--seed", seed),
        )
    described = [
        (tmp_path / str(seed) / "annotations.json").read_bytes() for seed in (0, 1)
    ]
    assert described[0] != described[1]


def test_another_dataset_is_not_overwritten(tiefvision, tmp_path):
    (tmp_path / "annotations.json").write_text("{}")
    spoken = tiefvision("data", "synth", tmp_path, "--items", 1)
    assert spoken.code == FAILED
    assert "holds another dataset" in spoken.err
    assert (tmp_path / "annotations.json").read_text() == "{}"


def test_no_items_are_bad_usage(tiefvision, tmp_path):
    assert tiefvision("data", "synth", tmp_path, "--items", 0).code == BAD_USAGE


def test_the_formats_are_listed(tiefvision):
    spoken = tiefvision("data", "formats", "--json")
    assert spoken.code == DONE
    assert spoken.lines
    for line in spoken.lines:
        assert list(line) == ["name", "description", "homepage"]
        assert line["name"] in tiefvision("data", "formats").out
        # Beside the longest name on a terminal of 80 columns: addresses stay whole.
        assert len(line["homepage"]) <= 80 - len("tiny-imagenet  ")


def test_an_unknown_format_is_named_with_those_there_are(tiefvision, tmp_path):
    spoken = tiefvision("data", "import", "nosuch", tmp_path, tmp_path / "out")
    assert spoken.code == BAD_USAGE
    assert "no format 'nosuch'. Use ccp" in spoken.err


def test_a_published_dataset_is_imported(tiefvision, tmp_path):
    from scipy.io import savemat

    source = tmp_path / "ccp"
    for folder in ("photos", "annotations/pixel-level"):
        (source / folder).mkdir(parents=True)
    names = ["null", *sorted(GARMENTS)]
    labels = np.empty((1, len(names)), dtype=object)
    labels[0] = names
    savemat(source / "label_list.mat", {"label_list": labels})
    mask = np.zeros((60, 40), dtype=np.uint8)
    mask[10:50, 5:35] = names.index("dress")
    savemat(source / "annotations" / "pixel-level" / "0001.mat", {"groundtruth": mask})
    pixels = np.random.default_rng(0).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(source / "photos" / "0001.jpg")
    target = tmp_path / "out"
    spoken = tiefvision("data", "import", "ccp", source, target, "--json")
    assert spoken.code == DONE, spoken.err
    assert (spoken.lines[0]["photos"], spoken.lines[0]["boxes"]) == (1, 1)
    described = json.loads((target / "annotations.json").read_text("utf-8"))
    assert described["annotations"][0]["bbox"] == [5, 10, 30, 40]


def test_a_folder_of_another_format_fails(tiefvision, tmp_path):
    spoken = tiefvision("data", "import", "ccp", tmp_path, tmp_path / "out")
    assert spoken.code == FAILED
    assert spoken.err.startswith("Error: ")
    assert "Traceback" not in spoken.err


def test_a_usable_dataset_passes_the_check(tiefvision, dataset):
    spoken = tiefvision("data", "check", dataset, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    (line,) = spoken.lines
    assert (line["usable"], line["photos"], line["items"]) == (True, 24, 12)
    assert "24 (12 street, 12 shop)" in tiefvision("data", "check", dataset).out


def test_problems_of_a_dataset_are_counted(tiefvision, dataset, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(dataset, root)
    first, second, *_ = sorted((root / "images" / "shop").iterdir())
    first.unlink()
    second.write_bytes(b"nonsense")
    spoken = tiefvision("data", "check", root, "--json")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert line["missing"] == [f"shop/{first.name}"]
    assert list(line["corrupt"]) == [f"shop/{second.name}"]


@pytest.mark.parametrize("annotations", [None, "{", '{"images": []}'])
def test_a_dataset_that_cannot_be_used_fails(annotations, tiefvision, tmp_path):
    if annotations:
        (tmp_path / "annotations.json").write_text(annotations)
    spoken = tiefvision("data", "check", tmp_path, "--json")
    assert spoken.code == FAILED
    assert spoken.lines[0]["usable"] is False
    assert "cannot be used" in spoken.err


@pytest.fixture
def twins(dataset, tmp_path):
    """A copy of the dataset in which two photographs are one, in two splits."""
    root = shutil.copytree(dataset, tmp_path / "copy")
    described = json.loads((root / "annotations.json").read_text("utf-8"))
    first, second = (
        next(
            image["file_name"]
            for image in described["images"]
            if (image["source"], image["split"]) == ("shop", split)
        )
        for split in ("train", "test")
    )
    shutil.copy(root / "images" / first, root / "images" / second)
    return root, {first, second}


def test_near_duplicates_are_told(tiefvision, twins):
    root, paths = twins
    assert "near" not in tiefvision("data", "check", root, "--json").lines[0]
    spoken = tiefvision("data", "check", root, "--near", "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    (line,) = spoken.lines
    assert (line["usable"], line["near"]["photos"]) == (True, 24)
    (group,) = (g for g in line["near"]["groups"] if paths <= set(g["photos"]))
    assert (group["leak"], group["different_items"]) == (True, True)
    table = tiefvision("data", "check", root, "--near").out
    assert "groups of near-duplicates among 24 photographs" in table
    assert "test, train: a leak" in table


def test_the_limit_of_near_duplicates_can_be_set(tiefvision, twins):
    root, _ = twins
    limit = ("--near-cosine", "-1", "--json")
    (line,) = tiefvision("data", "check", root, *limit).lines
    assert [len(group["photos"]) for group in line["near"]["groups"]] == [24]
    spoken = tiefvision("data", "check", root, "--near-cosine", "2")
    assert spoken.code == BAD_USAGE


def test_near_duplicates_of_a_folder_that_is_no_dataset(
    tiefvision, catalogue, broken, tmp_path
):
    shutil.copy(catalogue / "plain.jpg", catalogue / "again.jpg")
    shutil.copy(broken, catalogue)
    spoken = tiefvision("data", "check", catalogue, "--near", "--json")
    assert spoken.code == SOME_UNREADABLE
    near = spoken.lines[0]["near"]
    assert [group["photos"] for group in near["groups"]] == [["again.jpg", "plain.jpg"]]
    assert broken.name in near["skipped"][0]
    spoken = tiefvision("data", "check", catalogue, "--near")
    assert f"Skipped: Cannot read {catalogue / broken.name}" in spoken.err
    spoken = tiefvision("data", "check", tmp_path / "none", "--near")
    assert spoken.code == FAILED
    assert "cannot be used" in spoken.err


def coco(folder, *annotations, **values):
    """A dataset of one photograph with these annotations."""
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (60, 90)).save(folder / "images" / "a.png")
    image = {"id": "one", "file_name": "a.png", "width": 60, "height": 90, **values}
    boxes = [{"image_id": "one", "category_id": 1.0, **one} for one in annotations]
    lists = {
        "images": [image],
        "annotations": boxes,
        "categories": [{"id": "1", "name": "dress"}],
    }
    (folder / "annotations.json").write_text(json.dumps(lists))
    return folder


def test_a_coco_file_is_checked_in_one_run(tiefvision, tmp_path):
    folder = coco(
        tmp_path / "data",
        {"bbox": [1, 2, 30, 40]},
        {"bbox": None},
        {"segmentation": [[5, 5, 20, 5, 20, 30]]},
        {"bbox": [1, 2, 30, 40], "iscrowd": 1},
    )
    spoken = tiefvision("data", "check", folder)
    assert spoken.code == DONE
    assert "2 (2 dress)" in spoken.out
    for place in (1, 2, 3):
        assert f"annotations[{place}]" in spoken.out
    assert "Note: No photograph is in the split test" in spoken.err
    quiet = tiefvision("data", "check", folder, "--json", "--quiet")
    assert quiet.err == ""
    assert quiet.lines[0]["problem_counts"] == {
        "dropped box": 1,
        "computed box": 1,
        "crowd": 1,
    }
    assert len(quiet.lines[0]["notes"]) == 1


def test_paths_of_another_form_are_told_by_the_check(tiefvision, tmp_path):
    folder = coco(tmp_path / "data", file_name="images/a.png")
    spoken = tiefvision("data", "check", folder)
    assert spoken.code == FAILED
    assert "Paths start below images/ and use slashes: write 'a.png'." in spoken.err
