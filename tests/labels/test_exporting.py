import json
from dataclasses import replace

import pytest
from PIL import Image

from tests.labels.made import OUTFIT, SKIRT, judgement, known, label
from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.layout import read_dataset
from tiefvision.errors import BadUsage
from tiefvision.labels.exporting import as_dataset, export_of, write_export
from tiefvision.labels.records import Judgement
from tiefvision.labels.store import upload_photo
from tiefvision.records import Garment, Photo, Triplet
from tiefvision.workspace.provenance import file_hash

BOX = (0.1, 20.0, 60.37, 110.29)


@pytest.fixture
def photo(tmp_path):
    """Makes a photograph with a file."""

    def make(name, origin="dataset", **facts):
        root = tmp_path / origin
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 200), (9, 9, 9)).save(file)
        made = known(name, origin, root=str(root), **facts)
        return replace(made, content=file_hash(file))

    return make


def labelled(photo, *garments, **more):
    return replace(label("", *garments, **more), photo=photo)


def test_what_is_exported_is_read_as_a_dataset(store, photo, tmp_path):
    a = photo("street/é 1.jpg", item_id="x1", variant="red", license="CC0-1.0")
    b, c = photo("b.jpg", group="g"), photo("c.png", "catalogue", item_id="x1")
    vest = Garment("upper", BOX, label="vest")
    store.save_boxes(labelled(a, OUTFIT, SKIRT, vest, who="anna"))
    store.save_boxes(labelled(b))
    store.save_judgement(Judgement(a, c, b))
    export = write_export(store, tmp_path / "out")
    assert export.problems == ()
    dataset = read_dataset(tmp_path / "out")
    assert dataset.problems == ()
    assert dataset.triplets == (Triplet("street/é 1.jpg", "_catalogue/c.png", "b.jpg"),)
    assert dataset.photos == export.photos
    assert [replace(one, garments=()) for one in dataset.photos] == [
        replace(c.photo, path="_catalogue/c.png"),
        b.photo,
        a.photo,
    ]
    assert [one.category for one in dataset.photos[2].garments] == [
        "outfit",
        "skirt",
        "vest",
    ]
    assert [one.group for one in dataset.photos[2].garments] == ["", "", "upper"]
    assert dataset.photos[2].garments[2].box_in_image == pytest.approx(BOX, abs=1e-6)
    assert check_dataset(tmp_path / "out").missing == ()


def test_who_labelled_and_when_is_told_of_labelled_photographs_alone(store):
    saved = store.save_boxes(label("a.jpg", SKIRT, who="anna"))
    store.save_boxes(label("b.jpg", state="skipped"))
    store.save_judgement(judgement("a.jpg", "c.jpg", "d.jpg"))
    images = json.loads(export_of(store).annotations)["images"]
    assert [image["file_name"] for image in images] == ["a.jpg", "c.jpg", "d.jpg"]
    assert images[0]["annotated_by"] == "anna"
    assert images[0]["annotated_at"] == saved.at
    assert not {"annotated_by", "annotated_at"} & images[1].keys()


def test_no_labels_are_an_empty_dataset(store):
    export = export_of(store)
    assert json.loads(export.annotations)["images"] == []
    assert export.triplets_csv == "query,positive,negative\n"


def test_each_question_is_exported_once_by_its_latest_answer():
    given = [
        judgement("q", "a", "b"),
        judgement("q", "b", "a"),
        judgement("q", "c", "a"),
        judgement("q", "c", "a"),
        judgement("q", "c", "d", neither=True),
    ]
    export = as_dataset([], given)
    assert export.triplets == (Triplet("q", "b", "a"), Triplet("q", "c", "a"))
    assert "d" not in export.sources


def test_a_name_of_two_groups_has_that_of_most():
    vests = [Garment(group, BOX, label="vest") for group in ("upper", "outer", "upper")]
    export = as_dataset([label("a.jpg", *vests)], [])
    assert [(one.category, one.group) for one in export.photos[0].garments] == [
        ("vest", "upper"),
        ("outer", ""),
        ("vest", "upper"),
    ]
    (problem,) = export.problems
    assert "A vest of group outer in a.jpg is written as outer alone" in problem


