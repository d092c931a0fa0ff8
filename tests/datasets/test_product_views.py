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
    assert read_product_views(root) == [
        ProductPhoto(root / "images/a_main.jpg", "a", "main", "red"),
        ProductPhoto(root / "images/a_back.jpg", "a", "back", "red"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no photograph whose view is main"),
        ("file,product,view\nb.jpg,b,back\n", "no photograph whose view is main"),
        ("name,product,view\na.jpg,a,main\n", r"images.csv, row 2: file is missing"),
        (TABLE + "b.jpg,b\n", r"images.csv, row 4: view is missing"),
        (TABLE + "../b.jpg,b,red,main\n", "row 4: the file '../b.jpg' climbs out"),
    ],
)
def test_an_invalid_table_is_refused(write, text, complaint):
    with pytest.raises(BadDataset, match=complaint):
        read_product_views(write(text))


def test_a_table_that_cannot_be_read(write, tmp_path):
    with pytest.raises(BadDataset, match="does not hold products by view"):
        read_product_views(tmp_path)
    with pytest.raises(BadDataset, match="cannot be read"):
        read_product_views(write("file,prödukt", "latin-1"))
