"""What is written for a terminal is read back into the picture."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tiefvision.report.terminal_pictures import (
    KITTY_CHUNK,
    SIXEL_COLOURS,
    as_iterm2,
    as_kitty,
    as_sixel,
)


@pytest.fixture(params=[(37, 20), (1, 1), (300, 6), (5, 13)])
def picture(request) -> Image.Image:
    """Noise in few colours, of several sizes: wide, high, no whole number of bands."""
    width, height = request.param
    drawn = np.random.default_rng(0).integers(0, 4, (height, width, 3)) * 85
    return Image.fromarray(drawn.astype(np.uint8))


def same(content: bytes, picture: Image.Image) -> bool:
    with Image.open(io.BytesIO(content)) as read:
        return read.format == "PNG" and np.array_equal(read, picture)


def test_kitty_reads_the_picture_from_its_chunks():
    noise = np.random.default_rng(1).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    text = as_kitty(picture, 24, 8)
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{data}\x1b\\" for keys, data in parts) == text
    first, *others = parts
    assert first[0] == "a=T,f=100,q=2,c=24,r=8,m=1" and len(others) > 2
    assert [keys for keys, _ in others] == ["m=1"] * (len(others) - 1) + ["m=0"]
    assert all(len(data) == KITTY_CHUNK for _, data in parts[:-1])
    assert same(base64.b64decode("".join(data for _, data in parts)), picture)


def test_a_small_picture_is_one_chunk(picture):
    ((keys, data),) = re.findall(
        r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", as_kitty(picture, 9, 4)
    )
    assert keys.endswith("c=9,r=4,m=0") and same(base64.b64decode(data), picture)


def test_iterm2_reads_the_picture(picture):
    text = as_iterm2(picture, 24, 8)
    keys, data = re.fullmatch(r"\x1b\]1337;File=([^:]*):(.*)\x07", text).groups()
    content = base64.b64decode(data)
    assert keys == f"inline=1;size={len(content)};width=24;height=8"
    assert same(content, picture)


def read_sixel(text: str) -> np.ndarray:
    """(H, W, 3) pixels in per cent, as a terminal draws them; -1 where nothing is."""
    head = re.match(r'\x1bP0;1q"1;1;(\d+);(\d+)', text)
    assert text.endswith("\x1b\\")
    width, height = map(int, head.groups())
    drawn = np.full((height + 6, width, 3), -1)
    colours, colour, x, top = {}, None, 0, 0
    pattern = r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|(\$)|(-)"
    body = text[head.end() : -2]
    tokens = list(re.finditer(pattern, body))
    assert "".join(token.group() for token in tokens) == body
    for token in tokens:
        made, *levels, chosen, count, run, single, back, down = token.groups()
        if made:
            colours[made] = [int(level) for level in levels]
        elif chosen:
            colour = colours[chosen]
        elif back:
            x = 0
        elif down:
            x, top = 0, top + 6
        else:
            for _ in range(int(count or 1)):
                for bit in range(6):
                    if (ord(run or single) - 0x3F) >> bit & 1:
                        assert drawn[top + bit, x, 0] == -1  # no pixel is drawn twice
                        drawn[top + bit, x] = colour
                x += 1
            assert x <= width
    assert (drawn[height:] == -1).all()
    return drawn[:height]


def test_a_terminal_draws_the_sixels(picture):
    few = picture.quantize(SIXEL_COLOURS, dither=Image.Dither.NONE).convert("RGB")
    expected = np.rint(np.asarray(few) / 255 * 100).astype(int)
    np.testing.assert_array_equal(read_sixel(as_sixel(picture)), expected)


def test_few_colours_are_kept_and_many_are_reduced():
    drawn = np.zeros((12, 30, 3), np.uint8)
    drawn[:, 10:20], drawn[6:, 20:] = (255, 0, 0), (0, 255, 255)
    read = read_sixel(as_sixel(Image.fromarray(drawn)))
    np.testing.assert_array_equal(read, np.rint(drawn / 255 * 100))
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    text = as_sixel(Image.fromarray(ramp))
    assert len(re.findall(r"#\d+;2;", text)) <= SIXEL_COLOURS
    assert np.abs(read_sixel(text) - ramp / 2.55).max() < 4


def test_equal_sixels_are_counted():
    text = as_sixel(Image.new("RGB", (500, 6), (255, 255, 255)))
    assert "!500~" in text and len(text) < 60
