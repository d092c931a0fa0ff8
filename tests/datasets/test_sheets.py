import pytest

from tiefvision.datasets.sheets import read_sheet
from tiefvision.errors import BadDataset

TEXT = "file;title\nkleid.jpg;Kleid für 49 €\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_unicode_is_told_by_its_bytes(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes(TEXT.encode(encoding))
    sheet = read_sheet(tmp_path / "t.csv")
    assert (sheet.text, sheet.warning) == (TEXT, "")


def test_windows_is_the_last_resort_and_told(tmp_path):
    (tmp_path / "t.csv").write_bytes(TEXT.encode("cp1252"))
    sheet = read_sheet(tmp_path / "t.csv")
    assert sheet.text == TEXT
    assert sheet.warning.startswith(f"{tmp_path / 't.csv'} is not UTF-8")


def test_bytes_that_windows_does_not_know_either_are_latin_1(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"file\n\xfc\x81.jpg\n")
    assert read_sheet(tmp_path / "t.csv").text == "file\n\xfc\x81.jpg\n"


def test_a_damaged_byte_leaves_utf_8_what_it_is(tmp_path):
    (tmp_path / "t.csv").write_bytes(TEXT.encode() + b"h\xfct.jpg;\n")
    sheet = read_sheet(tmp_path / "t.csv")
    assert sheet.text == f"{TEXT}h\udcfct.jpg;\n"
    assert sheet.warning == ""


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_tells_the_delimiter(tmp_path, delimiter):
    lines = ["", delimiter.join(("file", "item", "price")), "a.jpg,,;;\t\t,;"]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    assert read_sheet(tmp_path / "t.csv").delimiter == delimiter


def test_the_line_for_excel_tells_the_delimiter_and_keeps_its_number(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"sep=;\r\nfile;a,b,c\r\n")
    sheet = read_sheet(tmp_path / "t.csv")
    assert (sheet.text, sheet.delimiter) == ("\r\nfile;a,b,c\r\n", ";")


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadDataset, match=r"Cannot read .*t\.csv"):
        read_sheet(tmp_path / "t.csv")
    (tmp_path / "t.csv").mkdir()
    with pytest.raises(BadDataset, match=r"t\.csv: it is a folder"):
        read_sheet(tmp_path / "t.csv")


@pytest.mark.parametrize("content", [b"", b"\0", b"\xff\xfe", b"\xff", b"\n\n"])
def test_hardly_anything_is_a_sheet_too(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    assert read_sheet(tmp_path / "t.csv").delimiter == ","
