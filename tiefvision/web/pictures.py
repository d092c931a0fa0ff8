"""Photographs as small JPEG files, made when asked for and kept for a while."""

import io
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from threading import Lock

from PIL import Image

from tiefvision.boxes import as_box, clip_to_image
from tiefvision.errors import UnreadablePhoto
from tiefvision.photos.reading import photo_size
from tiefvision.photos.resizing import resize_photo
from tiefvision.photos.working import open_photo
from tiefvision.records import Box
from tiefvision.web.shelf import Stamp, content_of, stamp_of

LEAST_HEIGHT, MOST_HEIGHT = 40, 1600
"""Pixels; what is asked for beyond is brought within."""

MOST_BYTES = 64 << 20
"""Bytes of pictures that are kept."""

QUALITY = 85
"""Quality of the JPEG: 30 kB for 320 pixels of height, without visible artefacts."""


class Pictures:
    """Makes pictures of files; those asked for last are kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def of(self, file: Path, height: int, box_in_image: Box | None = None) -> bytes:
        """A photograph, upright, as a JPEG file.

        Args:
            file: file of the photograph.
            height: most pixels of height; a small photograph is not enlarged.
            box_in_image: part to show, in pixels of the photograph after EXIF
                rotation; None for all of it.

        Raises:
            UnreadablePhoto: The file is gone or cannot be read.
        """
        height = min(max(height, LEAST_HEIGHT), MOST_HEIGHT)
        key = (*stamp_of(file), height, box_in_image)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = _draw(file, height, box_in_image)
        with self._lock:
            self._keep(key, made)
        return made

    def size_of(self, file: Path) -> tuple[int, int]:
        """Width and height of a photograph, upright; (0, 0) if it cannot be read."""
        try:
            return _size_of(stamp_of(file))
        except UnreadablePhoto:
            return 0, 0

    def _keep(self, key: object, made: bytes) -> None:
        self._bytes += len(made) - len(self._kept.get(key, b""))
        self._kept[key] = made
        while self._bytes > MOST_BYTES:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old)


@lru_cache(maxsize=10_000)
def _size_of(stamp: Stamp) -> tuple[int, int]:
    return photo_size(Path(stamp[0]))


def _draw(file: Path, height: int, box_in_image: Box | None) -> bytes:
    photo = open_photo(content_of(file))
    pixels = photo.pixels
    if box_in_image is not None:
        clipped = clip_to_image(box_in_image, photo.width, photo.height)
        x0, y0, x1, y1 = map(round, photo.box_in_pixels(as_box(clipped)))
        part = pixels[y0:y1, x0:x1]
        pixels = part if part.size else pixels
    rows, columns = pixels.shape[:2]
    scale = min(1.0, height / rows)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    buffer = io.BytesIO()
    picture = Image.fromarray(resize_photo(pixels, *size))
    picture.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
