import json
import shutil

import numpy as np
import pytest

from stages import s1_ingest as ingest
from stages import s6_encode_crops as encode_crops
from stages.runner import Shared, run_stage
from tests.tiny_imagenet import write_tiny_imagenet
from tiefvision.cli.options import Options
from tiefvision.cli.precision import _names
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.datasets.importers.tiny_imagenet import import_tiny_imagenet
from tiefvision.ranking.cosine import embed_cells
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.records import read_photos


@pytest.fixture(scope="session")
def class_run(made_once, settings):
    """A workspace of the stand-in of Tiny ImageNet, stages 1 and 6; not to be changed.

    It holds 8 classes of 14 training and 3 validation pictures.
    """

    def make(folder):
        write_tiny_imagenet(folder / "tiny-imagenet-200")
        import_tiny_imagenet(folder / "tiny-imagenet-200", folder / "data", seed=0)
        shared = Shared(folder / "run", "cpu", quiet=True)
        options = {**settings["encode_crops"], "alterations": 0, "boxes": "whole"}
        options.pop("seed")
        run_stage("ingest", ingest.Config(folder / "data"), shared)
        run_stage("encode_crops", encode_crops.Config(**options), shared)

    return made_once("class-run", make) / "run"


def test_whole_photographs_need_no_locator(class_run):
    assert sorted(path.name for path in class_run.glob("*.lmdb")) == [
        "crops.lmdb",
        "photos.lmdb",
    ]
    with Workspace(class_run).open("crops") as crops:
        assert crops.header.details["boxes"] == "whole"
        assert set(crops.header.inputs) >= {"photos"}
        assert "locations" not in crops.header.inputs
        assert crops.header.count["map"] == 8 * 17
        crop = crops.record("crop/val/val_0.JPEG")
    assert crop["box"] is None


def plain_precision(class_run, split, k):
    """Precision of the cosine, by Euclidean distances and a plain loop."""
    with Workspace(class_run).open("photos") as records:
        photos = read_photos(records)
    with Workspace(class_run).open("crops") as crops:
        views = [View(photo.path) for photo in photos]
        rows = embed_cells(garments_reader(crops)(views)).astype(np.float64)
    classes = [photo.garments[0].category for photo in photos]
    shares = []
    for asking, photo in enumerate(photos):
        if photo.split != split:
            continue
        distances = [
            (float(np.linalg.norm(rows[asking] - rows[other])), other)
            for other, found in enumerate(photos)
            if found.split == "train" and other != asking
        ]
        closest = [other for _, other in sorted(distances)[:k]]
        right = sum(classes[other] == classes[asking] for other in closest)
        shares.append(right / k)
    return sum(shares) / len(shares)


def test_precision_of_untrained_rankers(tiefvision, class_run, tmp_path):
    page = tmp_path / "page.html"
    options = ("--workspace", class_run, "--k", 5, "--ranker", "cosine")
    spoken = tiefvision(
        "precision", *options, "--ranker", "mean", "--json", "--html", page
    )
    assert spoken.code == DONE, spoken.err
    cosine, mean = spoken.lines
    assert (cosine["ranker"], mean["ranker"]) == ("cosine", "mean")
    assert (cosine["k"], cosine["classes"], cosine["gallery"]) == (5, 8, 112)
    assert "24 of 24 photographs of val and 112 of 112" in cosine["protocol"]
    assert "the query itself is left out; whole photographs" in cosine["protocol"]
    for split, queries, chance in (("val", 24, 14 / 112), ("train", 112, 13 / 111)):
        assert cosine[split]["queries"] == queries
        assert cosine[split]["chance"] == round(chance, 4)
        figure = cosine[split]["precision"]
        assert figure["value"] == round(plain_precision(class_run, split, 5), 4)
        assert figure["low"] < figure["value"] < figure["high"]
        classes = cosine[split]["by_class"]
        assert len(classes) == 8
        assert sum(classes.values()) / 8 == pytest.approx(figure["value"], abs=1e-4)
    text = page.read_text()
    assert "Precision@5 by class" in text
    assert "mean minus cosine" in text
    assert text.count('<article class="card">') == 5
    # Ten closest and ten farthest of both rankers, and the query itself.
    assert text.count("<img") == 5 * (1 + 2 * 20)


def test_the_table_and_its_notes(tiefvision, class_run):
    spoken = tiefvision("precision", "--workspace", class_run, "--queries", 10)
    assert spoken.code == DONE, spoken.err
    assert "10 of 24 photographs of val and 10 of 112 photographs of train" in (
        " ".join(spoken.out.split())
    )
    assert "precision@30 on val" in spoken.out
    assert "8 of 8 classes have at most 30 training photographs" in spoken.err
    again = tiefvision("precision", "--workspace", class_run, "--queries", 10)
    assert again.out == spoken.out


def test_all_rankers_are_those_that_can_be_loaded(class_run):
    names = _names(Options(workspace=class_run), ["all"])
    assert names[0] == "cosine"
    assert {"mean", "rgb", "lab", "pca"} <= set(names)  # pca can learn here
    assert "deeprank" not in names
    assert _names(Options(workspace=class_run), []) == ("cosine",)


def test_what_cannot_be_judged_is_refused(tiefvision, class_run, tmp_path):
    spoken = tiefvision("precision", "--workspace", tmp_path / "nothing")
    assert spoken.code == FAILED
    assert "Run: make stage-1" in spoken.err
    spoken = tiefvision("precision", "--workspace", class_run, "--ranker", "nosuch")
    assert spoken.code == BAD_USAGE
    spoken = tiefvision("precision", "--workspace", class_run, "--ranker", "deeprank")
    assert spoken.code == FAILED
    assert "make stage-8" in spoken.err


def test_a_dataset_without_classes_is_refused(tiefvision, class_run, tmp_path):
    run = shutil.copytree(class_run, tmp_path / "run")
    data = shutil.copytree(class_run.parent / "data", tmp_path / "data")
    described = json.loads((data / "annotations.json").read_text())
    for one in described["annotations"]:
        one["category_id"] = 1
    (data / "annotations.json").write_text(json.dumps(described))
    run_stage("ingest", ingest.Config(data), Shared(run, "cpu", quiet=True))
    spoken = tiefvision("precision", "--workspace", run)
    assert spoken.code == FAILED
    assert "photographs of 1 classes; precision by class needs two." in spoken.err
