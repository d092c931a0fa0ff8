import unicodedata

import pytest

from tiefvision.datasets.files import path_fault, photo_file
from tiefvision.files import copy_file, replace_file


@pytest.mark.parametrize("path", ["a.jpg", "b/a b.png", "ž/服.webp", "a..b.jpg", "…"])
def test_paths_below_images_are_accepted(path):
    assert path_fault(path) == ""


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", "empty"),
        ("/etc/a.jpg", "absolute"),
        ("C:/a.jpg", "absolute"),
        ("\\\\host\\share\\a.jpg", "absolute"),
        ("../a.jpg", "climbs"),
        ("a/../../b.jpg", "climbs"),
        ("a\\..\\..\\b.jpg", "climbs"),
        ("./a.jpg", "shortest form, 'a.jpg'"),
        ("a//b.jpg", "shortest form, 'a/b.jpg'"),
        ("a\0.jpg", "not text"),
        ("a\udcff.jpg", "not text"),
        ("x" * 300 + ".jpg", "longer than 255"),
    ],
)
def test_other_paths_are_refused(path, fault):
    assert fault in path_fault(path)


@pytest.mark.parametrize(("stored", "asked"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_are_found_either_way(tmp_path, stored, asked):
    name = "café/été.jpg"
    file = tmp_path / unicodedata.normalize(stored, name)
    file.parent.mkdir()
    file.touch()
    assert photo_file(tmp_path, unicodedata.normalize(asked, name)).samefile(file)


def test_the_exact_name_comes_first(tmp_path):
    composed, decomposed = (unicodedata.normalize(f, "é.jpg") for f in ("NFC", "NFD"))
    (tmp_path / composed).write_text("composed")
    (tmp_path / decomposed).write_text("decomposed")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("This file system holds the two names as one.")
    assert photo_file(tmp_path, decomposed).read_text() == "decomposed"


def test_a_missing_file_keeps_its_name(tmp_path):
    assert photo_file(tmp_path, "é/a.jpg") == tmp_path / "é/a.jpg"


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    file = tmp_path / "deep" / "a.json"
    replace_file(file, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(file), "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        replace_file(file, b"new")
    assert [p.name for p in file.parent.iterdir()] == ["a.json"]
    assert file.read_bytes() == b"old"


def test_a_half_copied_file_is_copied_again(tmp_path):
    (tmp_path / "source").write_bytes(b"whole file")
    (tmp_path / "target").write_bytes(b"whole")
    copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"whole file"
