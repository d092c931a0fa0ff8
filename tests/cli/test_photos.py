"""What commands take as photographs, and what they say of what they leave out."""

import io
import os
import sys

import pytest
from PIL import Image

from tiefvision.cli.photos import MOST_BYTES
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE


class Input:
    """A standard input that holds some bytes."""

    def __init__(self, content, terminal=False):
        self.buffer, self.closed = io.BytesIO(content), False
        self.isatty = lambda: terminal


@pytest.fixture
def send(monkeypatch):
    """Gives the command a standard input."""

    def put(content, **options):
        monkeypatch.setattr(sys, "stdin", Input(content, **options))

    return put


@pytest.mark.parametrize("command", ["locate", "search"])
def test_a_photograph_comes_from_standard_input(
    command, tiefvision, trained, street, send
):
    arguments = ("--workspace", trained, "--json")
    from_file = tiefvision(command, street[0], *arguments)
    send(street[0].read_bytes())
    spoken = tiefvision(command, "-", *arguments)
    assert spoken.code == DONE
    for line, other in zip(spoken.lines, from_file.lines, strict=True):
        name = "photo" if command == "locate" else "query"
        assert line == other | {name: "-"}


def test_standard_input_is_shown_on_pages(tiefvision, trained, street, send, tmp_path):
    send(street[0].read_bytes())
    page = tmp_path / "page.html"
    spoken = tiefvision("search", "-", "--workspace", trained, "--html", page)
    assert spoken.code == DONE
    assert "standard input" in page.read_text("utf-8")
    send(street[0].read_bytes())
    drawn = tmp_path / "drawn"
    spoken = tiefvision("locate", "-", "--workspace", trained, "--draw", drawn)
    assert spoken.code == DONE
    assert len(list(drawn.glob("*.jpg"))) == 1


