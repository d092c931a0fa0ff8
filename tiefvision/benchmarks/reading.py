"""Photographs a second: decoding, encoding, and both as the second stage does them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from tiefvision.benchmarks.limits import dtype_name
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.timing import Patience, Work, time_in_turns
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
    patience: Patience | None = None,
    pyramid: Pyramid | None = None,
) -> Iterator[Measured]:
    """A row of decoding, of the encoder with all pixels at hand, and of both at once.

    Args:
        encoder: What the photographs go through.
        files: JPEGs of one size.
        device: Where the encoder runs.
        patience: How long all three together are repeated.
        pyramid: The sizes at which each is encoded.
    """
    pyramid = pyramid or Pyramid()

    ready = [_levels(open_photo(file), pyramid) for file in files]

    def encode_ready() -> None:
        for levels in ready:
            for pixels, border in levels:
                encoder.encode(pixels, border)

    def decode_and_encode() -> None:
        for photo in open_photos(files):
            # Drawn on the spot: one that cannot be read would be a fault of ours.
            assert isinstance(photo, WorkingPhoto)
            encode_levels(encoder, photo.pixels, photo.width, photo.height, pyramid)

    works: dict[str, Work] = {
        DECODING: lambda: [open_photo(file) for file in files],
        PURE: encode_ready,
        BOTH: decode_and_encode,
    }
    timings = time_in_turns(works, device, patience)
    photo = open_photo(files[0])
    for name in works:
        seconds = timings[name].seconds
        share = timings[PURE].seconds / seconds if name == BOTH else None
        yield Measured(
            f"{name}, {len(files)} JPEGs of {photo.width} x {photo.height} px",
            "" if name == DECODING else dtype_name(encoder.dtype),
            seconds,
            len(files) / seconds,
            "photographs/s",
            share=share,
            note="" if name == DECODING else _describe(encoder, pyramid),
        )


def _levels(photo: WorkingPhoto, pyramid: Pyramid) -> list[tuple[Photograph, Border]]:
    levels = []
    for long_side in pyramid.long_sides:
        size = level_size(photo.width, photo.height, long_side)
        border = level_border(*size, pyramid.border)
        levels.append((resize_photo(photo.pixels, *size), border))
    return levels


def _describe(encoder: DenseEncoder, pyramid: Pyramid) -> str:
    sides = ", ".join(map(str, pyramid.long_sides))
    return f"{encoder.architecture.name} at {sides} px; the limit is encoding alone"
