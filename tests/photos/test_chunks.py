"""PNG files with texts and other chunks that Pillow refuses the whole file for."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.chunks import PNG_SIGNATURE, chunk_of, png_chunks
from tiefvision.photos.reading import photo_size, read_photo

NOISE = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)

LARGE = zlib.compress(b"x" * (3 << 20))

ODD = {
    "large text": chunk_of(b"zTXt", b"XML\0\0" + LARGE),
    "large international text": chunk_of(b"iTXt", b"XML\0\1\0\0\0" + LARGE),
    "many texts": chunk_of(b"zTXt", b"a\0\0" + zlib.compress(b"x" * (1 << 20))) * 70,
    "wrong checksum": chunk_of(b"tEXt", b"a\0text")[:-1] + b"?",
    "large profile": chunk_of(b"iCCP", b"p\0\0" + LARGE),
    "unknown way to compress": chunk_of(b"iCCP", b"p\0\7" + LARGE),
    "empty text": chunk_of(b"zTXt", b""),
}


def plain_png(mode="RGB", **options):
    memory = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(memory, "PNG", **options)
    return memory.getvalue()


def with_chunk(content, chunk, before):
    place = content.index(before) - 4
    return content[:place] + chunk + content[place:]


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize("what", ODD)
def test_only_the_chunk_is_refused(what, before):
    content = with_chunk(plain_png(), ODD[what], before)
    assert photo_size(content) == (30, 40)
    assert np.array_equal(read_photo(content), NOISE)


def test_what_the_pixels_need_is_kept():
    """The transparent colour of a palette and the orientation stand in chunks, too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = plain_png("P", transparency=0, exif=exif)
    expected = read_photo(image)
    assert expected.shape == (30, 40, 3)
    for what in ("large text", "wrong checksum"):
        assert np.array_equal(
            read_photo(with_chunk(image, ODD[what], b"IDAT")), expected
        )


def test_a_broken_checksum_of_the_pixels_is_refused():
    """The first bytes of a picture that was changed on the way."""
    content = bytearray(plain_png())
    content[8 + 8 + 3] ^= 1  # the width
    with pytest.raises(UnreadablePhoto, match="broken PNG file"):
        read_photo(bytes(content))


def test_chunks_put_together_are_the_file():
    content = plain_png()
    chunks = list(png_chunks(content))
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    assert PNG_SIGNATURE + b"".join(chunk for _, chunk in chunks) == content
    cut = list(png_chunks(content[:-20]))
    assert [kind for kind, _ in cut] == [b"IHDR", b"IDAT"]
    assert chunks[1][1].startswith(cut[1][1])
