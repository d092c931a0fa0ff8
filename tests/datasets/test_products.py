import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiefvision.datasets.products import Listed, folder_items, read_products
from tiefvision.errors import BadDataset

SHOP = {"vd01/back.jpg": "back", "vd01/front.jpg": "front", "vd02/a.jpg": "a"}
"""A folder of two products, with the items of a file for each."""


@pytest.fixture
def tell(tmp_path):
    """Writes items.csv and reads the products of some photographs."""

    def tell(text, photos=SHOP, folders=True, **how):
        (tmp_path / "items.csv").write_bytes(text.encode())
        return read_products(tmp_path, photos, folders=folders, **how)

    return tell


def items_of(products):
    return {path: told.item for path, told in products.photos.items()}


def columns_of(products):
    return {path: dict(told.columns) for path, told in products.photos.items()}


def told(products):
    return [problem.replace(f"{products.table}", "T") for problem in products.problems]


@pytest.mark.parametrize(
    ("paths", "items"),
    [
        (["a/1.jpg", "a/2.jpg", "b/1.jpg"], ["a", "a", "b"]),
        (["x/a/1.jpg", "x/b/1.jpg", "b/1.jpg"], ["x/a", "x/b", "b"]),
        (["a/1.jpg", "a/b/1.jpg"], ["a", "a/b"]),
        (["a/1.jpg", "b/1.jpg", "1.jpg"], None),
        (["a/1.jpg", "a/2.jpg"], None),
        (["1.jpg", "2.jpg"], None),
        ([], None),
    ],
)
def test_a_folder_is_a_product_if_every_photograph_lies_in_one(paths, items):
    assert folder_items(paths) == dict(zip(paths, items or [], strict=bool(items)))


def test_without_a_table_folders_are_products_or_else_files(tmp_path):
    by_folder = read_products(tmp_path, SHOP, folders=True)
    assert items_of(by_folder) == {
        **{"vd01/back.jpg": "vd01", "vd01/front.jpg": "vd01", "vd02/a.jpg": "vd02"}
    }
    assert (by_folder.table, by_folder.columns, by_folder.problems) == (None, (), ())
    assert items_of(read_products(tmp_path, SHOP, folders=False)) == SHOP
    flat = {**SHOP, "stray.jpg": "stray"}
    assert items_of(read_products(tmp_path, flat, folders=True)) == flat


def test_a_row_of_a_file_tells_its_item_and_columns(tell):
    products = tell(
        "file,item,price,category,variant\n"
        "vd01/back.jpg,A1,49,Dresses,red\nvd01/front.jpg,A1,49,,\nvd02/a.jpg,,,Sale,\n"
    )
    assert products.problems == ()
    assert products.columns == ("price", "category")
    assert products.photos == {
        "vd01/back.jpg": Listed(
            "A1", {"price": 49.0, "category": "Dresses"}, "red", "full"
        ),
        "vd01/front.jpg": Listed("A1", {"price": 49.0}),
        # Where the table names files, a folder is no product.
        "vd02/a.jpg": Listed("a", {"category": "Sale"}),
    }


@pytest.mark.parametrize("name", ["vd01", "VD01"])
def test_a_row_of_an_item_holds_for_its_folder(tell, name):
    products = tell(f"item,price\n{name},49\nvd02,59\n")
    assert products.problems == ()
    assert products.photos == {
        "vd01/back.jpg": Listed(name, {"price": 49.0}),
        "vd01/front.jpg": Listed(name, {"price": 49.0}),
        "vd02/a.jpg": Listed("vd02", {"price": 59.0}),
    }


def test_the_folder_of_an_item_is_named_by_path_or_name_at_any_level(tell):
    photos = {"x/vd01/front/a.jpg": "", "x/vd01/back/a.jpg": "", "y/vd02/a.jpg": ""}
    products = tell("item,price\nvd01,49\ny/vd02,59\nx,1\n", photos)
    assert [told.item for told in products.photos.values()] == [
        "vd01",
        "vd01",
        "y/vd02",
    ]
    assert told(products) == ["T, line 4: the item 'x' has a row already, line 2."]
    nested = tell("item,price\nx,1\nback,59\n", photos)
    assert list(items_of(nested).values()) == ["x", "back", "y/vd02"]


def test_folders_of_one_name_have_to_be_told_apart(tell):
    photos = {"x/red/a.jpg": "xa", "y/red/a.jpg": "ya"}
    products = tell("item,price\nred,49\ny/red,59\n", photos)
    assert told(products)[0] == (
        "T, line 2: 2 folders have the name 'red': give their paths."
    )
    assert list(columns_of(products).values()) == [{}, {"price": 59.0}]


def test_an_item_is_also_named_by_its_id_or_the_name_of_its_file(tell):
    dataset = {"shop/1.jpg": "coat-1", "shop/2.jpg": "coat-1", "shop/3.jpg": "coat-2"}
    products = tell("item,price\ncoat-1,5\ncoat-2,6\n", dataset, folders=False)
    assert items_of(products) == dataset
    assert [told.columns["price"] for told in products.photos.values()] == [5, 5, 6]
    files = tell("item,price\nvd01,5\n", {"vd01.jpg": "vd01", "vd02.jpg": "vd02"})
    assert columns_of(files) == {"vd01.jpg": {"price": 5.0}, "vd02.jpg": {}}


def test_rows_of_files_and_items_go_together(tell):
    products = tell(
        "file,item,price,colour\n"
        "vd01/back.jpg,A1,,red\nvd01/front.jpg,A1,59,\n,A1,49,blue\n"
        "vd02/a.jpg,,,red\n,vd02,9,\n"
    )
    assert products.problems == ()
    assert products.photos == {
        "vd01/back.jpg": Listed("A1", {"price": 49.0, "colour": "red"}),
        "vd01/front.jpg": Listed("A1", {"price": 59.0, "colour": "blue"}),
        "vd02/a.jpg": Listed("vd02", {"price": 9.0, "colour": "red"}),
    }


