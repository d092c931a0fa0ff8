"""How a locator fares where its photographs are not: closer, and beside another one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tiefvision.augmenting.scenes import Scene, close_up, side_by_side
from tiefvision.errors import BadUsage, UnreadablePhoto
from tiefvision.evaluation.localisation import Located, overlaps
from tiefvision.locating.locator import Locator
from tiefvision.locating.targets import garments_to_find
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.progress import Track
from tiefvision.records import Garment, Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path, read_photos

Compose = Callable[[Iterator[Scene], np.random.Generator], Iterator[Scene]]


def _closer(times: float) -> Compose:
    return lambda scenes, generator: (
        close_up(scene, times, generator) for scene in scenes
    )


def _in_pairs(
    scenes: Iterator[Scene], generator: np.random.Generator
) -> Iterator[Scene]:
    # One iterator twice: each takes what follows the other's.
    return (
        side_by_side(one, other) for one, other in zip(scenes, scenes, strict=False)
    )


TRIALS: Mapping[str, Compose] = {
    "as they are": lambda scenes, generator: scenes,
    "1.6 times closer": _closer(1.6),
    "2.4 times closer": _closer(2.4),
    "two side by side": _in_pairs,
}
"""How the photographs of a trial are made of those of the dataset."""


@dataclass(frozen=True)
class TrialRow:
    """What became of one kind of photographs.

    Attributes:
        name: Of ``TRIALS``.
        photographs: How many.
        wanted: Garments that are in them.
        found: Share of these that a box overlaps by more than 0.5; of n garments in a
            photograph the n surest boxes count.
        mean_iou: Over the garments; 0 where there is no box.
        told: Boxes told to one garment wanted; 1 is right.
    """

    name: str
    photographs: int
    wanted: int
    found: float
    mean_iou: float
    told: float


def run_trials(
    photos: Artifact, locator: Locator, category: str, track: Track
) -> tuple[list[TrialRow], list[str]]:
    """Try a locator on the test photographs of a workspace and what is made of them.

    Args:
        photos: Of stage 1.
        locator: On trial.
        category: What it has to find.
        track: Shows progress.

    Returns:
        A row for each of ``TRIALS``, and why photographs were left out.

    Raises:
        BadUsage: The locator does not know the category, or no test photograph has it.
    """
    if category not in locator.heads.categories:
        known = ", ".join(locator.heads.categories)
        raise BadUsage(f"The locator does not find {category!r}.", f"Use {known}.")
    tested = [
        photo
        for photo in read_photos(photos)
        if photo.split == "test" and garments_to_find(photo, [category])
    ]
    if not tested:
        raise BadUsage(
            f"No test photograph shows {category!r}.",
            "Give some the split test in annotations.json, or another --category.",
        )
    # By reason: every trial reads them again, so that few are in memory at a time.
    skipped: dict[str, None] = {}
    rows = []
    for name, compose in TRIALS.items():
        each = track(tested, name, len(tested))
        scenes = compose(
            _read_scenes(photos, each, category, skipped), np.random.default_rng(0)
        )
        rows.append(_try(name, scenes, locator, category))
    return rows, list(skipped)


def _read_scenes(
    photos: Artifact, tested: Iterable[Photo], category: str, skipped: dict[str, None]
) -> Iterator[Scene]:
    for photo in tested:
        try:
            opened = open_photo(photo_path(photos, photo.path))
        except UnreadablePhoto as error:
            skipped[str(error)] = None
            continue
        garments = tuple(
            Garment(one.category, opened.box_in_pixels(one.box_in_image))
            for one in garments_to_find(photo, [category])
        )
        image = Image.fromarray(opened.pixels)
        yield Scene(image, Image.new("L", image.size), garments)


def _try(
    name: str, scenes: Iterable[Scene], locator: Locator, category: str
) -> TrialRow:
    located = []
    for number, scene in enumerate(scenes):
        width, height = scene.image.size
        found = locator.find(WorkingPhoto(np.asarray(scene.image), width, height))
        mine = tuple(one for one in found if one.category == category)
        photo = Photo(f"{name} {number}", width, height, "street", "test")
        located.append(Located(photo, scene.garments, mine))
    best = overlaps(located)
    wanted = max(1, len(best))
    return TrialRow(
        name,
        len(located),
        len(best),
        float((best > 0.5).sum()) / wanted,
        float(best.sum()) / wanted,
        sum(len(one.found) for one in located) / wanted,
    )
