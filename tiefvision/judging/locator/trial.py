"""Trials of a locator on altered photographs: enlarged, or two side by side."""

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
"""Function that makes the photographs of a trial from those of the dataset."""


def _closer(times: float) -> Compose:
    return lambda scenes, generator: (
        close_up(scene, times, generator) for scene in scenes
    )


def _in_pairs(
    scenes: Iterator[Scene], generator: np.random.Generator
) -> Iterator[Scene]:
    # zip() of one iterator with itself pairs consecutive photographs.
    return (
        side_by_side(one, other) for one, other in zip(scenes, scenes, strict=False)
    )


TRIALS: Mapping[str, Compose] = {
    "as they are": lambda scenes, generator: scenes,
    "1.6 times closer": _closer(1.6),
    "2.4 times closer": _closer(2.4),
    "two side by side": _in_pairs,
}
"""The trials by name."""


@dataclass(frozen=True)
class TrialRow:
    """The result of one trial.

    Attributes:
        name: name of the trial, a key of ``TRIALS``.
        photographs: number of photographs.
        wanted: number of annotated garments in them.
        found: recall: share of the annotated garments that a box overlaps by an IoU
            above 0.5, in [0, 1]. For n garments in a photograph, the n boxes of the
            highest score count.
        mean_iou: mean IoU of the annotated garments with these boxes, 0 for a garment
            without a box.
        told: number of boxes told per annotated garment; 1 is ideal.
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
    """Run all trials of a locator on the test photographs of a workspace.

    Args:
        photos: artifact of stage 1.
        locator: locator to test.
        category: category to find.
        track: shows progress.

    Returns:
        A row for each of ``TRIALS``, and the messages of photographs that could not be
        read.

    Raises:
        BadUsage: The locator does not know the category, or no test photograph shows
            it.
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
    # A dictionary, since every trial reads the photographs again (so that few are in
    # memory at a time) and would report the same ones.
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
