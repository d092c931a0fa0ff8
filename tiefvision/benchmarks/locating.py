"""Benchmark of locating a street photograph: all of it, each step, the original heads.

The original heads are those of TiefVision's published sizes (``original_heads``).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from tiefvision.benchmarks.limits import dtype_name, matrix_product
from tiefvision.benchmarks.measured import Measured
from tiefvision.benchmarks.operations import GIGA, count_operations
from tiefvision.benchmarks.original_heads import OriginalHeads
from tiefvision.benchmarks.timing import Repetition, Work, time_in_turns
from tiefvision.encoders.cost import floating_point_operations
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.locator import Locator
from tiefvision.locating.pyramid import encode_levels, level_border, level_size
from tiefvision.locating.votes import combine
from tiefvision.locating.windows import Level
from tiefvision.photos.resizing import resize_photo
from tiefvision.photos.working import WorkingPhoto, open_photo

ROUNDS = Repetition(seconds=15.0, least=3, most=20)
"""Rounds of the steps; 20 unless the machine is very slow."""

SLOW = Repetition(seconds=3.0, least=3, most=5)
"""Rounds of the original heads, which take as long as locating in ten photographs."""

DECODE, RESIZE, ENCODE = "decode", "resize", "encode"
HEADS, VOTES, ALL = "heads", "votes", "all of it"
ORIGINAL, ALL_ORIGINAL = "heads of the original's sizes", "all of it with those"
PRODUCT = "matrix product"


def locating(
    locator: Locator,
    file: Path,
    models: str,
    device: torch.device,
    repetition: Repetition | None = None,
) -> Iterator[Measured]:
    """Measure locating in a photograph.

    Args:
        locator: locator to measure.
        file: photograph.
        models: name of the locator's models for the note of a row.
        device: torch device of the locator.
        repetition: number of rounds; ``ROUNDS`` and ``SLOW`` if None.

    Yields:
        A row for each step, for all steps together, for the original heads, and for all
        steps with the original heads.
    """
    photo = open_photo(file)
    levels = encode_levels(
        locator.encoder, photo.pixels, photo.width, photo.height, locator.pyramid
    )
    dtype = locator.encoder.dtype
    product = matrix_product(dtype, device)
    works = _steps(locator, file, photo, levels)
    original = _original_heads(locator, levels, device)
    timings = time_in_turns({**works, PRODUCT: product}, device, repetition or ROUNDS)
    timings |= time_in_turns({ORIGINAL: original}, device, repetition or SLOW)
    seconds = {name: timing.seconds for name, timing in timings.items()}
    seconds[ALL_ORIGINAL] = seconds[ALL] - seconds[HEADS] + seconds[ORIGINAL]
    operations = {
        ENCODE: _encoding_operations(locator, photo),
        HEADS: count_operations(works[HEADS]),
        ORIGINAL: count_operations(original),
    }
    limit = product.operations / timings[PRODUCT].best
    naive = {HEADS: ORIGINAL, ALL: ALL_ORIGINAL}
    notes = {ALL: models, HEADS: _share_with_votes(locator, levels)}
    for name in (*works, ORIGINAL, ALL_ORIGINAL):
        rate = operations[name] / seconds[name] if name in operations else None
        computes = rate or name in (ALL, ALL_ORIGINAL)
        yield Measured(
            f"locating in {photo.width} x {photo.height} px: {name}",
            dtype_name(dtype) if computes else "",
            seconds[name],
            rate / GIGA if rate else 1 / seconds[name],
            "GFLOP/s" if rate else "photographs/s",
            share=rate / limit if rate else None,
            over_naive=seconds[naive[name]] / seconds[name] if name in naive else None,
            note=notes.get(name, ""),
        )


def _steps(
    locator: Locator, file: Path, photo: WorkingPhoto, levels: Sequence[Level]
) -> dict[str, Work]:
    """The steps by name, each on prepared input, and all of them from the file."""
    encoder, rules = locator.encoder, locator.voting
    sizes = _level_sizes(locator, photo)
    borders = [level_border(*size, locator.pyramid.border) for size in sizes]
    resized = [resize_photo(photo.pixels, *size) for size in sizes]
    predictions = judge_levels(levels, locator.heads, rules)
    return {
        DECODE: lambda: open_photo(file),
        RESIZE: lambda: [resize_photo(photo.pixels, *size) for size in sizes],
        ENCODE: lambda: [
            encoder.encode(pixels, border)
            for pixels, border in zip(resized, borders, strict=True)
        ],
        HEADS: lambda: judge_levels(levels, locator.heads, rules),
        VOTES: lambda: combine(
            predictions, locator.heads.categories, photo.width, photo.height, rules
        ),
        ALL: lambda: locator.find(open_photo(file)),
    }


def _original_heads(
    locator: Locator, levels: Sequence[Level], device: torch.device
) -> Work:
    """The original heads, run over the maps of all levels."""
    architecture, dtype = locator.encoder.architecture, locator.encoder.dtype
    heads = OriginalHeads(architecture.channels, architecture.window).to(device, dtype)
    maps = [level.cells.to(device, dtype).unsqueeze(0) for level in levels]

    @torch.inference_mode()
    def judge() -> None:
        for cells in maps:
            heads(cells)

    return judge


def _level_sizes(locator: Locator, photo: WorkingPhoto) -> list[tuple[int, int]]:
    """Width and height in pixels of the resized photograph of each level."""
    return [
        level_size(photo.width, photo.height, long_side)
        for long_side in locator.pyramid.long_sides
    ]


def _encoding_operations(locator: Locator, photo: WorkingPhoto) -> int:
    """Floating-point operations of encoding a photograph at all levels."""
    total = 0
    for width, height in _level_sizes(locator, photo):
        beside, above = level_border(width, height, locator.pyramid.border)
        total += floating_point_operations(
            locator.encoder, height + 2 * above, width + 2 * beside
        )
    return total


def _share_with_votes(locator: Locator, levels: Sequence[Level]) -> str:
    """A note with the number of windows that have a vote."""
    voters = len(judge_levels(levels, locator.heads, locator.voting).probabilities)
    windows = sum(level.rows * level.columns for level in levels)
    return f"{voters} of {windows} windows have a vote"
