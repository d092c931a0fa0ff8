import numpy as np
import pytest
from PIL import Image

from tiefvision.evaluation.localisation import Located
from tiefvision.judging.locator import page as module
from tiefvision.judging.locator.page import write_verdict
from tiefvision.locating.evidence import Evidence
from tiefvision.locating.findings import TellingRules, tell
from tiefvision.locating.verdict import Verdict
from tiefvision.progress import untracked
from tiefvision.records import Garment, Photo
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header

RULES = TellingRules(least_score=0.5)
SIDE = 40


def located(path, split, wanted=(), found=()):
    photo = Photo(path, SIDE, SIDE, "street", split)
    return Located(photo, tuple(wanted), tuple(found))


def garment(category, width, score=1.0):
    """A garment whose IoU with the one of width 20 is width / 20."""
    return Garment(category, (0.0, 0.0, width, 20.0), score)


def verdict_on(*every):
    told = [Located(one.photo, one.wanted, tell(one.found, RULES)) for one in every]
    return Verdict(every, told, RULES)


DRESS, COAT, OUTFIT = (garment(name, 20.0) for name in ("dress", "coat", "outfit"))

PHOTOS = (
    located("train.jpg", "train", [garment("dress", 10.0)], [DRESS]),
    located("val.jpg", "val", [DRESS], [garment("dress", 20.0, 0.75)]),
    located("good.jpg", "test", [DRESS, OUTFIT], [DRESS, garment("outfit", 16.0, 0.8)]),
    # The score of the dress is too low to be reported.
    located("weak.jpg", "test", [DRESS, OUTFIT], [garment("dress", 12.0, 0.4), OUTFIT]),
    located("coat.jpg", "test", [COAT], [garment("coat", 14.0, 0.9)]),
    located("empty.jpg", "test", [], [garment("dress", 5.0, 0.6)]),
)


def test_the_figures_of_every_split_and_of_every_category_of_the_test_split():
    figures = verdict_on(*PHOTOS).figures()
    assert [figures[split]["photographs"] for split in ("train", "val", "test")] == [
        1,
        1,
        4,
    ]
    assert figures["train"]["mean_iou"] == pytest.approx(0.5)
    by_category = figures["test_by_category"]
    assert list(by_category) == ["coat", "dress", "outfit"]
    assert by_category["dress"]["mean_iou"] == pytest.approx((1.0 + 0.6) / 2)
    # The mean box is that of the training photograph, 10 px wide; coats have none.
    assert by_category["dress"]["mean_box_iou"] == pytest.approx(0.5)
    assert by_category["coat"]["mean_box_iou"] == 0.0
    # False alarms in coat.jpg and empty.jpg, counted in reported boxes.
    assert by_category["dress"]["false_alarms"] == 1 / 2
    assert "category" not in by_category["dress"]
    assert figures["test"]["false_alarms"] == 1.0
    error = figures["calibration_error"]
    assert error["val"] == pytest.approx(0.25)  # one box, right, with a score of 0.75
    assert set(error) == {"val", "test"}


def test_the_mean_over_categories_excludes_the_outfit():
    verdict = verdict_on(*PHOTOS)
    assert verdict.means().categories == 2
    assert verdict.means().mean_iou == pytest.approx((0.8 + 0.7) / 2)
    told = verdict.figures()["test_mean_over_categories"]
    assert told["mean_iou"] == verdict.means().mean_iou
    outfits = verdict_on(located("a.jpg", "test", [OUTFIT], [OUTFIT]))
    assert (outfits.means().categories, outfits.means().mean_iou) == (1, 1.0)


def test_reliability_curves_include_boxes_of_every_score():
    curves = verdict_on(*PHOTOS).reliability()
    assert [one.count for one in curves["val"]] == [1]
    assert sum(one.count for one in curves["test"]) == 6
    assert curves["test"][0].mean_score == pytest.approx(0.4)


