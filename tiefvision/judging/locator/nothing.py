"""Trials of a locator on pictures without garments, in which it must find nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tiefvision.augmenting.nothing import KINDS, paint_kind
from tiefvision.errors import UnreadablePhoto
from tiefvision.locating.locator import Locator
from tiefvision.photos.listing import list_photos
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.progress import Track

PAINTED = 20
"""Pictures painted of each kind."""

SEED = 90210
"""Seed of these pictures, far from the small ones that stages and ``tune`` use."""


@dataclass(frozen=True)
class NothingRow:
    """The result on one kind of pictures.

    Attributes:
        name: kind of the pictures, or the folder that holds them.
        pictures: number of pictures.
        false_alarms: share of them in which a garment was told, in [0, 1].
        highest: highest score of a told garment; 0 if none was told.
    """

    name: str
    pictures: int
    false_alarms: float
    highest: float


def run_nothing_trials(
    locator: Locator, folders: Iterable[Path], track: Track
) -> tuple[list[NothingRow], list[str]]:
    """Try a locator on painted pictures, and on the pictures of folders.

    Args:
        locator: locator to try.
        folders: folders of pictures without garments, with everything below them.
        track: shows progress.

    Returns:
        A row for each kind and folder, and messages of pictures that were left out.
    """
    rows = [
        _row(name, locator, _painted(number, name, track))
        for number, name in enumerate(KINDS)
    ]
    skipped: list[str] = []
    rows += [
        _row(str(folder), locator, _stored(folder, track, skipped))
        for folder in folders
    ]
    return rows, skipped


def _painted(number: int, kind: str, track: Track) -> Iterator[WorkingPhoto]:
    for picture in track(range(PAINTED), kind, PAINTED):
        pixels = paint_kind(kind, np.random.default_rng([SEED, number, picture]))
        height, width = pixels.shape[:2]
        yield WorkingPhoto(pixels, width, height)


def _stored(folder: Path, track: Track, skipped: list[str]) -> Iterator[WorkingPhoto]:
    listing = list_photos(folder)
    skipped += listing.left_out
    for path in track(listing.photos, folder.name, len(listing.photos)):
        try:
            yield open_photo(folder / path)
        except UnreadablePhoto as error:
            skipped.append(str(error))


def _row(name: str, locator: Locator, pictures: Iterable[WorkingPhoto]) -> NothingRow:
    told = [locator.find(picture) for picture in pictures]
    wrong = [found[0].score for found in told if found]
    share = len(wrong) / max(1, len(told))
    return NothingRow(name, len(told), share, max(wrong, default=0.0))
