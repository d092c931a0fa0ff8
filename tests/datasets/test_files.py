import os
import unicodedata
from pathlib import Path

import pytest

from tiefvision.datasets.files import (
    is_dataset,
    label_names,
    missing_text,
    path_fault,
    path_hint,
    photo_file,
)
from tiefvision.datasets.layout import read_dataset
from tiefvision.errors import BadDataset


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


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("images/a.jpg", "a.jpg"),
        ("images/b/a.jpg", "b/a.jpg"),
        ("sub\\a.jpg", "sub/a.jpg"),
        ("images\\sub\\a.jpg", "sub/a.jpg"),
        ("a.jpg", ""),
        ("b/images/a.jpg", ""),
        ("images/", ""),
    ],
)
def test_a_path_of_another_form_is_told_how_it_should_look(path, meant):
    said = f"Paths start below images/ and use slashes: write {meant!r}."
    assert path_hint(path) == (said if meant else "")


def test_a_missing_photograph_is_named_with_the_hint():
    assert missing_text("b/a.jpg") == "There is no images/b/a.jpg."
    assert missing_text("b\\a.jpg").endswith("and use slashes: write 'b/a.jpg'.")


def _pipe(file):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(file)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (Path.mkdir, "a folder"),
        (_pipe, "a pipe"),
        (lambda file: file.symlink_to(file.name), "symbolic link"),
        (lambda file: file.symlink_to("unmounted/annotations.json"), "no such file"),
        (lambda file: file.symlink_to(os.devnull), "a device"),
    ],
)
def test_what_has_the_name_of_annotations_is_not_passed_over(tmp_path, make, told):
    make(tmp_path / "annotations.json")
    assert is_dataset(tmp_path)
    with pytest.raises(BadDataset, match=rf"annotations\.json.*{told}"):
        read_dataset(tmp_path)


def test_a_path_longer_than_the_system_allows_is_a_file_that_is_missing(tmp_path):
    path = "/".join(["é" * 100] * 50) + ".jpg"
    assert photo_file(tmp_path, path) == tmp_path / path


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "too deep"),
        ('["rock"]'.encode("latin-1") + b"\xe9", "byte 8 is not UTF-8"),
        (b"[1, 2]", "not a list of names"),
        (b"", "line 1, column 1: not JSON"),
    ],
)
def test_names_of_labels_that_cannot_be_read_are_told(tmp_path, content, told):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "labels.json").write_bytes(content)
    with pytest.raises(BadDataset, match=told):
        label_names(tmp_path)
