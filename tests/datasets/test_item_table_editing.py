import pytest

from tiefvision.datasets.item_table_editing import edit_item_table, require_values
from tiefvision.datasets.item_tables import read_item_table
from tiefvision.errors import BadDataset, BadUsage

ITEMS = {"a.jpg": "a", "red/b.jpg": "red", "red/c.jpg": "red"}


@pytest.fixture
def table(tmp_path):
    return tmp_path / "items.csv"


def edited(table, before, photo, **values):
    if before is not None:
        table.write_text(before, encoding="utf-8")
    edit_item_table(table, photo, values, ITEMS)
    return table.read_text(encoding="utf-8")


def test_one_row_changes_and_every_other_stays(table):
    before = 'File;Title;Price\n"a.jpg";"Coat; long";1\n.\\images\\RED\\b.jpg;Hat;2\n'
    after = edited(table, before, "red/b.jpg", price="49,90 €", season="summer")
    assert after == (
        'File;Title;Price;season\na.jpg;"Coat; long";1\n'
        ".\\images\\RED\\b.jpg;Hat;49,90 €;summer\n"
    )
    read = read_item_table(table)
    assert [row.columns["price"] for row in read.rows] == [1.0, 49.9]
    assert edited(table, None, "red/b.jpg", season="").endswith("49,90 €;\n")


def test_a_photograph_without_a_row_gets_one(table):
    before = "file,item,price\na.jpg,a,1\n,red,5\n"
    after = edited(table, before, "red/c.jpg", title="Hat, red")
    assert (
        after == 'file,item,price,title\na.jpg,a,1\n,red,5\nred/c.jpg,red,,"Hat, red"\n'
    )


@pytest.mark.parametrize(
    ("before", "shared"), [(None, ""), ("item,price\nred,5\n", "a")]
)
def test_a_table_that_names_no_files_names_them_all_from_then_on(table, before, shared):
    """Else the folders would be no products any more."""
    edited(table, before, "red/c.jpg", title="Hat")
    rows = read_item_table(table).rows
    named = {row.file: (row.item, row.columns.get("title")) for row in rows if row.file}
    assert named == {
        "a.jpg": ("a", None),
        "red/b.jpg": ("red", None),
        "red/c.jpg": ("red", "Hat"),
    }
    shared_rows = [row for row in rows if not row.file]
    assert len(shared_rows) == bool(shared)


def test_a_table_that_cannot_be_kept_whole_is_left_as_it_is(table):
    broken = 'file,title\na.jpg,"never closed\nred/b.jpg,Hat\n'
    with pytest.raises(BadDataset, match="cannot be changed here"):
        edited(table, broken, "a.jpg", title="Coat")
    assert table.read_text() == broken


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"price": "cheap"}, "The price .cheap. is not a number"),
        ({"url": "javascript:alert(1)"}, "not a web address"),
        ({"title": "a\nb"}, "cannot be shown"),
        ({"title": "x" * 1001}, "more than 1,000"),
        ({"item": " "}, "needs an item"),
        ({"file": "b.jpg"}, "cannot be a column"),
        ({"Group": "upper"}, "cannot be a column"),
        ({" ": "x"}, "cannot be a column"),
    ],
)
def test_what_no_table_can_hold_is_refused(values, message):
    with pytest.raises(BadUsage, match=message):
        require_values(values)


def test_values_are_taken_without_outer_blanks():
    given = {" Sale  Price ": " 3 ", "price": "1.299,00 €", "variant": ""}
    assert require_values(given) == {
        "sale price": "3",
        "price": "1.299,00 €",
        "variant": "",
    }
