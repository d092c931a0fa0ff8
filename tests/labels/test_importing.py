import json
from dataclasses import replace

import pytest
from PIL import Image

from tests.labels.made import OUTFIT, SKIRT, facts, judgement, known, label
from tiefvision.datasets.writing import write_annotations
from tiefvision.errors import BadDataset
from tiefvision.labels.exporting import export_of, write_export
from tiefvision.labels.importing import import_labels
from tiefvision.labels.store import LabelStore, upload_photo
from tiefvision.records import Garment, Photo

WRITTEN = Garment("skirt", SKIRT.box_in_image)  # as datasets name it
HEADER = "query,positive,negative\n"


@pytest.fixture
def other(tmp_path):
    return LabelStore(tmp_path / "other.sqlite")


def write_coco(folder, *photos):
    write_annotations(folder, photos, description="A test")
    return folder / "annotations.json"


def test_an_export_is_taken_over_as_it_was(store, other, tmp_path):
    store.save_boxes(label("a.jpg", OUTFIT, SKIRT, who="anna"))
    store.save_boxes(label("b.jpg"))
    vest = Garment("upper", (0.1, 0.2, 60.37, 110.29), label="vest")
    theirs = replace(label("", vest), photo=known("a.jpg", "catalogue"))
    store.save_boxes(theirs)
    store.save_judgement(judgement("a.jpg", "b.jpg", "c.jpg"))
    write_export(store, tmp_path / "out")
    done = import_labels(other, tmp_path / "out")
    assert (done.photos, done.triplets, done.known, done.unlabelled) == (3, 1, 0, 1)
    assert done.problems == ()
    assert set(facts(other.labels())) == set(facts(store.labels()))
    assert {one.at for one in other.labels()} == {one.at for one in store.labels()}
    assert {one.photo.key for one in other.labels()} == {
        one.photo.key for one in store.labels()
    }
    assert other.judgements()[0].keys == store.judgements()[0].keys
    # The same again is nothing new.
    again = import_labels(other, tmp_path / "out")
    assert (again.photos, again.triplets, again.known) == (0, 0, 4)
    assert export_of(other).annotations == export_of(store).annotations


def test_uploads_come_with_their_files(store, other, tmp_path):
    Image.new("RGB", (100, 200)).save(tmp_path / "mine.png")
    content = (tmp_path / "mine.png").read_bytes()
    store.keep_upload(content)
    photo = upload_photo(content, ".png", 100, 200)
    store.save_boxes(replace(label("", SKIRT), photo=photo))
    write_export(store, tmp_path / "out")
    import_labels(other, tmp_path / "out")
    (found,) = other.labels()
    assert found.photo == photo
    assert other.upload(photo.content) == content


def test_an_upload_whose_file_did_not_come_along_is_labelled_all_the_same(
    store, tmp_path
):
    photo = Photo("_uploads/f0.jpg", 100, 200, "street", "train", garments=(WRITTEN,))
    import_labels(store, write_coco(tmp_path, photo))
    (found,) = store.labels()
    assert (found.photo.key, found.photo.content) == (("upload", "f0.jpg"), "")


def test_photographs_that_are_known_keep_what_is_known_of_them(store, tmp_path):
    mine = known("a.jpg", root="/data/images", item_id="x1", variant="red")
    photo = Photo("a.jpg", 100, 200, "street", "test", garments=(WRITTEN,))
    import_labels(store, write_coco(tmp_path, photo), [mine], who="ben")
    (found,) = store.labels()
    assert found.photo == mine
    assert found.who == "ben"


def test_photographs_of_which_nothing_is_said_get_no_label(store, tmp_path):
    file = write_coco(tmp_path, Photo("a.jpg", 100, 200, "street", "train"))
    done = import_labels(store, file)
    assert (done.photos, done.unlabelled) == (0, 1)
    assert store.labels() == []


def test_a_label_that_says_something_else_is_new(store, tmp_path):
    store.save_boxes(label("a.jpg", OUTFIT))
    photo = Photo("a.jpg", 100, 200, "street", "train", garments=(WRITTEN,))
    assert import_labels(store, write_coco(tmp_path, photo)).photos == 1
    assert store.labels()[0].garments == (SKIRT,)