# --- the page


@pytest.fixture
def records(tmp_path):
    """The artifact of stage 1, with the files of its photographs."""
    images = tmp_path / "images"
    images.mkdir()
    for located_photo in PHOTOS:
        picture = Image.new("RGB", (SIDE, SIDE), (90, 90, 90))
        picture.save(images / located_photo.photo.path)
    path = tmp_path / "photos.lmdb"
    with ArtifactWriter(path, Header("ingest", 1, {}, {}), 0.1) as writer:
        writer.finish(details={"images": str(images)})
    with Artifact(path) as artifact:
        yield artifact


@pytest.fixture
def write(records, tmp_path):
    """Write the page of some photographs and return its text."""

    def explain(levels, garments, width, height):
        assert (width, height) == (SIDE, SIDE)
        explained.append((levels, [garment.category for garment in garments]))
        return Evidence(np.zeros((2, 2), np.float32), np.empty((0, 4)), np.empty(0))

    def written(*photos):
        page = tmp_path / "reports" / "localise.html"
        levels_of = {one.photo.path: [one.photo.path] for one in photos}.__getitem__
        write_verdict(verdict_on(*photos), records, levels_of, explain, page, untracked)
        return page.read_text("utf-8")

    explained = written.explained = []
    return written


def test_the_worst_test_photographs_are_shown_for_outfits_and_garments(write):
    page = write(*PHOTOS)
    # IoU of outfits: 0.8 and 1; of garments: nothing told in weak.jpg, 0.7, and 1.
    assert write.explained == [
        (["good.jpg"], ["outfit"]),
        (["weak.jpg"], ["outfit"]),
        (["weak.jpg"], []),
        (["coat.jpg"], ["coat"]),
        (["good.jpg"], ["dress"]),
    ]
    assert page.count("<article") == 5
    assert page.index("<h3>Outfits") < page.index("<h3>Garments")
    assert "outfit 0.80: right side 20% of its width too far left." in page
    assert "dress 0.00: nothing was found." in page
    assert "train.jpg" not in page and "val.jpg" not in page
    assert "4 photographs of the test split" in page


def test_the_page_shows_the_confusion_of_told_garments(write):
    page = write(*PHOTOS)
    assert 'title="coat, coat: 1 of 1"' in page
    assert 'title="dress, not found: 1 of 2"' in page
    assert 'title="outfit' not in page


def test_confusions_begin_at_the_score_that_is_believed_best(write):
    good, sure = garment("dress", 20.0, 0.75), garment("dress", 20.0, 0.9)
    wrong = Garment("dress", (0.0, 30.0, 20.0, 40.0), 0.6)
    page = write(
        # By validation: F1 is 2/3 at 0.9, 1 at 0.75, and 4/5 at 0.6.
        located("val.jpg", "val", [DRESS], [sure]),
        located("train.jpg", "val", [DRESS], [good, wrong]),
        located("good.jpg", "test", [DRESS, DRESS], [good, wrong]),
    )
    assert "boxes of score 0.75 or more" in page
    assert 'title="dress, dress: 1 of 2"' in page
    assert "nothing there, dress" not in page
    # Without a right box on validation it is the score from which on boxes are told.
    assert "boxes of score 0.50 or more call" in write(*PHOTOS[2:])


def test_the_number_of_worst_photographs_is_limited(write, monkeypatch):
    monkeypatch.setattr(module, "WORST", 1)
    write(*PHOTOS)
    assert [levels for levels, _ in write.explained] == [["good.jpg"], ["weak.jpg"]]


def test_a_photograph_without_its_file_is_left_out(write, tmp_path):
    (tmp_path / "images" / "weak.jpg").unlink()
    page = write(*PHOTOS)
    assert page.count("<article") == 3 and "weak.jpg" not in page


def test_without_a_test_split_the_page_is_written(write):
    assert "0 photographs of the test split" in write(*PHOTOS[:2])
