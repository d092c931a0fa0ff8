"""Files are replaced whole or not at all, and errors name them."""

import os
import resource
import stat
from pathlib import Path

import pytest

from tiefvision.errors import BadUsage
from tiefvision.files import (
    copy_file,
    replace_file,
    replace_text,
    replacing,
    replacing_folder,
)


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "deep" / "page.html"
    replace_file(file, b"old")
    return file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_rename_leaves_the_old_file_and_no_other(page, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(page), "replace", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        replace_file(page, b"new")
    assert caught.value.filename == str(page)
    assert (names(page.parent), page.read_bytes()) == (["page.html"], b"old")


def test_a_file_that_grows_too_large_leaves_the_old_one_and_is_named(page):
    """What a full disk does, by a limit of the process: the writing itself fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            replace_file(page, b"new" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(page)
    assert (names(page.parent), page.read_bytes()) == (["page.html"], b"old")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_is_written_to_and_stays_one():
    replace_file(Path("/dev/null"), b"page")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OSError, match="No space left") as caught:
        replace_file(Path("/dev/full"), b"page")
    assert caught.value.filename == "/dev/full"


def test_a_link_stays_a_link(page, tmp_path):
    link = tmp_path / "link.html"
    link.symlink_to(page)
    replace_file(link, b"new")
    assert link.is_symlink()
    assert page.read_bytes() == b"new"
    (tmp_path / "ahead.html").symlink_to(tmp_path / "later.html")
    replace_file(tmp_path / "ahead.html", b"first")
    assert (tmp_path / "later.html").read_bytes() == b"first"


def test_permissions_are_kept(page):
    page.chmod(0o600)
    replace_file(page, b"new")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_without_permission_is_refused(page):
    page.chmod(0o400)
    with pytest.raises(PermissionError) as caught:
        replace_file(page, b"new")
    assert caught.value.filename == str(page)
    assert page.read_bytes() == b"old"


def test_the_longest_name_that_a_disk_allows(tmp_path):
    for name in ("é" * 127, "x" * 255):
        replace_file(tmp_path / name, b"content")
    assert names(tmp_path) == sorted(["é" * 127, "x" * 255])
    with pytest.raises(OSError, match="too long"):
        replace_file(tmp_path / ("x" * 256), b"content")


def test_a_folder_and_a_file_in_the_way_are_named(page):
    with pytest.raises(OSError, match="directory") as caught:
        replace_file(page.parent, b"new")
    assert caught.value.filename == str(page.parent)
    with pytest.raises(OSError, match=r"exists|directory") as caught:
        replace_file(page / "below.html", b"new")
    assert caught.value.filename == str(page / "below.html")


def test_a_name_that_is_no_text_becomes_an_escape(tmp_path):
    replace_text(tmp_path / "a.json", '{"photo": "lat\udce9n.jpg 服"}')
    assert (tmp_path / "a.json").read_bytes() == (
        '{"photo": "lat\\udce9n.jpg 服"}'.encode()
    )


def test_a_half_copied_file_is_copied_again(tmp_path):
    (tmp_path / "source").write_bytes(b"whole file")
    (tmp_path / "target").write_bytes(b"whole")
    copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"whole file"
    with pytest.raises(FileNotFoundError) as caught:
        copy_file(tmp_path / "nothing", tmp_path / "target")
    assert caught.value.filename == str(tmp_path / "nothing")


def test_a_file_is_replaced_only_by_a_block_that_ends_well(page):
    with pytest.raises(ValueError, match="half"), replacing(page) as opened:
        opened.write(b"new")
        raise ValueError("half")
    assert (names(page.parent), page.read_bytes()) == (["page.html"], b"old")
    with replacing(page) as opened:
        opened.write(b"ne")
        assert page.read_bytes() == b"old"
        opened.write(b"w")
    assert (names(page.parent), page.read_bytes()) == (["page.html"], b"new")


def test_an_error_about_another_file_keeps_its_name(page):
    with pytest.raises(FileNotFoundError) as caught, replacing(page):
        Path("missing").read_bytes()
    assert caught.value.filename == "missing"


def test_an_error_about_a_file_aside_names_the_folder_that_was_asked_for(tmp_path):
    failing = pytest.raises(FileNotFoundError)
    with failing as caught, replacing_folder(tmp_path / "export", "mark") as aside:
        (aside / "missing").read_bytes()
    assert caught.value.filename == str(tmp_path / "export")


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "deep" / "export"
    with replacing_folder(folder, "mark") as aside:
        (aside / "mark").write_text("first")
        (aside / "more").write_text("first")
        assert not folder.exists()
    half = pytest.raises(ValueError, match="half")
    with half, replacing_folder(folder, "mark") as aside:
        (aside / "mark").write_text("half")
        raise ValueError("half")
    assert (folder / "mark").read_text() == "first"
    with replacing_folder(folder, "mark") as aside:
        (aside / "mark").write_text("second")
    assert names(folder.parent) == ["export"]
    assert (names(folder), (folder / "mark").read_text()) == (["mark"], "second")


def test_a_folder_that_somebody_else_filled_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    with replacing_folder(tmp_path / "photos", "mark") as aside:
        (aside / "mine.jpg").write_text("photograph")
    refused = pytest.raises(BadUsage, match="photos exists and is not replaced")
    with refused, replacing_folder(tmp_path / "photos", "mark"):
        pass
    (tmp_path / "file").write_text("mine")
    refused = pytest.raises(BadUsage, match="file exists")
    with refused, replacing_folder(tmp_path / "file", "mark"):
        pass
    assert (tmp_path / "photos" / "mine.jpg").read_text() == "photograph"
    assert (tmp_path / "file").read_text() == "mine"
    assert names(tmp_path) == ["file", "photos"]


def test_a_folder_that_cannot_be_renamed_leaves_the_old_one(tmp_path, monkeypatch):
    with replacing_folder(tmp_path / "export", "mark") as aside:
        (aside / "mark").write_text("old")
    rename = type(tmp_path).replace

    def fail(path: Path, target: Path) -> None:
        if path.name.endswith(".partial"):
            raise OSError(28, "No space left on device")
        rename(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", fail)
    full = pytest.raises(OSError, match="No space left")
    with full as caught, replacing_folder(tmp_path / "export", "mark") as aside:
        (aside / "mark").write_text("new")
    assert caught.value.filename == str(tmp_path / "export")
    assert names(tmp_path) == ["export"]
    assert (tmp_path / "export" / "mark").read_text() == "old"
