"""Colours as they were meant: a photograph's ICC profile is applied.

The numbers of a pixel mean other colours in Display P3, ProPhoto or a printer's inks
than in sRGB, which everything here takes them for.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageCms

MOST_PROFILES = 8
"""Profiles whose transforms are kept: the photographs of a folder share few."""

_INPUT_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Mode of the pixels that a profile describes, by its colour space."""

_SAME = 2
"""Levels of 255 by which sRGB and another profile of it differ: by rounding alone."""

_BRIGHT = 128
"""Least level of white after a transform; that of yellowed newsprint is above 180."""

_STEPS = 9
"""Levels of each channel on which a profile is compared with sRGB."""


def to_srgb(image: Image.Image) -> Image.Image:
    """The image in sRGB, by the ICC profile that it came with.

    Transparency is kept. An image without a profile, with one of sRGB, with a broken
    one or with one for other pixels (of inks, say, in a coloured PNG) is returned as it
    is.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    transform, mode = _transform(profile)
    if transform is None or not _describes(mode, image.mode):
        return image
    if not image.has_transparency_data:
        return transform.apply(_as_mode(image, mode))
    rgba = image.convert("RGBA")
    converted = transform.apply(_as_mode(rgba.convert("RGB"), mode))
    converted.putalpha(rgba.getchannel("A"))
    return converted


def _describes(profile_mode: str, image_mode: str) -> bool:
    """Whether a profile for pixels of one mode tells the colours of an image."""
    grey = image_mode in ("1", "L", "LA", "La")
    if profile_mode == "CMYK" or image_mode == "CMYK":
        return profile_mode == image_mode
    return profile_mode == "RGB" or grey


def _as_mode(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


@lru_cache(maxsize=MOST_PROFILES)
def _transform(profile: bytes) -> "tuple[ImageCms.ImageCmsTransform | None, str]":
    """The transform of a profile to sRGB, and the mode of the pixels it takes.

    The transform is None where the profile is broken, or changes nothing.
    """
    try:
        from PIL import ImageCms  # some builds of Pillow lack it
    except ImportError:
        return None, ""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _INPUT_MODES[source.profile.xcolor_space.strip()]
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        useless = not _keeps_white(transform, mode) or _changes_nothing(transform, mode)
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
        return None, ""
    return (None if useless else transform), mode


def _keeps_white(transform: "ImageCms.ImageCmsTransform", mode: str) -> bool:
    """Whether white, or paper without inks, stays bright: a broken profile can be read.

    Its numbers may be anything, and would make every photograph black.
    """
    nothing = 0 if mode == "CMYK" else 255
    channels = len(Image.new(mode, (1, 1)).getbands())
    white = Image.new(mode, (1, 1), (nothing,) * channels)
    return bool(np.asarray(transform.apply(white)).min() >= _BRIGHT)


def _changes_nothing(transform: "ImageCms.ImageCmsTransform", mode: str) -> bool:
    """Whether a transform leaves colours as they are, as that of sRGB does."""
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, _STEPS).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1)  # (S, S, S, 3)
    patches = Image.fromarray(cube.reshape(_STEPS, -1, 3)).convert(mode)
    before = np.asarray(patches.convert("RGB"), dtype=np.int16)
    after = np.asarray(transform.apply(patches), dtype=np.int16)
    return bool(np.abs(after - before).max() <= _SAME)
