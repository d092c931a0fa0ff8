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
        ("query;positive;negative\n", "line 1: the header is query;positive"),
        ('"query,positive,negative\n', "line 1: unexpected end"),
        (HEADER.encode("utf-16"), "line 1: not UTF-8. Expected query,positive"),
    ],
)
def test_another_header_is_refused(tmp_path, content, message):
    with pytest.raises(BadDataset, match=message) as error:
        read(tmp_path, content)
    assert "triplets.csv" in str(error.value)


def test_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "triplets.csv").mkdir()
    with pytest.raises(BadDataset, match=r"triplets\.csv: it is a folder"):
        read_triplets(tmp_path / "triplets.csv", PATHS)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg,c.jpg", "line 2, column 3: negative is missing."),
        ("a.jpg,,c.jpg", "line 2, column 2: positive is missing."),
        ("a.jpg,a.jpg,c.jpg,c.jpg", "line 2, column 4: 'c.jpg' is one too many"),
        ('a.jpg,"a.jpg,c.jpg', "line 2: unexpected end of data."),
        ('a.jpg,"a.jpg"x,c.jpg', "line 2: ',' expected after '\"'."),
        (b"a.jpg,\xff.jpg,c.jpg", "line 2: not UTF-8."),
        ("x.jpg,a.jpg,c.jpg", "line 2: query 'x.jpg' is not a photograph"),
        ("a.jpg,a.jpg,a.jpg", "line 2: negative 'a.jpg' is also the query"),
        ("a.jpg,a\0.jpg,c.jpg", "line 2: "),
        (f"a.jpg,{'b' * 200_000},c.jpg", "line 2: field larger than field limit"),
        ("images/a.jpg,c.jpg,c.jpg", "and use slashes: write 'a.jpg'."),
        ("b\\d.jpg,c.jpg,c.jpg", "and use slashes: write 'b/d.jpg'."),
    ],
)
def test_an_unusable_line_costs_no_other_one(tmp_path, line, message):
    line = line if isinstance(line, bytes) else line.encode()
    good = b"a.jpg,a.jpg,c.jpg\n"
    triplets, problems = read(tmp_path, HEADER.encode() + line + b"\n" + good * 2)
    assert triplets == (Triplet("a.jpg", "a.jpg", "c.jpg"),) * 2
    ((kind, said),) = [(problem.kind, problem.message) for problem in problems]
    assert kind == "skipped triplet"
    assert "triplets.csv" in said and message in said


def test_quotes_that_span_good_lines_do_not_hide_them(tmp_path):
    good = "a.jpg,a.jpg,c.jpg\n"
    triplets, problems = read(tmp_path, HEADER + 'a,"b\n' + good + 'x",y\n' + good)
    assert triplets == (Triplet("a.jpg", "a.jpg", "c.jpg"),) * 2
    lines = [problem.message.split(", line ")[1][:2] for problem in problems]
    assert lines == ["2:", "4:"]


def test_a_path_may_hold_a_line_break(tmp_path):
    file = tmp_path / "triplets.csv"
    file.write_text(HEADER + '"a\n.jpg",c.jpg,d.jpg\nc.jpg\n')
    triplets, problems = read_triplets(file, ["a\n.jpg", "c.jpg", "d.jpg"])
    assert triplets == (Triplet("a\n.jpg", "c.jpg", "d.jpg"),)
    assert "line 4, column 2" in problems[0].message
