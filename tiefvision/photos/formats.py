"""What kind of picture a file holds: told by its first bytes, then by its name.

JPEG, PNG and WebP are read. HEIC, as phones store it, is read where pillow-heif is
installed. Other pictures are named, so that a person learns what was left out and why.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import PurePath

SIGNATURE_BYTES = 12
"""Bytes at the start of a file that tell the formats apart."""

JPEG, PNG, WEBP, HEIC = "JPEG", "PNG", "WebP", "HEIC"

ALWAYS_READ = (JPEG, PNG, WEBP)
"""Formats that Pillow reads by itself wherever it is installed."""

WANTED = "JPEG, PNG or WebP"
"""The same formats in messages."""

HEIF_PACKAGE = "pillow-heif"
"""Package that reads HEIC, the extra "heif" of this project."""

SUFFIXES = {
    JPEG: (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif", ".pjpeg", ".pjp"),
    PNG: (".png",),
    WEBP: (".webp",),
    HEIC: (".heic", ".heics", ".heif", ".heifs", ".hif"),
    "AVIF": (".avif", ".avifs"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "JPEG XL": (".jxl",),
    "JPEG 2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "Photoshop": (".psd", ".psb"),
    "raw": (
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf"),
        *(".raf", ".orf", ".rw2", ".pef", ".srw", ".3fr", ".iiq", ".x3f", ".raw"),
    ),
    "other": (
        *(".apng", ".ico", ".svg", ".tga", ".pcx", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".qoi", ".exr", ".hdr", ".xcf", ".jxr", ".wdp"),
    ),
}
"""Suffixes of the names of pictures, in lower case, by format."""

_FORMAT_OF_SUFFIX = {end: name for name, ends in SUFFIXES.items() for end in ends}

_STARTS = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"8BPS": "Photoshop",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
}
"""First bytes of a file by format; those of two bytes alone would match texts, too."""

_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"), HEIC),
    **dict.fromkeys((b"hevc", b"hevx", b"hevm", b"hevs"), HEIC),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
}
"""Format by the brand of an ISO media file, its bytes 8 to 11."""


def format_of(start: bytes) -> str:
    """The format of a picture by its first bytes; "" where they tell nothing.

    Args:
        start: The first `SIGNATURE_BYTES` of the file, or all of a shorter one.
    """
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return WEBP
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "")
    return next((name for head, name in _STARTS.items() if start.startswith(head)), "")


def suffix_of(content: bytes) -> str:
    """The usual suffix of a picture's name, by its first bytes; ".jpg" if unknown."""
    return SUFFIXES[format_of(content) or JPEG][0]


def format_of_name(name: str) -> str:
    """The format that the suffix of a file name promises; "" for no picture."""
    return _FORMAT_OF_SUFFIX.get(PurePath(name).suffix.lower(), "")


def is_read(name: str) -> bool:
    """Whether photographs of a format can be read here."""
    return name in ALWAYS_READ or (name == HEIC and reads_heic())


@cache
def reads_heic() -> bool:
    """Whether pillow-heif is installed."""
    return find_spec("pillow_heif") is not None


def advice_on(name: str) -> str:
    """What makes pictures of another format usable, as a command or sentence."""
    if name == HEIC and not reads_heic():
        return f"Run: pip install {HEIF_PACKAGE}"
    return f"Save as {WANTED}."


def refusal_of(start: bytes) -> str:
    """Why a file with these first bytes is not read, without a full stop."""
    if not start:
        return "it is empty"
    found = format_of(start)
    if not found:
        return f"it is not a {WANTED} image"
    advice = advice_on(found).rstrip(".")
    return f"it is not a {WANTED} image but {found}. {advice}"
