"""Cases that public bug reports of neighbouring tools describe.

``docs/experiments/0013-real-files.md`` names the report behind each case.
"""

import codecs
import io
import json
import os
import shutil
import struct
import threading
import unicodedata

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from tests.cli.listed import rows_of
from tiefvision.cli.running import DONE, FAILED, SOME_UNREADABLE
from tiefvision.photos.reading import read_photo
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture
def index(tiefvision, run):
    """Indexes a folder, and returns what was said."""

    def of(folder):
        return tiefvision("index", folder, "--workspace", run, "--json")

    return of


@pytest.fixture
def rows(run):
    """The photographs that the catalogue holds."""

    def of():
        return sorted(rows_of(run))

    return of


@pytest.fixture
def shop(catalogue, tmp_path):
    """A folder with one photograph."""
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.copy(catalogue / "plain.jpg", folder / "plain.jpg")
    return folder


# Folders ------------------------------------------------------------------------------


def test_a_broken_link_named_like_a_photograph_stops_nothing(index, rows, shop):
    (shop / "IMG_1.JPG").symlink_to(shop / "gone" / "P1040281.JPG")
    spoken = index(shop)
    assert spoken.code == SOME_UNREADABLE
    assert rows() == ["plain.jpg"]
    assert "IMG_1.JPG" in spoken.err


def test_a_link_to_a_photograph_elsewhere_is_a_photograph(index, rows, shop, catalogue):
    """git-annex keeps every photograph that way, under a name that is a hash."""
    kept = shop.parent / "objects" / "SHA256E-s12"
    kept.parent.mkdir()
    shutil.copy(catalogue / "a" / "shirt.jpg", kept)
    (shop / "shirt.jpg").symlink_to(kept)
    assert index(shop).code == DONE
    assert rows() == ["plain.jpg", "shirt.jpg"]


@pytest.mark.parametrize(
    "name",
    [
        "CZ | Prague, Wedding",
        "03 - Março",
        unicodedata.normalize("NFD", "03 - Março"),
        "[2017] *?{a,b}",
        "-rf",
        "100 % & more; $(HOME) 'quoted' \"twice\"",
        "trailing space ",
    ],
)
def test_a_name_of_a_folder_means_nothing_but_itself(
    name, index, rows, shop, tiefvision, run
):
    (shop / name).mkdir()
    (shop / "plain.jpg").rename(shop / name / "photo.jpg")
    assert index(shop).code == DONE
    assert rows() == [f"{name}/photo.jpg"]
    found = tiefvision(
        "search", shop / name, "--workspace", run, "--k", 1, "--whole", "--json"
    )
    assert found.lines[0]["results"][0]["photo"] == f"{name}/photo.jpg"


def test_a_folder_named_like_a_photograph_is_a_folder(index, rows, shop):
    (shop / "album 21.36.04.jpeg").mkdir()
    shutil.copy(shop / "plain.jpg", shop / "album 21.36.04.jpeg" / "shirt.jpg")
    assert index(shop).code == DONE
    assert rows() == ["album 21.36.04.jpeg/shirt.jpg", "plain.jpg"]


def test_what_other_programs_leave_beside_photographs_is_ignored(index, rows, shop):
    for name in ("._plain.jpg", ".DS_Store", "Thumbs.db", "plain.jpg.xmp", "plain.AAE"):
        (shop / name).write_bytes(b"\0\5\x16\7 not a photograph")
    assert index(shop).code == DONE
    assert rows() == ["plain.jpg"]


def test_a_folder_that_may_not_be_written_is_read(index, rows, shop):
    shop.chmod(0o555)
    try:
        assert index(shop).code == DONE
    finally:
        shop.chmod(0o755)
    assert rows() == ["plain.jpg"]
    assert sorted(file.name for file in shop.iterdir()) == ["plain.jpg"]


def test_a_photograph_that_goes_while_others_are_read_stops_nothing(
    index, rows, catalogue, monkeypatch
):
    """It is listed, and another program removes it before its turn."""
    from tiefvision.photos import working

    open_photo = working.open_photo

    def open_and_remove(*arguments, **options):
        (catalogue / "plain.jpg").unlink(missing_ok=True)
        return open_photo(*arguments, **options)

    monkeypatch.setattr(working, "open_photo", open_and_remove)
    spoken = index(catalogue)
    assert spoken.code == SOME_UNREADABLE
    assert "plain.jpg" in spoken.err
    assert len(rows()) == 3


