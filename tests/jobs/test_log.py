from itertools import pairwise

import pytest

from tiefvision.jobs import log
from tiefvision.jobs.folders import new_id
from tiefvision.jobs.log import LogPart, read_log
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture
def job(tmp_path):
    """Id of a job whose log a test writes."""
    job = new_id()
    (tmp_path / "jobs" / job).mkdir(parents=True)
    return job


def write(tmp_path, job, content):
    (tmp_path / "jobs" / job / "log").write_bytes(content)


def test_there_is_nothing_before_there_is_a_log(tmp_path, job):
    assert read_log(Workspace(tmp_path), job) == LogPart((), "", 0)


def test_a_log_is_read_as_it_grows(tmp_path, job):
    place = Workspace(tmp_path)
    write(tmp_path, job, b"one\ntw")
    first = read_log(place, job)
    assert first == LogPart(("one",), "tw", 4)
    assert read_log(place, job, first.offset) == LogPart((), "tw", 4)
    write(tmp_path, job, b"one\ntwo\n\nthree\n")
    assert read_log(place, job, 4) == LogPart(("two", "", "three"), "", 15)
    assert read_log(place, job, 15) == LogPart((), "", 15)


@pytest.mark.parametrize(("offset", "begin"), [(-3, 0), (99, 4)])
def test_an_offset_out_of_range_is_the_nearest_one(offset, begin, tmp_path, job):
    write(tmp_path, job, b"one\n")
    part = read_log(Workspace(tmp_path), job, offset)
    assert part.lines == (("one",) if begin == 0 else ())
    assert part.offset == 4


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"10 %\r20 %\r30 %\n", "30 %"),
        (b"30 %\r   \r\n", "30 %"),
        (b"plain\r\n", "plain"),
        (b"\x1b[31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "red link"),
        (b"\x1b[2K\x1b[1A\n", ""),
        (b"a\tb  \n", "a    b"),
        (b"bell \x07 null \x00\n", "bell \\x07 null \\x00"),
        ("Größe 👗\n".encode(), "Größe 👗"),
        (b"broken \xff\n", "broken \ufffd"),
    ],
)
def test_a_line_is_shown_as_it_looks_at_last(written, shown, tmp_path, job):
    write(tmp_path, job, written)
    assert read_log(Workspace(tmp_path), job).lines == (shown,)


def test_the_tail_of_a_long_log_begins_with_a_whole_line(tmp_path, job, monkeypatch):
    monkeypatch.setattr(log, "MOST_BYTES", 10)
    write(tmp_path, job, b"first line\nsecond\nthird\n")
    part = read_log(Workspace(tmp_path), job)
    assert part == LogPart(("third",), "", 24, skipped=True)


def test_a_long_log_is_read_part_by_part(tmp_path, job, monkeypatch):
    monkeypatch.setattr(log, "MOST_BYTES", 10)
    content = b"".join(b"line %d\n" % number for number in range(20))
    write(tmp_path, job, content)
    place, offset, lines = Workspace(tmp_path), 0, []
    while offset < len(content):
        part = read_log(place, job, offset)
        lines += part.lines
        assert part.offset > offset
        offset = part.offset
    assert lines == [f"line {number}" for number in range(20)]


def test_a_bar_longer_than_a_part_is_passed_over(tmp_path, job, monkeypatch):
    monkeypatch.setattr(log, "MOST_BYTES", 10)
    write(tmp_path, job, b"\r".join(b"%d %%" % n for n in range(40)) + b"\nend\n")
    place, offsets = Workspace(tmp_path), [0]
    while True:
        part = read_log(place, job, offsets[-1])
        offsets.append(part.offset)
        if "end" in part.lines:
            break
    assert all(after > before for before, after in pairwise(offsets))
    assert part.lines[-2:] == ("39 %", "end")
