import pytest

from tiefvision.datasets.importers import FORMATS
from tiefvision.datasets.importers.deepfashion import category_of
from tiefvision.datasets.importers.deepfashion_consumer import import_consumer2shop
from tiefvision.datasets.importers.deepfashion_inshop import import_inshop
from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.survival import Share, Survival
from tiefvision.errors import BadDataset
from tiefvision.records import Garment


def write_list(file, columns, rows):
    """A list as published: number of rows, columns padded with spaces, rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [str(len(rows)), "      ".join(columns), *("   ".join(row) for row in rows)]
    file.write_text("\n".join(lines) + "\n")


INSHOP = {
    "img/WOMEN/Dresses/id_00000001/02_1_front.jpg": ("id_00000001", "train"),
    "img/WOMEN/Dresses/id_00000001/02_2_side.jpg": ("id_00000001", "train"),
    "img/MEN/Denim/id_00000002/01_1_front.jpg": ("id_00000002", "query"),
    "img/MEN/Denim/id_00000002/01_3_back.jpg": ("id_00000002", "gallery"),
    "img/WOMEN/Jackets_Coats/id_00000003/01_1_front.jpg": ("id_00000003", "gallery"),
    "img/WOMEN/Jackets_Coats/id_00000003/01_3_back.jpg": ("id_00000003", "query"),
}
INSHOP_BOXES = ("image_name", "clothes_type", "pose_type", "x_1", "y_1", "x_2", "y_2")
TYPES = {"Dresses": "3", "Denim": "2", "Jackets_Coats": "1"}


@pytest.fixture
def inshop(tmp_path, draw):
    source = tmp_path / "inshop"
    columns = ("image_name", "item_id", "evaluation_status")
    rows = [(image, *facts) for image, facts in INSHOP.items()]
    write_list(source / "Eval" / "list_eval_partition.txt", columns, rows)
    boxes = [
        (image, TYPES[image.split("/")[2]], "1", "004", "005", "90", "055")
        for image in INSHOP
    ]
    write_list(source / "Anno" / "list_bbox_inshop.txt", INSHOP_BOXES, boxes)
    for seed, image in enumerate(INSHOP):
        draw(source / "Img" / image, seed)
    return source


def test_in_shop_photographs_search_for_each_other(inshop, tmp_path, check):
    report = import_inshop(inshop, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    dress, jeans, coat = (
        f"{folder}/id_0000000{number}"
        for number, folder in enumerate(
            ("WOMEN/Dresses", "MEN/Denim", "WOMEN/Jackets_Coats"), start=1
        )
    )
    assert {(path, p.source, p.split, p.item_id) for path, p in photos.items()} == {
        (f"{dress}/02_1_front.jpg", "shop", "train", "id_00000001"),
        (f"{dress}/02_2_side.jpg", "street", "train", "id_00000001"),
        (f"{jeans}/01_1_front.jpg", "street", "test", "id_00000002"),
        (f"{jeans}/01_3_back.jpg", "shop", "test", "id_00000002"),
        (f"{coat}/01_1_front.jpg", "shop", "test", "id_00000003"),
        (f"{coat}/01_3_back.jpg", "street", "test", "id_00000003"),
    }
    box = (4.0, 5.0, 40.0, 55.0)  # clamped to 40 pixels
    worn = photos[f"{coat}/01_1_front.jpg"].garments
    assert worn == (Garment("jackets coats", box, group="outer"),)
    assert photos[f"{jeans}/01_3_back.jpg"].garments[0].category == "lower"
    assert report.survival == Survival(Share(6, 6), Share(3, 3), Share(2, 2))


def test_in_shop_photographs_may_be_missing(inshop, tmp_path, check):
    (inshop / "Img/img/MEN/Denim/id_00000002/01_3_back.jpg").unlink()
    (inshop / "Img/img/WOMEN/Dresses/id_00000001/02_2_side.jpg").write_bytes(b"no")
    report = import_inshop(inshop, tmp_path / "out", seed=0)
    check(tmp_path / "out")
    assert report.survival == Survival(Share(6, 4), Share(3, 3), Share(2, 1))
    unread, missing = report.skipped
    assert "02_2_side.jpg" in unread
    assert missing.startswith("1 photograph is not in ")
    assert missing.endswith("'Img/img/MEN/Denim/id_00000002/01_3_back.jpg'.")


def test_names_that_climb_out_are_refused(inshop, tmp_path, draw):
    draw(tmp_path / "secret.jpg", 9)
    file = inshop / "Eval" / "list_eval_partition.txt"
    with file.open("ab") as opened:
        opened.write(
            b"../../secret.jpg id_00000009 query\n"
            b"/etc/passwd id_00000009 query\n"
            b"img/a\xff.jpg id_00000009 query\n"
            b"img/b.jpg id_00000009 query later\n"
            b"img/c.jpg id_00000009 later\n"
        )
    report = import_inshop(inshop, tmp_path / "out", seed=0)
    told = "\n".join(report.skipped)
    assert "line 9: the photograph 'Img/../../secret.jpg' climbs out" in told
    assert "line 10: the photograph 'Img//etc/passwd'" in told
    assert "line 11: the photograph 'Img/img/a\\udcff.jpg' holds a character" in told
    assert "line 12: 4 cells, expected 3." in told
    assert "line 13: the status 'later' is none of query, gallery, train." in told
    assert report.survival.photos == Share(6, 6)
    assert not list((tmp_path / "out").rglob("secret*"))


def test_without_its_boxes_a_dataset_has_none(inshop, tmp_path, check):
    (inshop / "Anno" / "list_bbox_inshop.txt").unlink()
    report = import_inshop(inshop, tmp_path / "out", seed=0)
    check(tmp_path / "out")
    assert report.boxes == 0
    assert report.skipped == (
        "There is no Anno/list_bbox_inshop.txt: photographs have no boxes.",
    )


def test_a_broken_box_is_told_with_its_line(inshop, tmp_path):
    file = inshop / "Anno" / "list_bbox_inshop.txt"
    file.write_text(file.read_text().replace("004", "x", 1).replace(" 2 ", " 7 ", 1))
    report = import_inshop(inshop, tmp_path / "out", seed=0)
    assert report.boxes == 4
    assert [one.rpartition(", ")[2] for one in report.skipped] == [
        "line 3 has no box.",
        "line 5 has no box.",
    ]


def test_the_list_of_the_other_dataset_is_refused(inshop, tmp_path):
    with pytest.raises(BadDataset, match=r"line 2: expected the columns image_pair"):
        import_consumer2shop(inshop, tmp_path / "out", seed=0)
    with pytest.raises(BadDataset, match=r"there is no Eval/list_eval_partition.txt"):
        import_inshop(tmp_path / "nothing", tmp_path / "out", seed=0)


@pytest.mark.parametrize(
    ("image", "clothes", "expected"),
    [
        ("img/TOPS/T_Shirt/id_1/shop_01.jpg", "1", ("t shirt", "upper")),
        ("img/DRESSES/Lace_Dress/id_1/shop_01.jpg", "3", ("lace dress", "full")),
        ("img/WOMEN/Graphic_Tees/id_1/01.jpg", "1", ("upper", "upper")),
        # A coat that covers the whole body is still outerwear; a skirt no dress.
        ("img/WOMEN/Jackets_Coats/id_1/01.jpg", "3", ("jackets coats", "outer")),
        ("img/CLOTHING/Skirt/id_1/01.jpg", "3", ("full", "full")),
        ("a.jpg", "2", ("lower", "lower")),
    ],
)
def test_the_folder_names_the_category_where_the_type_agrees(image, clothes, expected):
    assert category_of(image, clothes) == expected


CONSUMER = [
    ("DRESSES/Dress/id_00000001", "comsumer_01.jpg", "shop_01.jpg", "train"),
    ("DRESSES/Dress/id_00000001", "comsumer_02.jpg", "shop_01.jpg", "train"),
    ("TOPS/T_Shirt/id_00000002", "comsumer_01.jpg", "shop_01.jpg", "val"),
    ("TROUSERS/Jeans/id_00000003", "comsumer_01.jpg", "shop_01.jpg", "test"),
    ("TROUSERS/Jeans/id_00000003", "comsumer_01.jpg", "shop_02.jpg", "test"),
]


@pytest.fixture
def consumer(tmp_path, draw):
    source = tmp_path / "consumer"
    pairs = [
        (f"img/{folder}/{one}", f"img/{folder}/{other}", folder[-11:], status)
        for folder, one, other, status in CONSUMER
    ]
    write_list(
        source / "list_eval_partition.txt",
        ("image_pair_name_1", "image_pair_name_2", "item_id", "evaluation_status"),
        pairs,
    )
    images = sorted({image for one, other, *_ in pairs for image in (one, other)})
    write_list(
        source / "list_bbox_consumer2shop.txt",
        ("image_name", "clothes_type", "source_type", "x_1", "y_1", "x_2", "y_2"),
        # Corners in the other order, and one box beside its photograph.
        [
            (images[0], "3", "2", "20", "30", "2", "3"),
            (images[1], "3", "2", "50", "50", "60", "60"),
        ],
    )
    for seed, image in enumerate(images):
        draw(source / image, seed)
    return source


def test_pairs_of_consumer_and_shop_are_written_once_each(consumer, tmp_path, check):
    report = import_consumer2shop(consumer, tmp_path / "out", seed=0)
    photos = check(tmp_path / "out")
    dress, shirt, jeans = (
        f"{folder}/id_0000000{number}"
        for number, folder in enumerate(
            ("DRESSES/Dress", "TOPS/T_Shirt", "TROUSERS/Jeans"), start=1
        )
    )
    assert {(path, p.source, p.split) for path, p in photos.items()} == {
        (f"{dress}/comsumer_01.jpg", "street", "train"),
        (f"{dress}/comsumer_02.jpg", "street", "train"),
        (f"{dress}/shop_01.jpg", "shop", "train"),
        (f"{shirt}/comsumer_01.jpg", "street", "val"),
        (f"{shirt}/shop_01.jpg", "shop", "val"),
        (f"{jeans}/comsumer_01.jpg", "street", "test"),
        (f"{jeans}/shop_01.jpg", "shop", "test"),
        (f"{jeans}/shop_02.jpg", "shop", "test"),
    }
    assert photos[f"{dress}/comsumer_01.jpg"].garments == (
        Garment("dress", (2.0, 3.0, 20.0, 30.0)),
    )
    assert report.skipped == ("1 box outside photographs.",)
    assert report.survival == Survival(Share(8, 8), Share(3, 3), Share(1, 1))
    assert {p.item_id for p in photos.values()} == {f"id_0000000{n}" for n in (1, 2, 3)}


def test_near_duplicates_share_a_group_within_a_split(consumer, tmp_path):
    dress = consumer / "img/DRESSES/Dress/id_00000001"
    copy = (dress / "comsumer_01.jpg").read_bytes()
    (dress / "comsumer_02.jpg").write_bytes(copy)
    report = import_consumer2shop(consumer, tmp_path / "out", seed=0)
    group = tuple(f"DRESSES/Dress/id_00000001/comsumer_0{n}.jpg" for n in (1, 2))
    assert report.near_duplicates == (group,)
    photos = {one.path: one for one in read_dataset(tmp_path / "out").photos}
    assert {photos[path].group for path in group} == {group[0]}
    assert sum(bool(photo.group) for photo in photos.values()) == 2


def test_the_formats_are_listed():
    assert FORMATS["inshop"].convert is import_inshop
    assert FORMATS["consumer2shop"].convert is import_consumer2shop