def test_a_broken_photograph_does_not_move_the_facts_of_others(
    index, rows, catalogue, tiefvision, run
):
    """Each photograph is found by itself, also behind one that could not be read."""
    for name in ("0.jpg", "a/0.jpg", "b/0.jpg"):
        (catalogue / name).write_bytes(b"\xff\xd8\xff broken")
    assert index(catalogue).code == SOME_UNREADABLE
    assert len(rows()) == 4
    for path in rows():
        found = tiefvision(
            "search", catalogue / path, "--workspace", run, "--k", 1, "--json"
        )
        assert found.lines[0]["results"][0]["photo"] == path


# Files --------------------------------------------------------------------------------


def exif_of(orientation, extra=b""):
    """An EXIF block whose first directory holds an orientation and further entries."""
    count = 1 + len(extra) // 12
    entry = struct.pack("<HHII", 0x0112, 3, 1, orientation)
    head = b"II*\0" + struct.pack("<IH", 8, count) + entry + extra
    return b"Exif\0\0" + head + struct.pack("<I", 0)


def jpeg(size=(80, 120), **options):
    noise = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("exif", "size"),
    [
        (b"Exif\0\0" + exif_of(6), (80, 120)),  # the header twice: Pillow 8348
        (exif_of(0), (80, 120)),
        (exif_of(9), (80, 120)),
        (exif_of(65535), (80, 120)),
        (exif_of(6), (120, 80)),
        # A directory of GPS data at an offset beyond the end, as some editors leave it.
        (exif_of(6, struct.pack("<HHII", 0x8825, 4, 1, 1 << 30)), (120, 80)),
        # An entry of an unknown type, and a length of four thousand million.
        (exif_of(6, struct.pack("<HHII", 0x9286, 99, 2**32 - 1, 5)), (120, 80)),
        (b"Exif\0\0", (80, 120)),
        (b"Exif\0\0garbage", (80, 120)),
    ],
)
def test_odd_exif_data_costs_no_photograph(exif, size, tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(jpeg(exif=exif))
    photo = read_photo(file)
    doubled = exif.startswith(b"Exif\0\0Exif")
    sizes = {size, size[::-1]} if doubled else {size}
    assert photo.shape[1::-1] in sizes


def test_a_second_picture_behind_the_first_is_left_alone(tmp_path):
    """Telephones append a gain map or a depth map to a JPEG."""
    first = jpeg()
    file = tmp_path / "ultra.jpg"
    file.write_bytes(first + jpeg((40, 60)))
    single = tmp_path / "single.jpg"
    single.write_bytes(first)
    np.testing.assert_array_equal(read_photo(file), read_photo(single))


@pytest.mark.parametrize(
    "error",
    [ValueError("Decoder plugin generated an error"), RuntimeError("x"), IndexError()],
)
def test_a_decoder_that_fails_in_its_own_way_costs_one_photograph(
    error, index, rows, catalogue, monkeypatch
):
    load = JpegImagePlugin.JpegImageFile.load

    def failing(image):
        if getattr(image, "filename", "").endswith("plain.jpg") or (
            image.fp is not None and getattr(image.fp, "name", "").endswith("plain.jpg")
        ):
            raise error
        return load(image)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", failing)
    spoken = index(catalogue)
    assert spoken.code == SOME_UNREADABLE
    assert "plain.jpg" in spoken.err and "Traceback" not in spoken.err
    assert len(rows()) == 3


# Storage ------------------------------------------------------------------------------


def test_more_readers_than_lmdb_has_places_for(run):
    """LMDB has 126 places for readers in its lock file by default."""
    workspace = Workspace(run)
    opened, failed = [], []
    hold = threading.Event()

    def read():
        try:
            with workspace.open("photos") as photos:
                opened.append(photos.header.count)
                hold.wait(30)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=read) for _ in range(200)]
    for thread in threads:
        thread.start()
    while len(opened) + len(failed) < len(threads):
        pass
    hold.set()
    for thread in threads:
        thread.join()
    assert (len(opened), failed) == (200, [])


# COCO files ---------------------------------------------------------------------------


