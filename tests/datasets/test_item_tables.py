import pytest

from tiefvision.datasets.item_tables import (
    ItemRow,
    column_name,
    find_item_table,
    read_item_table,
)
from tiefvision.errors import BadDataset


@pytest.fixture
def read(tmp_path):
    def read(text, is_file=lambda name: name.endswith(".jpg")):
        file = tmp_path / "items.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_item_table(file, is_file)

    return read


def told(table):
    """The problems without the name of the file."""
    return [problem.replace(f"{table.path}, ", "") for problem in table.problems]


def test_a_table_becomes_rows_with_their_columns(read):
    table = read(
        "File,Item, Title ,price,category,url,Season,Stock\n"
        'a.jpg,vd01,Wrap dress,"49,90 €",Dresses,https://shop/1?a:b,summer,3\n'
        "b.jpg,,,,,,,12\n"
        ",vd02,Coat,,,/p/2,,\n"
    )
    assert table.problems == ()
    assert table.columns == (
        *("file", "item", "title", "price", "category", "url", "season", "stock"),
    )
    facts = {"title": "Wrap dress", "price": 49.9, "category": "Dresses"}
    facts |= {"url": "https://shop/1?a:b", "season": "summer", "stock": 3.0}
    assert table.rows == (
        ItemRow(2, "a.jpg", "vd01", facts),
        ItemRow(3, "b.jpg", "", {"stock": 12.0}),
        ItemRow(4, "", "vd02", {"title": "Coat", "url": "/p/2"}),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_as_programs_export_it(read, encoding, delimiter, ending):
    lines = ("file|title|price", 'a.jpg|"Kleid\nfür €"|"1.299,00 €"', "b.jpg|Hut|5", "")
    text = ending.join(lines).replace("|", delimiter)
    table = read(text.encode(encoding))
    assert [row.columns for row in table.rows] == [
        {"title": "Kleid\nfür €", "price": 1299.0},
        {"title": "Hut", "price": 5.0},
    ]
    assert len(table.problems) == (encoding == "cp1252")


def test_texts_stay_texts_and_ids_too(read):
    table = read("file,title,category,size,code,variant\na.jpg,501,12,38,007,9\n")
    (row,) = table.rows
    assert row.columns == {
        **{"title": "501", "category": "12", "size": 38.0},
        **{"code": "007", "variant": "9"},
    }


def test_a_decimal_comma_is_one_where_commas_do_not_separate(read):
    assert read("file;weight\na.jpg;1,5\nb.jpg;2\n").rows[0].columns == {"weight": 1.5}
    quoted = read('file,sizes\na.jpg,"38,40"\nb.jpg,36\n')
    assert [row.columns["sizes"] for row in quoted.rows] == ["38,40", "36"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: the header is nothing, without file and item"),
        ("picture,price\na.jpg,5\n", "line 1: the header is picture, price, without"),
        ("\n ;\nname;price\n", "line 3: the header is name, price, without"),
        ('"file,item\n', "line 1: the header is nothing"),
        (b"\xff\xfe\xff", "line 1: the header is"),
    ],
)
def test_a_table_of_neither_files_nor_items_is_refused(read, text, complaint):
    with pytest.raises(BadDataset, match=complaint) as error:
        read(text)
    assert "Name the column of the photographs file" in str(error.value)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("x.jpg,1,Red, wide", "line 2: the row was left out: it has 4 cells"),
        ('"x.jpg,1,Red', "line 2: unexpected end of data."),
        ('x.jpg,1,"Red"wide', "line 2: ',' expected after '\"'."),
        (b"x.jpg,1,\xffRed", "line 2: not UTF-8."),
        (f"x.jpg,1,{'R' * 200_000}", "line 2: field larger than field limit"),
        (",,Red", "line 2: the row names no file and no item."),
        ('x.jpg,1,"Red', "line 2: "),
        ('x.jpg,"1\na.jpg,2,Ü\nb.jpg,"', "line 2: "),
    ],
)
def test_a_row_that_cannot_be_used_costs_no_other(read, line, complaint):
    line = line if isinstance(line, bytes) else line.encode()
    good = "a.jpg,3,Ü\nb.jpg,4,Ö\n".encode()
    table = read(b"file,item,title\n" + line + b"\n" + good)
    assert [(row.file, row.item) for row in table.rows][-2:] == [
        *(("a.jpg", "3"), ("b.jpg", "4")),
    ]
    assert told(table)[0].startswith(complaint)


@pytest.mark.parametrize(
    ("text", "complaint", "columns"),
    [
        (
            "file,price,size\na.jpg,5\n",
            "line 2: the row ends before the column size; what it has is used.",
            {"price": 5.0},
        ),
        (
            "file,price,size\na.jpg,free,38\n",
            'line 2: the price "free" is not a number.',
            {"size": 38.0},
        ),
        (
            "file,url\na.jpg,javascript:alert(1)\n",
            'line 2: the url "javascript:alert(1)" is not a web address.',
            {},
        ),
        (
            'file,url\na.jpg,"java\nscript:alert(1)"\n',
            'line 2: the url "java\\nscript:alert(1)" is not a web address.',
            {},
        ),
        (
            "file,size,Size\na.jpg,36,38\n",
            "line 1: the column size is there 2 times; the first is used.",
            {"size": 36.0},
        ),
        (
            "file,Group,size\na.jpg,7,38\n",
            "line 1: the column group was left out, because every row has a field of "
            "this name. Give it another one.",
            {"size": 38.0},
        ),
    ],
)
def test_what_is_wrong_with_a_value_costs_that_value(read, text, complaint, columns):
    table = read(text)
    assert told(table) == [complaint]
    assert [row.columns for row in table.rows] == [columns]


def test_empty_rows_and_cells_behind_the_last_column_are_no_problem(read):
    table = read(",,\n  \nfile,price,\na.jpg,5,,,\n\n,,\nb.jpg,6\n")
    assert table.problems == ()
    assert table.columns == ("file", "price")
    assert [row.columns for row in table.rows] == [{"price": 5.0}, {"price": 6.0}]


def test_many_problems_of_a_kind_are_counted(read):
    lines = "".join(f"{number}.jpg,none\n" for number in range(42))
    table = read(f"file,price\n{lines}c.jpg,5\n")
    assert len(table.rows) == 43
    assert told(table)[4] == 'line 6: the price "none" is not a number.'
    assert table.problems[5:] == (f"{table.path}: and 37 more prices are no numbers.",)


def test_a_name_of_a_column_has_no_case_and_one_form():
    assert column_name(" Gro\u0308ße \n EU ") == "größe eu"


def test_the_table_lies_in_the_folder_or_in_that_of_the_images(tmp_path):
    assert find_item_table(tmp_path) is None
    (tmp_path / "images").mkdir()
    for path in ("images/products.csv", "products.csv", "items.csv"):
        (tmp_path / path).touch()
        assert find_item_table(tmp_path) == tmp_path / path


@pytest.mark.parametrize("name", ["photo", "Image", "filename", "path"])
def test_the_column_of_the_photographs_may_have_another_name(read, name):
    table = read(f"{name},item\na.jpg,one\n")
    assert [(row.file, row.item) for row in table.rows] == [("a.jpg", "one")]
    assert table.problems == ()


def test_a_column_file_goes_before_another_name(read):
    table = read("image,file\nhero,a.jpg\n")
    assert [(row.file, row.columns) for row in table.rows] == [
        ("a.jpg", {"image": "hero"})
    ]
