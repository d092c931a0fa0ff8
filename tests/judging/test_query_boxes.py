import numpy as np
import pytest
from PIL import Image

from tiefvision.engines.choice import Backend
from tiefvision.judging.boxes import TRUE, WHOLE
from tiefvision.judging.query_boxes import query_garments
from tiefvision.photos.resizing import mirror_photo
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import read_encoder
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.records import photo_path, read_photos

ENGINE = Backend("cpu").inference


@pytest.fixture
def opened(trained):
    workspace = Workspace(trained)
    with workspace.open("photos") as records, workspace.open("crops") as crops:
        yield records, crops


def test_queries_are_encoded_by_true_boxes_and_whole(opened):
    records, crops = opened
    encoder, rules = (
        read_encoder(crops, ENGINE),
        CropRules(crops.header.details["grid"]),
    )
    photos = [photo for photo in read_photos(records) if photo.source == "street"][:3]
    garments = query_garments(records, crops, ENGINE)
    assert list(garments) == [TRUE, WHOLE]
    for photo in photos:
        with Image.open(photo_path(records, photo.path)) as image:
            pixels = np.asarray(image.convert("RGB"))
        boxes = np.array([one.box_in_image for one in photo.garments])
        true = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
        for kind, box in ((TRUE, true), (WHOLE, None)):
            crop = crop_garment(pixels, box)
            found = garments[kind]([View(photo.path), View(photo.path, True)])
            for row, pictured in enumerate((crop, mirror_photo(crop))):
                expected = describe_crop(encoder, pictured, rules)
                np.testing.assert_allclose(found.maps[row], expected.maps[0], atol=1e-6)
                np.testing.assert_array_equal(found.colours[row], expected.colours[0])
                np.testing.assert_array_equal(found.pixels[row], pictured)


def test_queries_by_located_boxes_equal_the_crops_of_stage_6(opened, monkeypatch):
    from tiefvision.judging import query_boxes

    records, crops = opened
    paths = [photo.path for photo in read_photos(records)][:4]
    found = {path: crops.record(f"crop/{path}")["box"] for path in paths}
    monkeypatch.setattr(query_boxes, "_boxes_of_queries", lambda photos: {"x": found})
    views = [View(path, mirrored) for path in paths for mirrored in (False, True)]
    again = query_garments(records, crops, ENGINE)["x"](views)
    kept = garments_reader(crops)(views)
    assert (again.maps * kept.maps).sum(axis=1).min() > 0.999
    assert (again.colours * kept.colours).sum(axis=1).min() > 0.999
    np.testing.assert_array_equal(again.pixels, kept.pixels)


def test_a_missing_photograph_has_similarity_zero_to_everything(
    opened, tmp_path, monkeypatch
):
    from tiefvision.judging import query_boxes

    records, crops = opened
    path = read_photos(records)[0].path
    monkeypatch.setattr(query_boxes, "photo_path", lambda *_: tmp_path / "gone.jpg")
    for garments_of in query_garments(records, crops, ENGINE).values():
        gone = garments_of([View(path)])
        there = garments_reader(crops)([View(path)])
        assert gone.maps.shape == there.maps.shape
        assert gone.colours.shape == there.colours.shape
        assert gone.pixels.shape == there.pixels.shape
        assert not gone.maps.any() and not gone.colours.any()


def test_missing_photographs_are_counted_as_misses(opened, tmp_path):
    from tiefvision.judging.comparison import compare_rankers
    from tiefvision.judging.page import _notes, _notes_by_box
    from tiefvision.ranking.cosine import embed_cells

    def compared(lost):
        """Compare after deleting the photographs of some queries."""

        def path(artifact, name):
            return tmp_path / "gone" if name in lost else photo_path(artifact, name)

        records, crops = opened
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tiefvision.judging.query_boxes.photo_path", path)
            others = query_garments(records, crops, ENGINE)
            return compare_rankers(
                records,
                crops,
                {"cosine": embed_cells},
                garments_reader(crops),
                0,
                by_box=others,
            )

    whole = compared(())
    paths = [view.path for view in whole.search.queries]
    assert whole.gone == {TRUE: 0, WHOLE: 0}
    assert not list(_notes_by_box(whole))
    some = compared(paths[:1])
    assert some.gone == {TRUE: 1, WHOLE: 1}
    assert some.to_lines()[0]["by_box_unreadable"] == {TRUE: 1, WHOLE: 1}
    for kind in (TRUE, WHOLE):
        (before,), (after,) = whole.by_box[kind], some.by_box[kind]
        assert after.ranks[0] == 0 and after.values()["average_precision"][0] == 0
        assert before.ranks[0] > 0
        assert after.ranks[1:].tolist() == before.ranks[1:].tolist()
    note = f"true: 1 of {len(paths)} queries could not be read again"
    assert note in " ".join(_notes_by_box(some))
    none = compared(paths)
    assert none.by_box == {} and none.gone == {TRUE: len(paths), WHOLE: len(paths)}
    assert "no query could be read again" in " ".join(_notes(none))
    assert none.results[0].ranks.tolist() == whole.results[0].ranks.tolist()


def test_queries_are_encoded_once_for_all_rankers(opened, monkeypatch):
    from tiefvision.catalogue import describing

    described = []

    def counted(*arguments):
        described.append(arguments)
        return describe_crop(*arguments)

    monkeypatch.setattr(describing, "describe_crop", counted)
    records, crops = opened
    views = [View(photo.path) for photo in read_photos(records)[:2]]
    garments_of = query_garments(records, crops, ENGINE)[WHOLE]
    first, again = garments_of(views), garments_of(list(views))
    assert len(described) == 2
    np.testing.assert_array_equal(first.maps, again.maps)
    garments_of(views[::-1])
    assert len(described) == 4
