"""Benchmark of locating the garments of a street photograph: all of it, each step."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tiefvision.benchmarks.limits import Limits
from tiefvision.benchmarks.measured import GIGA, Measured, time_goal
from tiefvision.benchmarks.reading import levels_of
from tiefvision.benchmarks.timing import (
    Repetition,
    Timings,
    Work,
    time_in_turns,
    times_faster,
)
from tiefvision.locating.locate import judge_levels
from tiefvision.locating.locator import Locator
from tiefvision.locating.pyramid import encode_levels
from tiefvision.locating.votes import combine
from tiefvision.locating.windows import Level
from tiefvision.photos.working import WorkingPhoto, open_photo

ROUNDS = Repetition(seconds=8.0, least=3, most=12)
"""Rounds of the steps; 12 unless the machine is slow."""

DECODE, RESIZE, ENCODE = "decode", "resize", "encode"
HEADS, VOTES, ALL = "heads", "votes", "all of it"
PRODUCT = "matrix product"

MOST_SECONDS = 0.06
"""Goal of all steps together."""


def locating(
    locator: Locator,
    file: Path,
    models: str,
    limits: Limits,
    repetition: Repetition | None = None,
) -> Iterator[Measured]:
    """Measure locating in a photograph.

    Args:
        locator: locator to measure.
        file: photograph.
        models: name of the locator's models for the note of a row.
        limits: limits of the device of the locator.
        repetition: number of rounds; ``ROUNDS`` if None.

    Yields:
        A row for each step, and for all steps together.
    """
    photo = open_photo(file)
    levels = encode_levels(
        locator.encoder, photo.pixels, photo.width, photo.height, locator.pyramid
    )
    product = limits.product(locator.encoder.number_format)
    works = _steps(locator, file, photo, levels)
    timings = time_in_turns(
        {**works, PRODUCT: product}, limits.device, repetition or ROUNDS
    )
    heading = f"locating in {photo.width} x {photo.height} px"
    notes = {ALL: models, HEADS: _share_with_votes(locator, levels)}
    for name in works:
        seconds = timings[name].seconds
        operations = _encoding_operations(locator, photo) if name == ENCODE else None
        yield Measured(
            f"{heading}: {name}",
            locator.encoder.number_format if name == ENCODE else "",
            seconds,
            operations / seconds / GIGA if operations else None,
            "GFLOP/s" if operations else "",
            share=(
                operations / product.operations * _faster(timings, name)
                if operations
                else None
            ),
            goal=time_goal(seconds, MOST_SECONDS) if name == ALL else None,
            note=notes.get(name, ""),
        )


def _faster(timings: dict[str, Timings], name: str) -> float:
    return times_faster(timings[name], timings[PRODUCT])


def _steps(
    locator: Locator, file: Path, photo: WorkingPhoto, levels: Sequence[Level]
) -> dict[str, Work]:
    """The steps by name, each on prepared input, and all of them from the file."""
    rules = locator.voting
    resized = levels_of(photo, locator.pyramid)
    predictions = judge_levels(levels, locator.heads, rules)
    return {
        DECODE: lambda: open_photo(file),
        RESIZE: lambda: levels_of(photo, locator.pyramid),
        ENCODE: lambda: [
            locator.encoder.encode(pixels, border) for pixels, border in resized
        ],
        HEADS: lambda: judge_levels(levels, locator.heads, rules),
        VOTES: lambda: combine(
            predictions, locator.heads.categories, photo.width, photo.height, rules
        ),
        ALL: lambda: locator.find(open_photo(file)),
    }


def _encoding_operations(locator: Locator, photo: WorkingPhoto) -> int:
    """Floating-point operations of encoding a photograph at all levels."""
    total = 0
    for pixels, (beside, above) in levels_of(photo, locator.pyramid):
        height, width, _ = pixels.shape
        shape = 3, height + 2 * above, width + 2 * beside
        total += locator.encoder.architecture.count_operations(shape)
    return total


def _share_with_votes(locator: Locator, levels: Sequence[Level]) -> str:
    """A note with the number of windows that have a vote."""
    voters = len(judge_levels(levels, locator.heads, locator.voting).probabilities)
    windows = sum(level.rows * level.columns for level in levels)
    return f"{voters} of {windows} windows have a vote"
