"""Whether files are as they were when they were described."""

import os
from pathlib import Path

import pytest

from tests.catalogue.living.made import new_photo
from tiefvision.catalogue.living import freshness
from tiefvision.catalogue.living.comparing import hash_of, stamp_of
from tiefvision.catalogue.living.freshness import lost_files, state_of
from tiefvision.catalogue.living.ledger import Facts, KnownPhoto
from tiefvision.store.table import Table


@pytest.fixture
def photo(tmp_path):
    """A photograph, described just now."""
    file = tmp_path / "é photo.jpg"
    file.write_bytes(b"content")
    return known(file)


def known(file):
    text = str(file)
    return KnownPhoto(text, 0, hash_of(text), stamp_of(text), Facts("a"))


def test_a_file_as_it_was_is_not_read(photo, monkeypatch):
    monkeypatch.setattr(freshness, "hash_of", lambda file: pytest.fail("it was read"))
    assert state_of(photo) == ""


def test_a_file_that_was_touched_or_moved_back_is_as_it_was(photo):
    file, aside = Path(photo.file), Path(f"{photo.file} aside")
    os.utime(file, (1, 1))
    assert state_of(photo) == ""
    file.rename(aside)
    assert state_of(photo) == "gone"
    aside.rename(file)
    assert state_of(photo) == ""


@pytest.mark.parametrize("content", [b"", b"CONTENT", b"more content"])
def test_a_file_of_another_content_has_changed(content, photo):
    file = Path(photo.file)
    facts = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert state_of(photo) == "changed"


def test_a_folder_or_a_link_to_nowhere_in_its_place(photo):
    file = Path(photo.file)
    file.unlink()
    file.mkdir()
    assert state_of(photo) == "changed"
    file.rmdir()
    file.symlink_to("nowhere")
    assert state_of(photo) == "gone"


def test_lost_files_are_counted(rows, tmp_path):
    for name in ("same", "other", "gone"):
        file = tmp_path / name
        file.write_bytes(name.encode())
        made = new_photo(str(file), hash_of(str(file)))
        rows.change([made])
    (tmp_path / "other").write_bytes(b"something else")
    (tmp_path / "gone").unlink()
    lost = lost_files(rows.table)
    assert (lost.gone, lost.changed) == (1, 1)


def test_nothing_is_lost_where_there_is_no_catalogue(tmp_path):
    with Table(tmp_path / "t.lmdb", create=True) as table:
        lost = lost_files(table)
    assert (lost.gone, lost.changed) == (0, 0)
