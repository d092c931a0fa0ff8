import copy
import json

import pytest

from tiefvision.datasets.annotations import read_annotations
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.records import Garment, Photo

GOOD = {
    "images": [
        {
            "id": 7,
            "file_name": "b/1.jpg",
            "width": 100,
            "height": 200,
            "source": "shop",
            "item_id": "x1",
            "split": "val",
            "license": "CC0-1.0",
        },
        {"id": 3, "file_name": "a/1.jpg", "width": 50, "height": 60},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 2, "bbox": [10, 20.5, 30, 40]},
        {"id": 2, "image_id": 7, "category_id": 5, "bbox": [0, 0, 100, 200]},
    ],
    "categories": [{"id": 5, "name": "skirt"}, {"id": 2, "name": "dress"}],
}


def read(tmp_path, content):
    file = tmp_path / "annotations.json"
    if isinstance(content, dict):
        content = json.dumps(content)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_annotations(file)


def changed(*keys, value):
    """GOOD with one value replaced, or removed if the value is ``...``."""
    content = copy.deepcopy(GOOD)
    place = content
    for key in keys[:-1]:
        place = place[key]
    if value is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return content


def test_a_good_file(tmp_path):
    annotations = read(tmp_path, GOOD)
    assert annotations.photos == (
        Photo("a/1.jpg", 50, 60, "street", "train"),
        Photo(
            "b/1.jpg",
            100,
            200,
            "shop",
            "val",
            "x1",
            "CC0-1.0",
            (
                Garment("dress", (10.0, 20.5, 40.0, 60.5)),
                Garment("skirt", (0.0, 0.0, 100.0, 200.0)),
            ),
        ),
    )
    assert annotations.categories == ("dress", "skirt")
    assert annotations.problems == ()


def test_a_group_is_optional(tmp_path):
    photos = read(tmp_path, changed("images", 0, "group", value="shot 1")).photos
    assert [photo.group for photo in photos] == ["", "shot 1"]


def test_a_byte_order_mark_is_no_harm(tmp_path):
    assert len(read(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode()).photos) == 2


def test_coco_license_numbers_are_looked_up(tmp_path):
    content = changed("images", 0, "license", value=4)
    content["licenses"] = [{"id": 4, "name": "CC-BY-4.0"}]
    photos = read(tmp_path, content).photos
    assert [photo.license for photo in photos] == ["", "CC-BY-4.0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("images", value=...), "images is missing, expected a list"),
        (changed("annotations", value={}), "annotations is {}, expected a list"),
        (
            {"images": 3, "annotations": {}, "categories": "x"},
            r"images is 3, .*; annotations is {}, .*; categories is \"x\", expected a",
        ),
    ],
)
def test_what_is_no_coco_is_refused_with_all_its_faults(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message) as error:
        read(tmp_path, content)
    assert "annotations.json" in str(error.value)


def test_lists_of_boxes_are_optional(tmp_path):
    content = {"images": GOOD["images"], "annotations": None}
    annotations = read(tmp_path, content)
    assert [photo.path for photo in annotations.photos] == ["a/1.jpg", "b/1.jpg"]
    assert annotations.problems == ()


def kinds_and_messages(annotations):
    return [(problem.kind, problem.message) for problem in annotations.problems]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (changed("images", 1, value=3), "images[1] is 3, expected an object."),
        (changed("images", 1, "width", value=...), "images[1].width is missing"),
        (changed("images", 1, "width", value=-4), "images[1].width is -4"),
        (changed("images", 1, "width", value="50"), 'images[1].width is "50"'),
        (changed("images", 1, "width", value=1.5), "images[1].width is 1.5"),
        (changed("images", 1, "width", value=10**400), "images[1].width is 1000"),
        (changed("images", 1, "width", value=float("nan")), "images[1].width is NaN"),
        (changed("images", 1, "file_name", value="../x.jpg"), "climbs out of images"),
        (changed("images", 1, "file_name", value="/x.jpg"), "is an absolute path"),
        (changed("images", 1, "file_name", value=3), "expected a path"),
        (changed("images", 1, "file_name", value=...), "images[1].file_name is miss"),
        (changed("images", 1, "split", value="dev"), "expected train, val or test"),
        (changed("images", 1, "source", value="web"), "expected street or shop"),
        (changed("images", 1, "item_id", value=[]), "images[1].item_id is []"),
        (changed("images", 1, "item_id", value="\ud800"), "that is not text"),
        (changed("images", 1, "group", value=[]), "images[1].group is []"),
    ],
)
def test_a_broken_image_is_left_out_alone(tmp_path, content, message):
    annotations = read(tmp_path, content)
    assert [photo.path for photo in annotations.photos] == ["b/1.jpg"]
    assert len(annotations.photos[0].garments) == 2
    ((kind, said),) = kinds_and_messages(annotations)
    assert kind == "skipped photograph"
    assert message in said


