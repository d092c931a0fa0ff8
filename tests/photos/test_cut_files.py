"""Files without their end: what is missing is measured, and little is forgiven."""

import io
import logging

import numpy as np
import pytest
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.cut_files import complete
from tiefvision.photos.reading import MOST_MISSING, photo_size, read_photo

HEIGHT, WIDTH = 480, 320

JPEGS = {
    "baseline": {},
    "full-colour": {"subsampling": 0},
    "optimised": {"optimize": True},
    "restarts": {"restart_marker_rows": 1},
    "many-restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "grey": {"mode": "L"},
    "inks": {"mode": "CMYK"},
}

PNGS = {name: {"mode": name} for name in ("RGB", "P", "RGBA", "1")}


@pytest.fixture(scope="module")
def scene():
    """Soft shapes with a little noise: it codes like a photograph."""
    draw = np.random.default_rng(3)
    coarse = draw.integers(0, 256, (12, 8, 3), dtype=np.uint8)
    soft = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    noise = draw.normal(0, 6, (HEIGHT, WIDTH, 3))
    return Image.fromarray(np.clip(np.asarray(soft) + noise, 0, 255).astype(np.uint8))


def saved(image, kind, mode="RGB", **options):
    memory = io.BytesIO()
    image.convert(mode).save(memory, kind, **options)
    return memory.getvalue()


def wrong_share(content, cut):
    """The share of pixels that differ from the whole photograph's."""
    photo, damaged = read_photo(content), read_photo(cut)
    return (photo != damaged).any(axis=-1).mean()


@pytest.mark.parametrize("how", JPEGS)
def test_a_jpeg_without_its_end_marker_is_whole_and_told(scene, how, caplog):
    content = saved(scene, "JPEG", **JPEGS[how])
    assert wrong_share(content, content[:-2]) == 0
    assert wrong_share(content, content[:-1]) == 0
    told = ["the photograph is damaged: its end is missing, but no pixel."] * 2
    # Pillow reads grey and inks without an end marker.
    assert caplog.messages == ([] if how in ("grey", "inks") else told)


@pytest.mark.parametrize("how", JPEGS)
def test_a_jpeg_without_its_last_bytes_is_read_and_told(scene, how, caplog):
    content = saved(scene, "JPEG", **JPEGS[how])
    cut = content[:-40]
    share = wrong_share(content, cut)
    completed = complete(io.BytesIO(cut))
    assert 0 < share < 0.02
    # Blocks are counted whole, and colours run over their edges.
    assert completed.missing == pytest.approx(share, abs=0.01)
    assert completed.missing > 0
    assert photo_size(cut) == (WIDTH, HEIGHT)
    assert "damaged" in caplog.text and "% of the pixels with it" in caplog.text


@pytest.mark.parametrize("how", JPEGS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.85])
def test_a_jpeg_without_a_visible_part_is_refused(scene, how, kept):
    content = saved(scene, "JPEG", **JPEGS[how])
    cut = content[: int(len(content) * kept)]
    for damaged in (cut, cut + bytes(len(content) - len(cut)), cut + b"\xff" * 999):
        with pytest.raises(UnreadablePhoto, match="truncated"):
            read_photo(damaged)


@pytest.mark.parametrize("how", [name for name in JPEGS if name != "progressive"])
def test_an_end_marker_does_not_make_a_half_whole(scene, how, caplog):
    content = saved(scene, "JPEG", **JPEGS[how])
    for max_side in (None, 100):
        with pytest.raises(UnreadablePhoto, match="truncated"):
            read_photo(content[: len(content) // 2] + b"\xff\xd9", max_side=max_side)
    assert not caplog.messages
    read_photo(content[:-40] + b"\xff\xd9")
    assert "damaged" in caplog.text


@pytest.mark.parametrize("how", JPEGS)
def test_room_that_was_never_filled_does_not_make_a_half_whole(scene, how, caplog):
    """Zeros can be decoded, in some files to the very last pixel."""
    content = saved(scene, "JPEG", **JPEGS[how])
    half = len(content) // 2
    with pytest.raises(UnreadablePhoto, match="truncated"):
        read_photo(content[:half] + bytes(half))
    read_photo(content + bytes(100))
    assert "but no pixel" in caplog.text or not caplog.messages


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_photograph_that_ends_in_grey_is_whole(mode, caplog):
    grey = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128))
    read_photo(saved(grey, "JPEG", mode))
    assert not caplog.messages


@pytest.mark.parametrize("kept", [0.25, 0.5, 0.75])
def test_what_is_missing_of_a_baseline_jpeg_is_measured(scene, kept):
    """Against the rows of noise, which take nearly equal numbers of bytes."""
    content = saved(scene, "JPEG")
    cut = content[: int(len(content) * kept)]
    assert complete(io.BytesIO(cut)).missing == pytest.approx(1 - kept, abs=0.05)


def test_every_scan_of_a_progressive_jpeg_must_have_begun(scene):
    """Cut where a scan ends, nothing of it is missing, but all that would follow."""
    content = saved(scene, "JPEG", progressive=True)
    starts = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xda"]
    assert len(starts) == 10
    for start in starts[1:]:
        with pytest.raises(UnreadablePhoto, match="truncated"):
            read_photo(content[:start])


def test_the_file_is_named(scene, tmp_path, caplog):
    file = tmp_path / "cut.jpg"
    file.write_bytes(saved(scene, "JPEG")[:-2])
    read_photo(file, max_side=100)
    assert f"{file} is damaged" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
    file.write_bytes(saved(scene, "JPEG")[:9000])
    with pytest.raises(UnreadablePhoto, match=r"cut\.jpg: it is truncated, and \d+%"):
        read_photo(file)


@pytest.mark.parametrize("how", PNGS)
def test_a_png_without_its_last_rows_is_read_and_repeats_the_row_above(scene, how):
    content = saved(scene, "PNG", **PNGS[how])
    cut = content[: -len(content) // 100]
    completed = complete(io.BytesIO(cut))
    lost = round(completed.missing * HEIGHT)
    assert 0 < lost < MOST_MISSING * HEIGHT
    photo, damaged = read_photo(content), read_photo(cut)
    assert np.array_equal(photo[:-lost], damaged[:-lost])
    assert (damaged[-lost:] == damaged[-lost - 1]).all()


@pytest.mark.parametrize("how", PNGS)
def test_a_png_without_a_visible_part_is_refused(scene, how):
    content = saved(scene, "PNG", **PNGS[how])
    for kept in (0.02, 0.5, 0.9):
        with pytest.raises(UnreadablePhoto, match="truncated"):
            read_photo(content[: int(len(content) * kept)])


def test_a_png_without_its_last_chunk_is_whole(scene):
    content = saved(scene, "PNG")
    for cut in (4, 12, 14):
        assert wrong_share(content, content[:-cut]) == 0


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_webp_in_part_is_refused(scene, kept):
    content = saved(scene, "WEBP")
    with pytest.raises(UnreadablePhoto):
        read_photo(content[: int(len(content) * kept)])


def test_other_damage_is_not_taken_for_a_missing_end(scene):
    assert complete(io.BytesIO(b"")) is None
    assert complete(io.BytesIO(b"\xff\xd8\xff")) is None
    assert complete(io.BytesIO(saved(scene, "WEBP"))) is None
    content = bytearray(saved(scene, "PNG"))
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    with pytest.raises(UnreadablePhoto):
        read_photo(bytes(content))
