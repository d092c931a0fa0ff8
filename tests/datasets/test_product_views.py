import pytest

from tiefvision.datasets.product_views import ProductPhoto, read_product_views
from tiefvision.errors import BadDataset

TABLE = "file,product,colour,view\na_main.jpg,a,red,main\na_back.jpg,a,red,back\n"


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        (tmp_path / "images.csv").write_bytes(text.encode(encoding))
        return tmp_path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_rows_become_photographs(write, encoding):
    root = write(TABLE, encoding)
    photos = [
        ProductPhoto(root / "images/a_main.jpg", "a", "main", "red"),
        ProductPhoto(root / "images/a_back.jpg", "a", "back", "red"),
    ]
    assert read_product_views(root) == (photos, [])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: the header lacks file, product, view"),
        ("name,product,view\na.jpg,a,main\n", "line 1: the header lacks file"),
        ("file;product;view\n", "line 1: the header lacks file, product, view"),
        ('"file,product,view\n', "line 1: the header lacks file, product, view"),
        ("file,product,view\nb.jpg,b,back\n", "no photograph whose view is main"),
        ("file,product,view\nb.jpg,b\n", r"main\.\n  .*line 2: view is missing"),
    ],
)
def test_an_invalid_table_is_refused(write, text, complaint):
    with pytest.raises(BadDataset, match=complaint):
        read_product_views(write(text))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"b.jpg,b", "line 2: view is missing."),
        (b",b,red,main", "line 2: file is missing."),
        (b"../b.jpg,b,red,main", "line 2: the file '../b.jpg' climbs out"),
        (b'"b.jpg,b,red,main', "line 2: unexpected end of data."),
        (b"b.jpg,\xff,red,main", "line 2: not UTF-8."),
        (b"a_main.jpg,a,red,main", "line 4: the file 'a_main.jpg' is there again."),
    ],
)
def test_a_broken_line_costs_no_other_one(tmp_path, line, complaint):
    header, *rows = TABLE.encode().splitlines(keepends=True)
    (tmp_path / "images.csv").write_bytes(header + line + b"\n\n" + b"".join(rows))
    photos, (said,) = read_product_views(tmp_path)
    assert [photo.view for photo in photos] == ["main", "back"]
    assert complaint in said


def test_a_table_that_is_not_there_or_not_text(write, tmp_path):
    with pytest.raises(BadDataset, match="does not hold products by view"):
        read_product_views(tmp_path)
    with pytest.raises(BadDataset, match="header lacks"):
        read_product_views(write("file,prödukt", "latin-1"))
