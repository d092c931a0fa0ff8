"""Benchmark of stage 2: decoding photographs, encoding them, and both together."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.timing import (
    Repetition,
    Work,
    time_in_turns,
    times_faster,
)
from tiefvision.encoders.dense import Border, DenseEncoder
from tiefvision.locating.pyramid import (
    Pyramid,
    encode_levels,
    level_border,
    level_size,
)
from tiefvision.photos.reading import Photograph
from tiefvision.photos.resizing import resize_photo
from tiefvision.photos.working import WorkingPhoto, open_photo, open_photos

DECODING, PURE, BOTH = "decoding", "encoding alone", "decoding and encoding"


def reading(
    encoder: DenseEncoder,
    files: Sequence[Path],
    device: torch.device,
    repetition: Repetition | None = None,
    pyramid: Pyramid | None = None,
) -> Iterator[Measured]:
    """Measure decoding and encoding of photographs.

    Args:
        encoder: encoder of the photographs.
        files: JPEG files of equal width and height.
        device: torch device whose queue is awaited.
        repetition: number of rounds; the defaults if None.
        pyramid: sizes at which each photograph is encoded; the defaults if None.

    Yields:
        A row for decoding, for encoding decoded photographs, and for both together.
    """
    pyramid = pyramid or Pyramid()
    ready = [levels_of(open_photo(file), pyramid) for file in files]

    def encode_ready() -> None:
        for levels in ready:
            for pixels, border in levels:
                encoder.encode(pixels, border)

    def decode_and_encode() -> None:
        for photo in open_photos(files):
            # The files were written by this program, so all of them can be read.
            assert isinstance(photo, WorkingPhoto)
            encode_levels(encoder, photo.pixels, photo.width, photo.height, pyramid)

    works: dict[str, Work] = {
        DECODING: lambda: [open_photo(file) for file in files],
        PURE: encode_ready,
        BOTH: decode_and_encode,
    }
    timings = time_in_turns(works, device, repetition)
    photo = open_photo(files[0])
    heading = f"stage 2, {len(files)} JPEGs of {photo.width} x {photo.height} px"
    for name in works:
        seconds = timings[name].seconds
        share = times_faster(timings[BOTH], timings[PURE]) if name == BOTH else None
        yield Measured(
            f"{heading}: {name}",
            "" if name == DECODING else encoder.number_format,
            seconds,
            len(files) / seconds,
            "photographs/s",
            share=share,
            note="the limit is encoding alone" if name == BOTH else "",
        )


def levels_of(photo: WorkingPhoto, pyramid: Pyramid) -> list[tuple[Photograph, Border]]:
    """The resized photograph and its border in pixels, for every level."""
    levels = []
    for long_side in pyramid.sides_for(photo.width, photo.height):
        size = level_size(photo.width, photo.height, long_side)
        border = level_border(*size, pyramid.border)
        levels.append((resize_photo(photo.pixels, *size), border))
    return levels