def test_what_cannot_be_used_is_told_line_by_line(store, tmp_path):
    too_long = Garment("x" * 99, (0.0, 0.0, 9.0, 9.0))
    file = write_coco(
        tmp_path,
        Photo("a.jpg", 100, 200, "street", "train", garments=(WRITTEN,)),
        Photo("b.jpg", 100, 200, "street", "train", garments=(too_long,)),
    )
    content = json.loads(file.read_text())
    content["images"].append({"id": 9, "file_name": "../c.jpg"})
    content["images"].append("nonsense")
    content["annotations"].append({"id": 9, "image_id": 77, "category_id": 1})
    file.write_text(json.dumps(content))
    rows = [
        "a.jpg,b.jpg,c.jpg",
        "a.jpg,a.jpg,b.jpg",
        "a.jpg",
        '"a.jpg',
        "a.jpg,b.jpg,é",
    ]
    (tmp_path / "triplets.csv").write_bytes(
        (HEADER + "\n".join(rows)).encode("latin-1")
    )
    done = import_labels(store, tmp_path)
    assert (done.photos, done.triplets) == (1, 1)
    assert len(done.problems) == 8
    text = "\n".join(done.problems)
    for told in (
        "images[2]",
        "images[3]",
        "annotations[2]",
        "b.jpg is left out: The group of box 1 has 99 characters",
        "line 2: negative 'c.jpg' is not a photograph",
        "line 4, column 2: positive is missing",
        "line 5",
        "line 6: not UTF-8",
    ):
        assert told in text


def test_who_and_when_that_are_none_do_no_harm(store, tmp_path):
    photos = [Photo(f"{n}.jpg", 100, 200, "street", "train") for n in range(4)]
    notes = {
        "0.jpg": {"annotated_by": "anna", "annotated_at": "yesterday"},
        "1.jpg": {"annotated_by": "anna", "annotated_at": "2026-01-02T03:04:05Z"},
        "2.jpg": {"annotated_by": ["anna"]},
        "3.jpg": {"annotated_by": "\x07", "annotated_at": ""},
    }
    write_annotations(tmp_path, photos, description="A test", notes=notes)
    done = import_labels(store, tmp_path)
    assert (done.photos, done.unlabelled) == (2, 1)
    assert len(done.problems) == 1
    times = {one.photo.photo.path: one.at for one in store.labels()}
    assert times["1.jpg"] == "2026-01-02T03:04:05Z"
    assert times["0.jpg"].endswith("+00:00")


def test_a_file_alone_is_taken_over(store, tmp_path):
    photo = Photo("a.jpg", 100, 200, "street", "train", garments=(WRITTEN,))
    write_coco(tmp_path, photo).rename(tmp_path / "boxes.json")
    (tmp_path / "judged.CSV").write_text(f"{HEADER}a.jpg,b.jpg,c.jpg\n")
    assert import_labels(store, tmp_path / "boxes.json").photos == 1
    photos = [known("b.jpg"), known("c.jpg")]
    assert import_labels(store, tmp_path / "judged.CSV", photos).triplets == 1
    assert import_labels(store, tmp_path / "judged.CSV", photos).known == 1


def test_a_judgement_that_a_file_gives_twice_is_taken_over_twice(store, tmp_path):
    (tmp_path / "triplets.csv").write_text(HEADER + "a.jpg,b.jpg,c.jpg\n" * 2)
    photos = [known(name) for name in ("a.jpg", "b.jpg", "c.jpg")]
    assert import_labels(store, tmp_path, photos).triplets == 2
    assert import_labels(store, tmp_path, photos).known == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.json", None, "There is no"),
        ("annotations.json", "{", "not JSON"),
        ("annotations.json", "[]", "expected an object"),
        ("triplets.csv", "a,b\n", "the header is a,b"),
        ("nothing", None, "There is no"),
    ],
)
def test_what_is_no_label_file_is_refused(store, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadDataset, match=message):
        import_labels(store, tmp_path / name)
    assert not store.file.exists()


def test_a_folder_without_labels_is_refused(store, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataset, match=r"neither annotations\.json nor"):
        import_labels(store, tmp_path / "empty")
