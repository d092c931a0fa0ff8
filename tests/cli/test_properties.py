"""Datasets and photographs thought up by a machine: nothing good is lost.

Whatever lies beside them, good entries, lines and photographs are used; every command
ends with a code of the contract, and an error is a sentence. What `guarded` does not
turn into one fails the test.
"""

import csv
import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tiefvision.cli.running import DONE, FAILED, SOME_UNREADABLE
from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.product_views import read_product_views
from tiefvision.errors import BadDataset, UnreadablePhoto
from tiefvision.photos.reading import MIN_SIDE, photo_size, read_photo

CODES = (DONE, FAILED, SOME_UNREADABLE)
SIZE = (60, 90)

thought_up = settings(
    max_examples=100,
    deadline=None,  # the machine may be busy
    derandomize=True,  # the same examples everywhere
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

numbers = st.integers(-1000, 1000) | st.floats() | st.just(10**400)
texts = st.text(max_size=6) | st.sampled_from(["\ud800", "train", "shop", "images/x"])
scalars = st.none() | st.booleans() | numbers | texts
values = scalars | st.lists(scalars | st.lists(scalars, max_size=6), max_size=5)
values |= st.dictionaries(texts, scalars, max_size=3)


@pytest.fixture
def folder():
    """A folder that each example empties before it uses it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name) / "data"


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    return folder


def check(tiefvision, folder):
    """The exit code and the report of ``data check``."""
    spoken = tiefvision("data", "check", folder, "--json")
    assert spoken.code in CODES
    assert "Traceback" not in spoken.err
    if spoken.code == FAILED:
        assert spoken.err.startswith("Error: ")
    assert spoken.out.count("\n") == 1
    return spoken.code, json.loads(spoken.out)


def spoilt(good, keys):
    """A good entry of which some values are others or missing."""
    changes = st.dictionaries(st.sampled_from(keys), values | st.just(...), min_size=1)
    return changes.map(
        lambda changed: {
            key: value for key, value in (good | changed).items() if value is not ...
        }
    )


def id_forms(number):
    """The same id as exporters write it."""
    return st.sampled_from([number, float(number), str(number)])


FIRST_ID = 10**6  # none that a machine thinks up

GOOD_BOX = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 40)] * 2).map(list)


@st.composite
def coco_files(draw):
    """A COCO file of good and bad entries, and the good ones: path to boxes."""
    good = {f"good {n}.png": draw(st.lists(GOOD_BOX, max_size=3)) for n in range(2)}
    images, annotations = [], []
    for number, (path, boxes) in enumerate(good.items(), start=FIRST_ID):
        images.append(
            {
                "id": draw(id_forms(number)),
                "file_name": path,
                "width": SIZE[0],
                "height": SIZE[1],
                "item_id": "one",
            }
        )
        annotations += [
            {
                "image_id": draw(id_forms(number)),
                "category_id": draw(id_forms(FIRST_ID)),
                "bbox": box,
            }
            for box in boxes
        ]
    image = {"id": 1, "file_name": "bad.png", "width": 60, "height": 90}
    keys = [*image, "source", "split", "item_id", "group", "variant", "license"]
    images += draw(st.lists(spoilt(image, keys) | values, max_size=3))
    box = {
        "id": 1,
        "image_id": FIRST_ID,
        "category_id": FIRST_ID,
        "bbox": [1, 2, 3, 4],
        "segmentation": [[1, 2, 3, 4, 5, 9]],
    }
    run_lengths = st.fixed_dictionaries(
        {"size": st.sampled_from([[90, 60], [60, 90]]) | values, "counts": values}
    )
    keys = [*box, "iscrowd", "person"]
    odd = spoilt(box, keys)
    odd |= run_lengths.map(lambda code: {**box, "bbox": None, "segmentation": code})
    annotations += draw(st.lists(odd | values, max_size=4))
    category = {"id": FIRST_ID, "name": "dress"}
    other = spoilt({"id": 1, "name": "skirt"}, ["id", "name", "supercategory"])
    categories = [category, *draw(st.lists(other | values, max_size=2))]
    lists = {"images": images, "annotations": annotations, "categories": categories}
    content = {key: draw(st.permutations(listed)) for key, listed in lists.items()}
    content |= draw(st.dictionaries(st.sampled_from(["info", "licenses"]), values))
    return content, good


def write_good_photos(folder, paths):
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 255, (90, 60, 3), "uint8")
        Image.fromarray(pixels).save(folder / "images" / path)


@thought_up
@given(case=coco_files())
def test_good_entries_of_a_coco_file_are_used(case, folder, tiefvision):
    content, good = case
    root = fresh(folder)
    write_good_photos(root, good)
    (root / "annotations.json").write_text(json.dumps(content))
    photos = {photo.path: photo for photo in read_dataset(root).photos}
    for path, boxes in good.items():
        assert (photos[path].item_id, photos[path].split) == ("one", "train")
        left = [one.box_in_image for one in photos[path].garments]
        for x, y, width, height in boxes:
            left.remove((x, y, x + width, y + height))
    code, report = check(tiefvision, root)
    assert code == DONE
    assert not set(good) & {*report["missing"], *report["corrupt"]}


@thought_up
@given(content=values | st.dictionaries(st.sampled_from(["images"]), values))
def test_what_is_no_coco_file_is_refused(content, folder, tiefvision):
    root = fresh(folder)
    (root / "annotations.json").write_text(json.dumps(content))
    code, report = check(tiefvision, root)
    assert code == FAILED
    assert report["reasons"]


PATHS = ("a.jpg", "sub/b.jpg", "c, d.jpg")
ROW = st.sampled_from([PATHS, PATHS[::-1], (PATHS[1], PATHS[1], PATHS[0])])
noise = st.text(st.sampled_from("abc,\"'; \\\t\0é"), max_size=12).map(str.encode)
noise |= st.binary(max_size=12).filter(lambda line: not {10, 13} & {*line})


def table_of(header, lines, ending):
    """A CSV file of rows of cells, and of lines of bytes as they are."""
    content = io.BytesIO()
    text = io.TextIOWrapper(content, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(header)
    for line in lines:
        if isinstance(line, bytes):
            content.write(line + ending.encode())
        else:
            writer.writerow(line)
    return content.getvalue()


@thought_up
@given(lines=st.lists(ROW | noise, max_size=8), ending=st.sampled_from(["\n", "\r\n"]))
def test_good_lines_of_triplets_are_used(lines, ending, folder, tiefvision):
    root = fresh(folder)
    write_good_photos(root, ["a.png"])
    (root / "images" / "a.png").rename(root / "images" / "a.jpg")
    images = [
        {"id": number, "file_name": path, "width": 60, "height": 90, "item_id": "one"}
        for number, path in enumerate(PATHS)
    ]
    (root / "sub").mkdir()
    (root / "annotations.json").write_text(json.dumps({"images": images}))
    header = ("query", "positive", "negative")
    (root / "triplets.csv").write_bytes(table_of(header, lines, ending))
    found = [
        (one.query, one.positive, one.negative) for one in read_dataset(root).triplets
    ]
    assert found == [line for line in lines if not isinstance(line, bytes)]
    code, report = check(tiefvision, root)
    assert code == DONE
    assert report["triplets"] == len(found)


@thought_up
@given(lines=st.lists(noise | st.integers(0, 99), max_size=8))
def test_good_lines_of_a_table_of_views_are_used(lines, folder):
    root = fresh(folder)
    names = {line: f"{line}.jpg" for line in lines if isinstance(line, int)}
    rows = [
        line if isinstance(line, bytes) else (names[line], "p", "main")
        for line in lines
    ]
    content = table_of(("file", "product", "view"), rows, "\n")
    (root / "images.csv").write_bytes(content)
    try:
        photos, _ = read_product_views(root)
    except BadDataset:
        photos = []
    found = [photo.path.name for photo in photos]  # noise may be a photograph, too
    good = [*dict.fromkeys(names.values())]
    assert [name for name in found if name in good] == good


MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
}


@st.composite
def photo_files(draw):
    """The bytes of a photograph, and the size of it upright; None if it is damaged."""
    kind = draw(st.sampled_from(sorted(MODES)))
    mode = draw(st.sampled_from(MODES[kind]))
    width, height = draw(st.tuples(*[st.integers(1, 40)] * 2))
    orientation = draw(st.none() | st.integers(0, 9))
    seed = draw(st.integers(0, 9))
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 4), "uint8")
    image = Image.fromarray(pixels).convert("RGBA")
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype("uint16") * 257)
    elif mode != "RGBA":
        image = image.convert("RGB").convert(mode)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    content = io.BytesIO()
    image.save(content, kind, exif=exif)
    content = content.getvalue()
    damage = draw(st.sampled_from(["none", "cut", "changed", "other"]))
    if damage == "cut":
        content = content[: draw(st.integers(0, len(content) - 1))]
    elif damage == "changed":
        place = draw(st.integers(0, len(content) - 1))
        content = content[:place] + draw(st.binary(max_size=9)) + content[place + 9 :]
    elif damage == "other":
        content = content[: draw(st.integers(0, 12))] + draw(st.binary(max_size=99))
    turned = orientation in (5, 6, 7, 8)
    size = (height, width) if turned else (width, height)
    return content, size if damage == "none" and min(size) >= MIN_SIDE else None


@thought_up
@given(files=st.lists(photo_files(), max_size=3))
def test_good_photographs_are_read_and_others_told(files, folder, tiefvision):
    root = fresh(folder)
    write_good_photos(root, ["good.png"])
    images = [{"file_name": "good.png", "width": 60, "height": 90, "item_id": "one"}]
    sizes = {"good.png": SIZE}
    for number, (content, size) in enumerate(files):
        path = f"{number}.jpg"  # the first bytes decide
        (root / "images" / path).write_bytes(content)
        images.append({"file_name": path})
        sizes[path] = size
        try:
            height, width, channels = read_photo(root / "images" / path).shape
            assert photo_size(root / "images" / path) == (width, height)
            assert size in (None, (width, height)) and channels == 3
        except UnreadablePhoto:
            assert size is None
    images = [{**image, "id": number} for number, image in enumerate(images)]
    (root / "annotations.json").write_text(json.dumps({"images": images}))
    photos = {one.path: (one.width, one.height) for one in read_dataset(root).photos}
    good = {path: size for path, size in sizes.items() if size}
    assert good.items() <= photos.items()
    code, report = check(tiefvision, root)
    assert code == DONE
    assert not set(good) & {*report["missing"], *report["corrupt"], *report["resized"]}


@settings(thought_up, max_examples=10)  # each takes the networks a while
@given(files=st.lists(photo_files(), max_size=3))
def test_good_photographs_can_be_searched(files, folder, tiefvision, run):
    root = fresh(folder)
    write_good_photos(root, ["good.png"])
    for number, (content, _) in enumerate(files):
        (root / "images" / f"{number}.jpg").write_bytes(content)
    spoken = tiefvision("index", root / "images", "--workspace", run, "--json")
    assert "Traceback" not in spoken.err
    report = json.loads(spoken.out)
    assert spoken.code == (SOME_UNREADABLE if report["skipped"] else DONE)
    assert report["photos"] + len(report["skipped"]) == 1 + len(files)
    told = "".join(report["skipped"])
    good = [f"{number}.jpg" for number, (_, size) in enumerate(files) if size]
    assert not [name for name in ("good.png", *good) if name in told]