def test_one_path_twice_is_told():
    mine, theirs = label("_catalogue/a.jpg"), label("a.jpg")
    theirs = replace(theirs, photo=known("a.jpg", "catalogue"))
    export = as_dataset([mine, theirs], [])
    assert len(export.photos) == 1
    assert export.problems == (
        "a.jpg is left out: its path '_catalogue/a.jpg' is another photograph's.",
    )


def test_a_photograph_outside_the_folder_of_the_catalogue_has_a_path_below_images():
    outside = replace(label(), photo=known("/shop/a.jpg", "catalogue"))
    export = as_dataset([outside], [])
    assert [one.path for one in export.photos] == ["_catalogue/shop/a.jpg"]


def test_uploads_come_from_the_labels(store, tmp_path):
    Image.new("RGB", (100, 200)).save(tmp_path / "mine.png")
    content = (tmp_path / "mine.png").read_bytes()
    upload = upload_photo(content, ".png", 100, 200)
    store.keep_upload(content)
    store.save_boxes(labelled(upload, SKIRT))
    export = write_export(store, tmp_path / "out")
    (photo,) = read_dataset(tmp_path / "out").photos
    assert photo.path == f"_uploads/{upload.content}.png"
    assert (tmp_path / "out/images" / photo.path).read_bytes() == content
    assert export.problems == ()


def test_files_that_are_missing_are_told_and_their_labels_kept(store, photo, tmp_path):
    upload = upload_photo(b"gone", ".jpg", 100, 200)
    there = photo("a.jpg")
    for one in (there, known("b.jpg", root=str(tmp_path)), upload):
        store.save_boxes(labelled(one, SKIRT))
    export = write_export(store, tmp_path / "out")
    assert len(export.photos) == 3
    assert set(export.problems) == {
        f"{tmp_path}/b.jpg has labels and was not copied: no such file or directory.",
        f"{upload.photo.path} has labels and no file: it was not kept.",
    }


def test_a_file_that_changed_since_is_left_out(store, photo, tmp_path):
    a, b, c = photo("a.jpg"), photo("b.jpg"), photo("c.jpg")
    store.save_boxes(labelled(a, SKIRT))
    store.save_boxes(labelled(b, SKIRT))
    store.save_judgement(Judgement(b, a, c))
    Image.new("RGB", (300, 300)).save(a.file)
    export = write_export(store, tmp_path / "out")
    assert [one.path for one in export.photos] == ["b.jpg"]
    assert export.triplets == ()
    assert export.problems == (
        f"{a.file} is left out: it changed after it was labelled.",
    )


def test_an_export_replaces_an_earlier_one_and_nothing_else(store, photo, tmp_path):
    store.save_boxes(labelled(photo("a.jpg"), SKIRT))
    write_export(store, tmp_path / "out")
    store.save_boxes(labelled(photo("b.jpg"), SKIRT))
    assert len(write_export(store, tmp_path / "out").photos) == 2
    other = tmp_path / "other" / "annotations.json"
    other.parent.mkdir()
    for content in ('{"images": []}', '{"info": []}', "no JSON", "[]"):
        other.write_text(content)
        with pytest.raises(BadUsage, match="another dataset, which is not replaced"):
            write_export(store, other.parent)
        assert other.read_text() == content
        assert list(other.parent.iterdir()) == [other]


def test_a_folder_that_cannot_be_written_is_told(store, photo, tmp_path):
    store.save_boxes(labelled(photo("a.jpg"), SKIRT))
    (tmp_path / "out").touch()
    with pytest.raises(OSError, match="out"):
        write_export(store, tmp_path / "out")


def test_a_label_of_a_group_of_its_own_comes_back(store, tmp_path):
    shoes = Garment("shoes", (1.0, 2.0, 30.0, 40.0))
    store.save_boxes(label("a.jpg", shoes))
    write_export(store, tmp_path / "out")
    assert read_dataset(tmp_path / "out").photos == (
        Photo("a.jpg", 100, 200, "street", "train", garments=(shoes,)),
    )