@pytest.mark.parametrize("command", ["locate", "search"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "There is no photograph in standard input. Send one"),
        (b"hello", "it is not a JPEG, PNG or WebP image"),
        (b"GIF89a" + bytes(99), "but GIF. Save as JPEG, PNG or WebP."),
        (b"\xff\xd8\xff not a photograph", "Cannot read the photograph"),
    ],
)
def test_what_is_no_photograph_in_standard_input_is_told(
    command, content, why, tiefvision, trained, street, send
):
    send(content)
    spoken = tiefvision(command, "-", "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    (line,) = spoken.lines
    assert line["photo"] == "-" and why in line["error"]
    send(content)
    spoken = tiefvision(command, "-", street[0], "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert len(spoken.lines) >= 2 and why in spoken.lines[0]["error"]


def test_standard_input_without_end_is_refused(tiefvision, trained, send, monkeypatch):
    monkeypatch.setattr("tiefvision.cli.photos.MOST_BYTES", 100)
    send(b"\xff\xd8\xff" + bytes(99))
    spoken = tiefvision("locate", "-", "--workspace", trained)
    assert spoken.code == SOME_UNREADABLE
    assert "more than 100 bytes" in spoken.err
    assert MOST_BYTES > 120_000_000 * 4  # the largest photograph, uncompressed


def test_a_terminal_or_nothing_as_standard_input_is_refused(
    tiefvision, trained, send, monkeypatch
):
    send(b"", terminal=True)
    spoken = tiefvision("locate", "-", "--workspace", trained)
    assert spoken.code == SOME_UNREADABLE
    assert "no photograph in standard input. Send one" in spoken.err
    monkeypatch.setattr(sys, "stdin", None)
    spoken = tiefvision("locate", "-", "--workspace", trained)
    assert "no photograph in standard input. Send one" in spoken.err


def test_standard_input_is_given_once(tiefvision, trained):
    spoken = tiefvision("locate", "-", "-", "--workspace", trained)
    assert spoken.code == BAD_USAGE
    assert "Give - once." in spoken.err


@pytest.mark.parametrize("command", ["locate", "search"])
def test_an_address_is_refused_by_a_sentence(command, tiefvision, trained, street):
    url = "https://example.com/street.jpg?size=large"
    spoken = tiefvision(command, url, "--workspace", trained)
    assert spoken.code == SOME_UNREADABLE
    assert "it is an address: download the photograph first" in spoken.err
    spoken = tiefvision(command, street[0], url, "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert "it is an address" in spoken.lines[-1]["error"]


@pytest.fixture
def mixed(catalogue):
    """The catalogue beside what might be photographs, and is not."""
    os.mkfifo(catalogue / "pipe.jpg")
    os.mkfifo(catalogue / "pipe")
    for name in ("1.heic", "2.heic"):
        (catalogue / name).write_bytes(b"\0\0\0\x1cftypheic\0\0\0\0")
    Image.new("RGB", (30, 30)).save(catalogue / "moving.gif")
    os.link(catalogue / "plain.jpg", catalogue / "as.jfif")
    os.link(catalogue / "plain.jpg", catalogue / "b" / "as.jpe")
    return catalogue


TOLD = ("pipe.jpg: it is a pipe and no file.", "moving.gif, a .gif picture")


def test_locate_and_search_tell_what_they_leave_out(tiefvision, trained, mixed):
    arguments = (mixed, "--workspace", trained, "--json")
    spoken = tiefvision("locate", *arguments)
    assert spoken.code == SOME_UNREADABLE
    located = {line["photo"] for line in spoken.lines if "garments" in line}
    assert len(located) == 6
    assert {str(mixed / "as.jfif"), str(mixed / "b/as.jpe")} < located
    assert TOLD[0] in next(line["error"] for line in spoken.lines if "error" in line)
    assert TOLD[1] in spoken.err
    spoken = tiefvision("search", *arguments)
    assert spoken.code == SOME_UNREADABLE
    assert TOLD[1] in spoken.err


def test_index_tells_what_it_leaves_out(tiefvision, run, mixed):
    for _ in range(2):  # also where it is up to date
        spoken = tiefvision("index", mixed, "--workspace", run, "--json")
        assert spoken.code == SOME_UNREADABLE
        (line,) = spoken.lines
        assert line["photos"] == 6
        for told in TOLD:
            assert told in spoken.err
            assert any(told in reason for reason in line["skipped"])
        assert "2 .heic pictures" in spoken.err or "1.heic: " in spoken.err


def test_near_duplicates_tell_what_they_leave_out(tiefvision, mixed):
    spoken = tiefvision("data", "check", mixed, "--near")
    assert spoken.code == SOME_UNREADABLE
    assert all(told in spoken.err for told in TOLD)
    assert "as.jfif = b/as.jpe = plain.jpg" in spoken.out


def test_a_folder_of_other_pictures_says_so(tiefvision, trained, tmp_path):
    (tmp_path / "phone").mkdir()
    Image.new("RGB", (30, 30)).save(tmp_path / "phone" / "a.tif")
    for command in ("locate", "search"):
        spoken = tiefvision(command, tmp_path / "phone", "--workspace", trained)
        assert spoken.code == FAILED
        assert "no photograph in" in spoken.err
        assert "a.tif, a .tif picture. Save as JPEG, PNG or WebP." in spoken.err


def test_a_check_of_a_dataset_tells_what_else_is_there(tiefvision, dataset):
    images = dataset / "images"
    made = images / "other.bmp", images / "pipe.jpg", images / "text.jpg"
    Image.new("RGB", (30, 30)).save(made[0])
    os.mkfifo(made[1])
    made[2].symlink_to("nowhere")
    try:
        spoken = tiefvision("data", "check", dataset, "--json")
    finally:
        for file in made:
            file.unlink()
    assert spoken.code == DONE  # all that annotations.json names can be used
    (line,) = spoken.lines
    assert set(line["unnamed"]) >= {"pipe.jpg", "text.jpg"}
    assert "other.bmp, a .bmp picture" in line["left_out"][0]


@pytest.mark.parametrize("file", ["annotations.json", "triplets.csv"])
def test_a_pipe_in_place_of_a_table_is_refused(file, tiefvision, tmp_path):
    (tmp_path / "annotations.json").write_text(
        '{"images": [], "annotations": [], "categories": []}'
    )
    (tmp_path / file).unlink(missing_ok=True)
    os.mkfifo(tmp_path / file)
    spoken = tiefvision("data", "check", tmp_path)
    assert spoken.code == FAILED
    assert f"Cannot read {tmp_path / file}: it is a pipe and no file." in spoken.err


@pytest.mark.parametrize("path", ["y" * 300 + ".jpg", "z" * 5000])
def test_a_path_that_the_system_refuses_stops_no_other(
    path, tiefvision, trained, street
):
    """So does one below a folder that may not be entered."""
    spoken = tiefvision("locate", path, street[0], "--json", "--workspace", trained)
    assert spoken.code == SOME_UNREADABLE
    refused, found = spoken.lines
    assert refused["error"].endswith(": file name too long.")
    assert found["photo"] == str(street[0])
