import contextlib
import os
import socket
from io import BytesIO

import pytest
from PIL import Image

from tiefvision.photos import formats
from tiefvision.photos.listing import Listing, list_photos


def content(kind):
    buffer = BytesIO()
    Image.new("RGB", (20, 20)).save(buffer, kind)
    return buffer.getvalue()


def put(file, written=b""):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(written)


def link(source, target, folder=True):
    source.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.symlink_to(target, target_is_directory=folder)
    except OSError:
        pytest.skip("This file system has no symbolic links.")


def test_photographs_are_listed_sorted_and_hidden_ones_ignored(tmp_path):
    for name in ("b.JPG", "a/z.webp", "a b.png", ".b.jpg", ".x/c.jpg", "n.txt"):
        put(tmp_path / name)
    for system in ("@eaDir/a.jpg", "__MACOSX/b.jpg", "Thumbs.db", "desktop.ini"):
        put(tmp_path / system, content("JPEG") if "/" in system else b"")
    assert list_photos(tmp_path) == Listing(("a b.png", "a/z.webp", "b.JPG"))
    assert list_photos(tmp_path / "none") == Listing(())


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "a.JPEG", "a", "a.gif", "a.heic"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_first_bytes_decide_what_is_a_photograph(tmp_path, name, kind):
    put(tmp_path / name, content(kind))
    assert list_photos(tmp_path) == Listing((name,))


def test_what_only_has_the_name_of_a_photograph_is_listed_too(tmp_path):
    """Whoever opens it is told what it is."""
    put(tmp_path / "a.jpg", content("GIF"))
    put(tmp_path / "b.jpeg", b"<!DOCTYPE html>")
    os.mkfifo(tmp_path / "c.png")
    link(tmp_path / "d.webp", "nowhere", folder=False)
    assert list_photos(tmp_path).photos == ("a.jpg", "b.jpeg", "c.png", "d.webp")


def test_other_pictures_are_counted_with_what_could_be_done(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "reads_heic", lambda: False)
    put(tmp_path / "a.jpg", content("JPEG"))
    put(tmp_path / "b.gif", content("GIF"))
    for name in ("2.HEIC", "sub/1.heic", "3.heic"):
        put(tmp_path / name, b"\0\0\0\x1cftypheic\0\0\0\0")
    put(tmp_path / "no suffix", b"II*\0\x08\0\0\0")
    put(tmp_path / "raw.nef", b"MM\0*\0\0\0\x08")
    put(tmp_path / "empty.avif")
    assert list_photos(tmp_path) == Listing(
        ("a.jpg",),
        (
            f"Cannot use {tmp_path / 'b.gif'}, a .gif picture. "
            "Save as JPEG, PNG or WebP.",
            f"Cannot use {tmp_path / 'empty.avif'}, a .avif picture. "
            "Save as JPEG, PNG or WebP.",
            f"Cannot use {tmp_path / 'no suffix'}, a TIFF picture. "
            "Save as JPEG, PNG or WebP.",
            f"Cannot use {tmp_path / 'raw.nef'}, a .nef picture. "
            "Save as JPEG, PNG or WebP.",
            f"Cannot use 3 .heic pictures, such as {tmp_path / '2.HEIC'}. "
            "Run: pip install pillow-heif",
        ),
    )


def test_heic_is_a_photograph_where_it_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "reads_heic", lambda: True)
    put(tmp_path / "a.heic", b"\0\0\0\x1cftypheic\0\0\0\0")
    put(tmp_path / "b", b"\0\0\0\x1cftypmif1\0\0\0\0")
    put(tmp_path / "damaged.heic")
    assert list_photos(tmp_path) == Listing(("a.heic", "b", "damaged.heic"))


def test_linked_folders_are_followed_and_each_is_listed_once(tmp_path):
    put(tmp_path / "elsewhere/deep/1.jpg")
    put(tmp_path / "shop/z real/2.jpg")
    link(tmp_path / "shop/a link", "z real")
    link(tmp_path / "shop/outside", tmp_path / "elsewhere/deep")
    link(tmp_path / "shop/again", tmp_path / "elsewhere/deep")
    link(tmp_path / "shop/3.jpg", tmp_path / "elsewhere/deep/1.jpg", folder=False)
    listed = Listing(("3.jpg", "again/1.jpg", "z real/2.jpg"))
    assert list_photos(tmp_path / "shop") == listed
    link(tmp_path / "linked shop", "shop")
    assert list_photos(tmp_path / "linked shop") == listed


def test_links_that_lead_back_end(tmp_path):
    put(tmp_path / "shop/1.jpg")
    put(tmp_path / "elsewhere/2.jpg")
    link(tmp_path / "shop/me", ".")
    link(tmp_path / "shop/out", tmp_path / "elsewhere")
    link(tmp_path / "elsewhere/back", tmp_path / "shop")
    assert list_photos(tmp_path / "shop") == Listing(("1.jpg", "out/2.jpg"))
    link(tmp_path / "shop/up", "..")
    assert list_photos(tmp_path / "shop") == Listing(
        ("1.jpg", "out/2.jpg"),
        (
            f"Cannot list {tmp_path / 'shop/up'}: "
            "it links to a folder that contains it.",
        ),
    )


@pytest.mark.parametrize("target", ["nowhere", "lost"])
def test_a_link_that_leads_nowhere_is_told(tmp_path, target):
    link(tmp_path / "lost", target)
    (told,) = list_photos(tmp_path).left_out
    assert told.endswith("lost: it links to nothing that can be opened.")


def test_a_folder_that_cannot_be_opened_is_told(tmp_path, monkeypatch):
    """By a stand-in, because nothing is forbidden to root."""
    put(tmp_path / "shut/1.jpg")
    put(tmp_path / "open/2.jpg")
    scan = os.scandir

    def refused(folder):
        if folder.name == "shut":
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    assert list_photos(tmp_path) == Listing(
        ("open/2.jpg",), (f"Cannot list {tmp_path / 'shut'}: permission denied.",)
    )


def test_pipes_and_sockets_without_the_name_of_a_picture_are_ignored(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "s").mkdir()
    with socket.socket(socket.AF_UNIX) as opened:
        with contextlib.chdir(tmp_path / "s"):
            opened.bind("socket")  # a longer path is refused
        os.mkfifo(tmp_path / "pipe.gif")
        (told,) = list_photos(tmp_path).left_out
        assert "pipe.gif, a .gif picture" in told


def test_thousands_of_folders_in_each_other_are_listed(tmp_path):
    below = tmp_path
    for _ in range(300):
        below = below / "d"
    put(below / "1.jpg")
    assert len(list_photos(tmp_path).photos) == 1