@pytest.mark.parametrize(
    "written",
    [
        *("Über/b.jpg", "./Über/b.jpg", ".\\Über\\b.jpg", "images/Über/b.jpg"),
        *("Images\\Über\\b.jpg", "/Über//b.jpg", "ÜBER/B.JPG", " Über/b.jpg "),
        unicodedata.normalize("NFD", "Über/b.jpg"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_is_found_however_it_is_written(tell, written, form):
    path = unicodedata.normalize(form, "Über/b.jpg")
    products = tell(f"file,price\n{written},5\n", {path: "b"})
    assert products.problems == ()
    assert columns_of(products) == {path: {"price": 5.0}}


def test_names_that_differ_in_case_alone_are_told_apart_where_they_can_be(tell):
    photos = {"A.jpg": "A", "a.jpg": "a"}
    products = tell("file,price\na.jpg,5\nA.JPG,6\n", photos)
    assert columns_of(products) == {"A.jpg": {}, "a.jpg": {"price": 5.0}}
    assert told(products)[0] == "T, line 3: 'A.JPG' can be 'A.jpg', 'a.jpg'."


def test_a_name_that_holds_a_backslash_is_itself(tell):
    products = tell("file,price\nx\\a.jpg,5\n", {"x\\a.jpg": "1", "x/a.jpg": "2"})
    assert columns_of(products) == {"x\\a.jpg": {"price": 5.0}, "x/a.jpg": {}}


def test_what_does_not_fit_is_told_and_the_good_rows_are_used(tell):
    products = tell(
        "file,item,price\n"
        "gone.jpg,A1,1\n"
        "shop/front.jpg,A1,2\n"
        "vd01/front.jpg,A1,3\n"
        "vd01/front.jpg,A2,4\n"
        ",B7,5\n"
        ",A1,6\n"
        ",A1,7\n"
    )
    assert columns_of(products)["vd01/front.jpg"] == {"price": 3.0}
    assert told(products) == [
        "T, line 2: there is no photograph 'gone.jpg'.",
        "T, line 3: there is no photograph 'shop/front.jpg'. Is it 'vd01/front.jpg'?",
        "T, line 5: 'vd01/front.jpg' has a row already, line 4.",
        "T, line 6: there is no photograph of the item 'B7'.",
        "T, line 8: the item 'A1' has a row already, line 7.",
        "2 photographs have no row in T: vd01/back.jpg, vd02/a.jpg.",
    ]


def test_many_problems_are_counted(tell):
    photos = {f"{number:02}.jpg": "" for number in range(42)}
    lines = "".join(f"{number}.png,x\n" for number in range(42))
    products = tell(f"file,title\n{lines}00.jpg,Coat\n", photos)
    assert columns_of(products)["00.jpg"] == {"title": "Coat"}
    assert told(products)[5:] == [
        "T: and 37 more rows name photographs that are not there.",
        "41 photographs have no row in T: 01.jpg, 02.jpg, 03.jpg, 04.jpg, 05.jpg "
        "and 36 more.",
    ]


def test_another_table_can_be_given(tell, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("item,price\nvd01,7\nvd02,8\n")
    products = tell("item,price\nvd01,1\nvd02,2\n", file=other)
    assert products.table == other
    assert [told.columns["price"] for told in products.photos.values()] == [7, 7, 8]


def test_a_table_that_cannot_be_used_is_refused(tell):
    with pytest.raises(BadDataset, match="without file and item"):
        tell("name,price\nvd01,1\n")


@pytest.mark.parametrize("closing", ['Coat",38', '"Coat",38'])
def test_a_quote_that_is_closed_in_another_row_swallows_none(tell, closing):
    products = tell(
        "file,title,size\n"
        f'vd01/front.jpg,"Dress,36\nvd01/back.jpg,{closing}\nvd02/a.jpg,"Hat",40\n'
    )
    read = columns_of(products)
    assert read["vd01/front.jpg"] == {}
    assert "Coat" in str(read["vd01/back.jpg"]["title"])
    assert read["vd02/a.jpg"] == {"title": "Hat", "size": 40.0}
    assert told(products)[0].startswith("T, line 2: ")


def test_a_cell_of_several_lines_may_hold_anything_else(tell):
    products = tell('file,title\nvd01/front.jpg,"Dress\n\n36, 38, 40"\n')
    assert columns_of(products)["vd01/front.jpg"] == {"title": "Dress\n\n36, 38, 40"}


cells = st.text(max_size=5) | st.sampled_from(
    ["vd01/back.jpg", "vd02", '"', "1.299", ""]
)
lines = st.lists(cells, max_size=4).map(",".join).map(
    lambda line: line.encode("utf-8", "surrogatepass")
) | st.binary(max_size=9)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(lines, max_size=6), st.sampled_from([b"file,item,price", b"item;file"]))
def test_whatever_lies_before_it_the_last_row_is_used(tmp_path, rows, header):
    last = {b"file,item,price": b"vd02/a.jpg,Q7,5", b"item;file": b"Q7;vd02/a.jpg"}
    content = b"\n".join([header, *rows, last[header], b""])
    (tmp_path / "items.csv").write_bytes(content)
    photos = {**SHOP}
    products = read_products(tmp_path, photos, folders=True)
    assert list(products.photos) == list(photos)
    named = any(b"a.jpg" in row for row in rows)
    assert named or products.photos["vd02/a.jpg"].item == "Q7"