@pytest.fixture
def coco(shop, tiefvision):
    """Checks a dataset of one photograph whose annotations a test has changed."""
    (shop / "images").mkdir()
    (shop / "plain.jpg").rename(shop / "images" / "plain.jpg")
    with Image.open(shop / "images" / "plain.jpg") as image:
        width, height = image.size
    image = {"id": 0, "file_name": "plain.jpg", "width": width, "height": height}
    box = {"id": 1, "image_id": 0, "category_id": 0, "bbox": [5, 5, 50, 60]}

    def check(encoding="utf-8", swap=("", ""), **changes):
        top = {
            "images": [image],
            "annotations": [box],
            "categories": [{"id": 0, "name": "dress"}],
        } | changes
        text = json.dumps({key: value for key, value in top.items() if value != "-"})
        (shop / "annotations.json").write_bytes(text.replace(*swap).encode(encoding))
        return tiefvision("data", "check", shop, "--json")

    check.image, check.box = image, box
    return check


def boxes_of(spoken):
    assert spoken.code == DONE, spoken.err
    return spoken.lines[0]["boxes"]


def test_ids_may_be_zero_and_sections_without_a_use_may_be_missing(coco):
    """No ``info``, no ``licenses``; photograph 0 and category 0."""
    assert boxes_of(coco()) == 1


def test_a_photograph_without_boxes_is_a_photograph(coco):
    other = coco.image | {"id": 1, "file_name": "gone.jpg"}
    spoken = coco(images=[coco.image, other])
    assert boxes_of(spoken) == 1
    assert spoken.lines[0]["photos"] == 2


def test_a_photograph_that_is_listed_twice_is_one(coco):
    again = coco.image | {"id": 7}
    more = coco.box | {"id": 2, "image_id": 7, "bbox": [9, 9, 40, 40]}
    spoken = coco(images=[coco.image, again], annotations=[coco.box, more])
    assert spoken.lines[0]["photos"] == 1
    assert boxes_of(spoken) >= 1
    assert spoken.lines[0]["problems"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"bbox": [5, 5, 0, 10]},
        {"bbox": [5, 5, -3, 10]},
        {"bbox": [5000, 5000, 10, 10]},
        {"image_id": 99},
        {"category_id": 99},
    ],
    ids=["no area", "negative", "outside", "unknown photograph", "unknown category"],
)
def test_a_box_that_is_wrong_costs_itself(wrong, coco):
    spoken = coco(annotations=[coco.box | {"id": 5} | wrong, coco.box])
    assert boxes_of(spoken) == 1
    assert len(spoken.lines[0]["problems"]) == 1
    assert "annotations[0]" in spoken.lines[0]["problems"][0]


def test_a_byte_order_mark_is_no_character_of_the_file(coco):
    assert boxes_of(coco("utf-8-sig")) == 1


def test_a_file_in_utf_16_is_read(coco):
    """PowerShell's > writes it."""
    assert boxes_of(coco("utf-16")) == 1


def test_a_number_without_end_costs_its_box_alone(coco):
    """Python refuses to convert so many digits, and with it the whole file."""
    box = coco.box | {"id": 5, "bbox": [0, 0, "DIGITS", 5]}
    spoken = coco(annotations=[box, coco.box], swap=('"DIGITS"', "9" * 5000))
    assert boxes_of(spoken) == 1
    assert "annotations[0].bbox" in spoken.lines[0]["problems"][0]


def test_triplets_from_a_spreadsheet_are_read(coco, shop, tiefvision):
    """With a byte order mark, and lines that end as on Windows."""
    shutil.copy(shop / "images" / "plain.jpg", shop / "images" / "b.jpg")
    shutil.copy(shop / "images" / "plain.jpg", shop / "images" / "c.jpg")
    text = "query,positive,negative\r\nplain.jpg,b.jpg,c.jpg\r\n"
    (shop / "triplets.csv").write_bytes(codecs.BOM_UTF8 + text.encode())
    names = ("b.jpg", "c.jpg")
    images = [coco.image] + [
        coco.image | {"id": number, "file_name": name}
        for number, name in enumerate(names, 1)
    ]
    spoken = coco(images=images)
    assert spoken.code == DONE
    assert spoken.lines[0]["triplets"] == 1


def test_a_photograph_of_no_bytes_beside_good_ones(index, rows, shop):
    """A synchronising program makes the file before it has its content."""
    (shop / "empty.jpg").touch()
    spoken = index(shop)
    assert spoken.code == SOME_UNREADABLE
    assert rows() == ["plain.jpg"]
    assert "empty.jpg" in spoken.err


@pytest.mark.skipif(os.sep != "/", reason="the system has no such names")
def test_a_backslash_in_a_name_is_a_character(index, rows, shop):
    (shop / "plain.jpg").rename(shop / "a\\b.jpg")
    spoken = index(shop)
    assert spoken.code in (DONE, SOME_UNREADABLE, FAILED)
    assert spoken.code == DONE or "b.jpg" in spoken.err
