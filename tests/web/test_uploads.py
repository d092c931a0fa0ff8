"""Uploads are kept under names of ours, and not without end."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.web.problems import NotFound
from tiefvision.web.uploads import Uploads


def photo(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_same_content_is_one_file(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", 5)
    key = uploads.keep(photo(1))
    assert uploads.keep(photo(1)) == key
    assert uploads.keys() == [key]
    assert uploads.file_of(key).read_bytes() == photo(1)


def test_those_used_longest_ago_go_first(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, 3)
    keys = []
    for shade in range(3):
        keys.append(uploads.keep(photo(shade)))
        os.utime(tmp_path / keys[-1], (shade, shade))
    assert uploads.keep(photo(0)) == keys[0]  # used again
    last = uploads.keep(photo(9))
    assert set(uploads.keys()) == {keys[0], keys[2], last}
    with pytest.raises(NotFound, match="no longer here"):
        uploads.file_of(keys[1])


@pytest.mark.parametrize("key", ["", "..", "../x", "A" * 32, "0" * 31, "0" * 33])
def test_no_key_is_a_path(tmp_path: Path, key: str) -> None:
    (tmp_path / "x").write_text("secret")
    uploads = Uploads(tmp_path / "uploads", 3)
    with pytest.raises(NotFound):
        uploads.file_of(key)


def test_what_is_no_photograph_is_not_kept(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, 3)
    with pytest.raises(UnreadablePhoto):
        uploads.keep(b"text")
    assert list(tmp_path.iterdir()) == []
