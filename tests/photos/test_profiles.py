"""Photographs with an ICC profile: the colours are those that were meant."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.photos import icc
from tiefvision.photos.profiles import to_srgb
from tiefvision.photos.reading import read_photo
from tiefvision.photos.sources import open_source

COLOURS = np.array(
    [(200, 30, 30), (30, 160, 60), (40, 60, 190), (128, 128, 128), (230, 200, 170)]
)

WIDE = {
    "display-p3": (icc.P3_PRIMARIES, icc.srgb_curve),
    "prophoto": (icc.PROPHOTO_PRIMARIES, icc.prophoto_curve),
}


def patches(colours=COLOURS) -> np.ndarray:
    """(32, 32 N, 3): squares of the colours beside each other."""
    row = np.repeat(np.asarray(colours, dtype=np.uint8)[None], 32, axis=1)
    return np.repeat(row, 32, axis=0)


def centres(photo: np.ndarray, count: int = len(COLOURS)) -> np.ndarray:
    return photo[16, 16 :: photo.shape[1] // count].astype(int)


def stored_in(colours, primaries, curve) -> np.ndarray:
    """Numbers that mean the colours, (N, 3) of sRGB, with other primaries and curve."""
    light = icc.srgb_curve(colours / 255) @ np.array(icc.SRGB_PRIMARIES)
    wanted = np.clip(light @ np.linalg.inv(np.array(primaries)), 0, 1)
    levels = np.linspace(0, 1, 4096)
    return np.round(np.interp(wanted, curve(levels), levels) * 255).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    memory = io.BytesIO()
    image.save(memory, kind, **options)
    return memory.getvalue()


LOSSLESS = {"PNG": {}, "JPEG": {"quality": 100}, "WEBP": {"lossless": True}}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("space", WIDE)
def test_wide_colours_become_those_of_srgb(space, kind):
    primaries, curve = WIDE[space]
    numbers = stored_in(COLOURS, primaries, curve)
    assert np.abs(numbers.astype(int) - COLOURS).max() > 15
    content = saved(
        Image.fromarray(patches(numbers)),
        kind,
        icc_profile=icc.rgb_profile(primaries, curve),
        **LOSSLESS[kind],
    )
    assert np.abs(centres(read_photo(content)) - COLOURS).max() <= 4
    with Image.open(io.BytesIO(content)) as image:
        assert np.abs(centres(open_source(image).pixels) - COLOURS).max() <= 4


def test_a_profile_of_srgb_changes_no_pixel():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    written = icc.rgb_profile(icc.SRGB_PRIMARIES, icc.srgb_curve)
    for profile in (
        written,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    ):
        content = saved(Image.fromarray(noise), "PNG", icc_profile=profile)
        assert np.array_equal(read_photo(content), noise)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_with_a_profile_of_grey_or_of_colours(mode):
    """A level of 128 with a curve of 1.8 is brighter than in sRGB: 145."""
    level = 255 if mode == "1" else 128
    image = Image.new("L", (32, 32), level).convert(mode)
    for profile in (
        icc.grey_profile(icc.prophoto_curve),
        icc.rgb_profile(icc.PROPHOTO_PRIMARIES, icc.prophoto_curve),
    ):
        photo = read_photo(saved(image, "PNG", icc_profile=profile))
        light = (level / 255) ** 1.8
        expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
        assert np.abs(photo.astype(float) - expected).max() <= 2


def test_transparent_parts_stay_white():
    primaries, curve = WIDE["prophoto"]
    numbers = stored_in(COLOURS, primaries, curve)
    rgba = Image.fromarray(patches(numbers)).convert("RGBA")
    rgba.paste((0, 0, 0, 0), (0, 0, 160, 8))
    profile = icc.rgb_profile(primaries, curve)
    photo = read_photo(saved(rgba, "PNG", icc_profile=profile))
    assert (photo[:8] == 255).all()
    assert np.abs(centres(photo) - COLOURS).max() <= 4
    palette = Image.fromarray(patches(numbers)).quantize(8)
    photo = read_photo(saved(palette, "PNG", icc_profile=profile, transparency=255))
    assert np.abs(centres(photo) - COLOURS).max() <= 6


LAB = {
    (1, 0, 0, 0): (55, -37, -50),
    (0, 1, 0, 0): (48, 74, -3),
    (0, 0, 1, 0): (89, -5, 93),
}
"""Of printed cyan, magenta and yellow, about as on coated paper."""


def lab_of_inks(*inks):
    if inks[3]:
        return 0, 0, 0
    return LAB.get(inks, (100, 0, 0) if not any(inks) else (25, 0, 0))


def test_inks_have_the_colours_of_their_profile():
    inks = Image.new("CMYK", (128, 32))
    for place, colour in enumerate([(0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 0, 0)]):
        inks.paste(colour, (32 * place, 0, 32 * place + 32, 32))
    inks.paste((0, 0, 0, 255), (96, 0, 128, 32))
    profile = icc.ink_profile(lab_of_inks)
    photo = read_photo(saved(inks, "JPEG", quality=100, icc_profile=profile))
    white, cyan, magenta, black = centres(photo, 4)
    assert white.min() > 250 and black.max() < 8
    # Lab (55, -37, -50) lies a little outside sRGB, Lab (48, 74, -3) just inside.
    assert np.abs(cyan - (0, 147, 220)).max() < 20
    assert np.abs(magenta - (205, 0, 118)).max() < 20


def test_the_colours_of_inks_without_a_profile_are_guessed_as_before():
    inks = Image.new("RGB", (32, 32), (200, 30, 30)).convert("CMYK")
    photo = read_photo(saved(inks, "JPEG", quality=95))
    assert np.abs(photo.mean(axis=(0, 1)) - [200, 30, 30]).max() < 6


@pytest.mark.parametrize(
    ("kind", "mode", "profile"),
    [
        ("JPEG", "RGB", b"\0garbage" * 40),
        ("JPEG", "RGB", b"x"),
        ("PNG", "RGB", icc.rgb_profile(icc.P3_PRIMARIES, icc.srgb_curve)[:300]),
        ("WEBP", "RGB", b"\0" * 128),
        ("JPEG", "RGB", icc.rgb_profile([(0.0, 0.0, 0.0)] * 3, icc.srgb_curve)),
        ("JPEG", "RGB", icc.rgb_profile(icc.P3_PRIMARIES, np.zeros_like)),
        ("JPEG", "L", icc.grey_profile(np.zeros_like)),
        ("JPEG", "CMYK", icc.ink_profile(lambda *inks: (0, 0, 0))),
        ("JPEG", "RGB", icc.ink_profile(lab_of_inks)),
        ("JPEG", "RGB", icc.grey_profile(icc.prophoto_curve)),
        ("JPEG", "L", icc.ink_profile(lab_of_inks)),
        ("JPEG", "CMYK", icc.rgb_profile(icc.P3_PRIMARIES, icc.srgb_curve)),
    ],
)
def test_a_broken_profile_or_one_of_other_pixels_is_ignored(kind, mode, profile):
    image = Image.fromarray(patches()).convert(mode)
    with_it = saved(image, kind, icc_profile=profile)
    assert np.array_equal(read_photo(with_it), read_photo(saved(image, kind)))


def test_an_image_without_a_profile_is_the_same_object():
    image = Image.new("RGB", (20, 20))
    assert to_srgb(image) is image
