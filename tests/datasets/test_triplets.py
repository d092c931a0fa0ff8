import pytest

from tiefvision.datasets.triplets import read_triplets, write_triplets
from tiefvision.errors import BadDataset
from tiefvision.records import Triplet

PATHS = ("a.jpg", "b/é, 服.jpg", "c.jpg")
HEADER = "query,positive,negative\n"


def read(tmp_path, content):
    file = tmp_path / "triplets.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_triplets(file, PATHS)


def test_no_file_no_triplets(tmp_path):
    assert read_triplets(tmp_path / "triplets.csv", PATHS) == ((), ())


def test_what_is_written_is_read(tmp_path):
    triplets = (Triplet(*PATHS), Triplet("c.jpg", "c.jpg", "a.jpg"))
    write_triplets(tmp_path, triplets)
    assert read_triplets(tmp_path / "triplets.csv", PATHS) == (triplets, ())


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_marks_line_endings_and_blank_lines_are_no_harm(tmp_path, mark, ending):
    content = f"{mark}{HEADER}a.jpg,a.jpg,c.jpg\n\n".replace("\n", ending)
    assert read(tmp_path, content) == ((Triplet("a.jpg", "a.jpg", "c.jpg"),), ())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: the header is nothing"),
        ("query,negative,positive\n", "line 1: the header is query,negative"),
        (HEADER + "a.jpg,c.jpg\n", "line 2, column 3: negative is missing"),
        (HEADER + "a.jpg,a.jpg,c.jpg\na.jpg,,c.jpg\n", "line 3, column 2: positive"),
        (HEADER + "a.jpg,a.jpg,c.jpg,c.jpg\n", "line 2, column 4: 'c.jpg' is one too"),
        (HEADER + 'a.jpg,"a.jpg,c.jpg\n', "line 2: unexpected end"),
        (HEADER.encode() + b"a.jpg,\xff.jpg,c.jpg\n", "line 2: not UTF-8"),
    ],
)
def test_a_broken_line_is_named(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message) as error:
        read(tmp_path, content)
    assert "triplets.csv" in str(error.value)


@pytest.mark.parametrize("line", ["x.jpg,a.jpg,c.jpg", "a.jpg,a.jpg,a.jpg"])
def test_an_unusable_triplet_is_skipped_and_counted(tmp_path, line):
    triplets, problems = read(tmp_path, f"{HEADER}{line}\na.jpg,a.jpg,c.jpg\n")
    assert triplets == (Triplet("a.jpg", "a.jpg", "c.jpg"),)
    assert [problem.kind for problem in problems] == ["skipped triplet"]
    assert "line 2" in problems[0].message