def test_all_faults_are_told_in_one_run_with_their_places(tmp_path):
    content = changed("images", 1, "width", value=0)
    content["images"][1] |= {"split": "dev", "source": "web"}
    content["annotations"][0] |= {"category_id": 8, "person": []}
    content["annotations"][1]["bbox"] = [1, 2]
    content["annotations"].append({"image_id": 3, "category_id": 5, "bbox": [1] * 4})
    assert kinds_and_messages(read(tmp_path, content)) == [
        (
            "skipped photograph",
            "images[1].width is 0, expected a number of pixels; images[1].source is "
            '"web", expected street or shop; images[1].split is "dev", expected '
            "train, val or test.",
        ),
        (
            "dropped box",
            "annotations[0].category_id is 8, which no entry has as its id; "
            "annotations[0].person is [], expected a string.",
        ),
        (
            "dropped box",
            "annotations[1].bbox has 2 numbers, expected 4: x, y, width, height.",
        ),
        ("dropped box", "annotations[2].image_id is 3, but images[1] was left out."),
    ]


@pytest.mark.parametrize("width", [..., None, 0, -1, "50", 1.5])
def test_a_size_that_is_not_told_is_that_of_the_file(tmp_path, width):
    file = tmp_path / "annotations.json"
    file.write_text(json.dumps(changed("images", 1, "width", value=width)))
    annotations = read_annotations(file, lambda path: (len(path), 60))
    assert annotations.photos[0] == Photo("a/1.jpg", 7, 60, "street", "train")
    ((kind, said),) = kinds_and_messages(annotations)
    assert kind == "mended photograph"
    assert "images[1].width is " in said and said.endswith("of its file is used.")


def test_a_size_that_no_file_tells_leaves_the_photograph_out(tmp_path):
    def no_file(path):
        raise UnreadablePhoto(f"Cannot read {path}: no such file.")

    file = tmp_path / "annotations.json"
    file.write_text(json.dumps(changed("images", 1, "width", value=...)))
    annotations = read_annotations(file, no_file)
    assert [photo.path for photo in annotations.photos] == ["b/1.jpg"]
    assert "Cannot read a/1.jpg" in annotations.problems[0].message


def test_a_photograph_listed_twice_has_the_boxes_of_both_entries(tmp_path):
    content = changed("images", 1, "file_name", value="b/1.jpg")
    content["annotations"][1]["image_id"] = 3
    annotations = read(tmp_path, content)
    assert [photo.path for photo in annotations.photos] == ["b/1.jpg"]
    assert len(annotations.photos[0].garments) == 2
    ((kind, said),) = kinds_and_messages(annotations)
    assert kind == "mended photograph"
    assert 'images[1].file_name is "b/1.jpg" again, as images[0]' in said


@pytest.mark.parametrize(
    ("own", "named"),
    [
        (7, "7"),
        (7.0, 7),
        ("7", 7),
        ("a", "a"),
        ("007", "007"),
        (7.5, 7.5),
        (-7, "-7"),
        (10**15, 1e15),
    ],
)
@pytest.mark.parametrize("of", ["image", "category"])
def test_ids_are_whole_numbers_or_texts(tmp_path, own, named, of):
    content = copy.deepcopy(GOOD)
    listed = content["images" if of == "image" else "categories"]
    old = listed[0]["id"]
    listed[0]["id"] = own
    for entry in content["annotations"]:
        if entry[f"{of}_id"] == old:
            entry[f"{of}_id"] = named
    annotations = read(tmp_path, content)
    assert len(annotations.photos[1].garments) == 2
    assert annotations.problems == ()


@pytest.mark.parametrize(
    ("content", "boxes", "message"),
    [
        (changed("images", 0, "id", value=...), 0, "images[0].id is missing"),
        (changed("images", 0, "id", value=True), 0, "images[0].id is true"),
        (changed("images", 0, "id", value=None), 0, "images[0].id is null"),
        (changed("images", 0, "id", value=""), 0, 'images[0].id is ""'),
        (changed("images", 0, "id", value=[7]), 0, "images[0].id is [7]"),
        (changed("images", 0, "id", value=float("nan")), 0, "images[0].id is NaN"),
        (changed("images", 1, "id", value="7"), 0, 'images[1].id is "7" again, as im'),
        (changed("categories", 0, "id", value=...), 1, "categories[0].id is missing"),
        (changed("categories", 1, "id", value=5), 0, "categories[1].id is 5 again"),
        (changed("categories", 0, "name", value=...), 1, "categories[0].name is miss"),
        (changed("categories", 0, value="skirt"), 1, 'categories[0] is "skirt"'),
        (changed("annotations", 0, "id", value=2), 2, "annotations[1].id is 2 again"),
        (changed("annotations", 0, "id", value=[]), 2, "annotations[0].id is []"),
    ],
)
def test_a_bad_id_spoils_only_what_refers_to_it(tmp_path, content, boxes, message):
    annotations = read(tmp_path, content)
    assert [photo.path for photo in annotations.photos] == ["a/1.jpg", "b/1.jpg"]
    garments = [len(photo.garments) for photo in annotations.photos]
    assert garments == [0, boxes]
    first, *others = annotations.problems
    assert first.kind == "unclear id" and message in first.message
    assert [problem.kind for problem in others] == ["dropped box"] * (2 - boxes)


def test_boxes_without_an_id_are_used_and_copies_are_not(tmp_path):
    content = changed("annotations", 0, "id", value=...)
    del content["annotations"][1]["id"]
    assert read(tmp_path, content).problems == ()
    content["annotations"] += [{"id": 4, **content["annotations"][0]}] * 2
    annotations = read(tmp_path, content)
    assert len(annotations.photos[1].garments) == 3
    assert kinds_and_messages(annotations) == [
        (
            "unclear id",
            "annotations[3].id is 4 again, as annotations[2]; it is a copy.",
        )
    ]


def test_a_category_listed_again_under_another_id_is_the_same(tmp_path):
    content = changed("categories", 1, "name", value="skirt")
    annotations = read(tmp_path, content)
    names = [garment.category for garment in annotations.photos[1].garments]
    assert names == ["skirt", "skirt"]
    assert annotations.categories == ("skirt",)
    assert annotations.problems == ()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("image_id", 9, "annotations[0].image_id is 9, which no entry has"),
        ("image_id", ..., "annotations[0].image_id is missing"),
        ("category_id", 9, "annotations[0].category_id is 9, which no entry has"),
        ("category_id", None, "annotations[0].category_id is null"),
        ("person", [], "annotations[0].person is []"),
        ("bbox", ..., "annotations[0].bbox is missing, expected a list of 4 numbers"),
        ("bbox", None, "annotations[0].bbox is null"),
        ("bbox", [], "annotations[0].bbox has 0 numbers, expected 4"),
        ("bbox", [1, 2, 3], "annotations[0].bbox has 3 numbers, expected 4"),
        ("bbox", [1, 2, 3, "4"], 'annotations[0].bbox holds "4", expected a number'),
        ("bbox", [1, 2, 3, True], "annotations[0].bbox holds true, expected a num"),
        ("bbox", [1, 2, 3, None], "annotations[0].bbox holds null, expected a num"),
        ("bbox", "1 2 3 4", 'annotations[0].bbox is "1 2 3 4"'),
        ("bbox", {"x": 1}, 'annotations[0].bbox is {"x": 1}'),
        ("iscrowd", 1, "annotations[0] on b/1.jpg is a crowd"),
        ("iscrowd", True, "annotations[0] on b/1.jpg is a crowd"),
        ("iscrowd", "1", "annotations[0] on b/1.jpg is a crowd"),
    ],
)
def test_a_broken_box_is_left_out_alone_and_counted(tmp_path, key, value, message):
    annotations = read(tmp_path, changed("annotations", 0, key, value=value))
    left = [garment.category for garment in annotations.photos[1].garments]
    assert left == ["skirt"]
    ((kind, said),) = kinds_and_messages(annotations)
    assert kind == ("crowd" if key == "iscrowd" else "dropped box")
    assert message in said


@pytest.mark.parametrize("value", [0, 0.0, False, None, "0"])
def test_what_is_no_crowd_is_used(tmp_path, value):
    annotations = read(tmp_path, changed("annotations", 0, "iscrowd", value=value))
    assert len(annotations.photos[1].garments) == 2


@pytest.mark.parametrize("bbox", [..., None, [], ["1", "2", "3", "4"], [0, 0, 0, 0]])
def test_the_box_of_a_segmentation_stands_in(tmp_path, bbox):
    content = changed("annotations", 0, "bbox", value=bbox)
    content["annotations"][0]["segmentation"] = [[10, 20, 30, 20, 30, 60.5]]
    annotations = read(tmp_path, content)
    assert annotations.photos[1].garments[0] == Garment("dress", (10, 20, 30, 60.5))
    ((kind, said),) = kinds_and_messages(annotations)
    assert kind == "computed box"
    assert said.startswith("annotations[0].bbox ")
    assert said.endswith("; the box is that of its segmentation.")


def test_a_segmentation_of_no_use_is_told_beside_the_box(tmp_path):
    content = changed("annotations", 0, "bbox", value=...)
    content["annotations"][0]["segmentation"] = [[10, 20]]
    assert kinds_and_messages(read(tmp_path, content)) == [
        (
            "dropped box",
            "annotations[0].bbox is missing, expected a list of 4 numbers, and its "
            "segmentation has 1 points, expected 3 or more.",
        )
    ]


def test_a_good_box_is_not_replaced_by_its_segmentation(tmp_path):
    content = changed("annotations", 0, "segmentation", value=[[0, 0, 5, 0, 5, 5]])
    annotations = read(tmp_path, content)
    assert annotations.photos == read(tmp_path, GOOD).photos
    assert annotations.problems == ()


@pytest.mark.parametrize("license", [9, 2.5, [], {}, None, True])
def test_a_licence_that_is_unclear_is_empty(tmp_path, license):
    content = changed("images", 0, "license", value=license)
    for licenses in ([{"id": 4, "name": "CC-BY-4.0"}, {"name": "?"}, 3], {}, "MIT"):
        content["licenses"] = licenses
        annotations = read(tmp_path, content)
        assert annotations.photos[1].license == ""
        assert annotations.problems == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"images": [\n  {"id" 1}\n]}', "line 2, column 9"),
        ("", "line 1, column 1"),
        ("[]", "expected an object"),
        (b"\xff\xfe\x00", "byte 2 is not UTF-8"),
        ("[" * 100_000, "Cannot read"),
    ],
)
def test_what_is_no_json_object_is_refused_with_the_place(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message):
        read(tmp_path, content)


def test_a_missing_file_is_refused_with_the_next_step(tmp_path):
    with pytest.raises(BadDataset, match="tiefvision data import"):
        read_annotations(tmp_path / "annotations.json")


@pytest.mark.parametrize(
    ("bbox", "inside", "kind"),
    [
        ([-10, 0, 30, 40], (0, 0, 20, 40), "clipped box"),
        ([90, 190, 30, 40], (90, 190, 100, 200), "clipped box"),
        ([-0.5, 0, 30, 200.4], (0, 0, 29.5, 200), None),
        ([100, 0, 5, 5], None, "dropped box"),
        ([-9, 0, 9, 5], None, "dropped box"),
        ([5, 5, 0, 5], None, "dropped box"),
        ([5, 5, 5, -5], None, "dropped box"),
        ([5, 5, 5, float("nan")], None, "dropped box"),
        ([5, float("inf"), 5, 5], None, "dropped box"),
        ([5, 10**400, 5, 5], None, "dropped box"),
    ],
)
def test_a_spoilt_box_is_mended_or_dropped_and_counted(tmp_path, bbox, inside, kind):
    annotations = read(tmp_path, changed("annotations", 0, "bbox", value=bbox))
    garments = annotations.photos[1].garments
    assert [g.box_in_image for g in garments if g.category == "dress"] == (
        [inside] if inside else []
    )
    assert [problem.kind for problem in annotations.problems] == [kind] * bool(kind)
    assert all("annotations[0].bbox" in p.message for p in annotations.problems)
    assert len(garments) == 1 + bool(inside)
