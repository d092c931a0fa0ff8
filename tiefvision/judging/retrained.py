"""A model that was trained again against the one before, where neither has learnt."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.evaluation.clusters import products_of
from tiefvision.evaluation.detection import judged_boxes
from tiefvision.evaluation.intervals import bootstrap_difference
from tiefvision.evaluation.localisation import Located, overlaps
from tiefvision.files import read_file
from tiefvision.jobs.retraining.places import Kind
from tiefvision.jobs.retraining.verdict import ComparedFigure, Verdict, verdict_of
from tiefvision.judging.comparison import compare_rankers
from tiefvision.judging.results import differences
from tiefvision.locating.targets import garments_to_find
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import DEEPRANK
from tiefvision.records import Garment, Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources
from tiefvision.workspace.records import read_photos, record_to_garment

HELD_OUT = {"test": "test photographs", "val": "validation photographs"}
"""Splits that are not trained on. The calibration of scores has seen the second one,
which is taken where the first has no boxes."""

RANKER_FIGURES = {
    "recall@1": "recall@1",
    "recall@5": "recall@5",
    "reciprocal_rank": "reciprocal rank",
}


_Wanted = tuple[Photo, tuple[Garment, ...]]
"""A photograph with the garments that a locator has to find."""


def judge(kind: Kind, old: Workspace, new: Workspace, resources: Resources) -> Verdict:
    """Compare a new model with the old one.

    Args:
        kind: What was trained again.
        old: Workspace of the old model.
        new: Workspace of the new one.
        resources: Seed of the bootstrap, engine, progress.

    Raises:
        MissingArtifact: A stage has not run.
        BadDataset: The test split has nothing to search.
    """
    if kind == "locator":
        return judge_locator(old, new, resources.seed)
    return judge_ranker(old, new, resources)


def judge_locator(old: Workspace, new: Workspace, seed: int = 0) -> Verdict:
    """Compare the told boxes of two locators, with the boxes of the new dataset.

    Both are judged by the same boxes, also where some of the test split were labelled
    again. Means are over photographs, whose differences are resampled by product.
    """
    shared = set(TrainedModels(old).categories) & set(TrainedModels(new).categories)
    with (
        new.open("photos") as records,
        old.open("locations") as before,
        new.open("locations") as after,
    ):
        tested, words = _tested(read_photos(records), shared, (before, after))
        both = [_located(tested, place, shared) for place in (before, after)]
    figures = [
        _compared("mean IoU of the boxes told", _mean_iou, both, seed),
        _compared("garments found with an IoU over 0.5", _over_half, both, seed),
        _compared("wrong boxes a photograph", _wrong_boxes, both, seed),
        *_average_precision(old, new),
    ]
    known = [figure for figure in figures if figure]
    return verdict_of("locator", f"{len(tested)} {words}", known)


def judge_ranker(old: Workspace, new: Workspace, resources: Resources) -> Verdict:
    """Compare two rankers by the searches of the test split, with the same crops."""
    rankers = {
        "old": TrainedModels(old).trained_ranker(DEEPRANK),
        "new": TrainedModels(new).trained_ranker(DEEPRANK),
    }
    with new.open("photos") as photos, new.open("crops") as crops:
        comparison = compare_rankers(
            photos,
            crops,
            rankers,
            garments_reader(crops),
            resources.seed,
            resources.track,
        )
    before, after = comparison.results
    values, earlier = after.values(), before.values()
    ahead = differences(after, before, resources.seed)
    figures = [
        ComparedFigure(
            words,
            float(earlier[name].mean()),
            float(values[name].mean()),
            ahead[name].low,
            ahead[name].high,
        )
        for name, words in RANKER_FIGURES.items()
    ]
    measured_on = f"{len(comparison.search.queries)} searches of the test split"
    return verdict_of("ranker", measured_on, figures)


def _tested(
    photos: Sequence[Photo], categories: set[str], places: Sequence[Artifact]
) -> tuple[list[_Wanted], str]:
    """Held-out photographs of which both locators know, and what they are, in words."""
    tested: list[_Wanted] = []
    for split, words in HELD_OUT.items():
        tested = [
            (photo, garments_to_find(photo, sorted(categories)))
            for photo in photos
            if photo.split == split and all(one.has(_key(photo)) for one in places)
        ]
        if any(wanted for _, wanted in tested):
            return tested, words
    return tested, "held-out photographs"


def _key(photo: Photo) -> str:
    return f"found/{photo.path}"


def _located(
    tested: Sequence[_Wanted],
    locations: Artifact,
    categories: set[str],
) -> list[Located]:
    """The photographs with what a locator told of them, in categories of both."""
    return [
        Located(
            photo,
            wanted,
            tuple(
                garment
                for garment in map(record_to_garment, locations.record(_key(photo)))
                if garment.category in categories
            ),
        )
        for photo, wanted in tested
    ]


def _compared(
    name: str,
    measure: Callable[[Located], float | None],
    both: Sequence[Sequence[Located]],
    seed: int,
) -> ComparedFigure | None:
    """A figure of each photograph, compared; None if no photograph has it."""
    before, after = (_values(measure, photos) for photos in both)
    if not len(after):
        return None
    counted = [one.photo for one in both[-1] if measure(one) is not None]
    interval = bootstrap_difference(after, before, seed, products_of(counted))
    return ComparedFigure(
        name,
        float(before.mean()),
        float(after.mean()),
        interval.low,
        interval.high,
        less_is_better=measure is _wrong_boxes,
    )


def _values(
    measure: Callable[[Located], float | None], photos: Sequence[Located]
) -> NDArray[np.float64]:
    """(P,) figure of each photograph that has one: by its annotations, so that both
    locators are measured on the same."""
    values = (measure(located) for located in photos)
    return np.array([value for value in values if value is not None])


def _mean_iou(located: Located) -> float | None:
    return float(overlaps([located]).mean()) if located.wanted else None


def _over_half(located: Located) -> float | None:
    return float((overlaps([located]) > 0.5).mean()) if located.wanted else None


def _wrong_boxes(located: Located) -> float | None:
    _, right = judged_boxes([located])
    return float((~right).sum())


def _average_precision(old: Workspace, new: Workspace) -> list[ComparedFigure]:
    """AP50 of stage 5's reports; none if test photographs were labelled again."""
    if _tested_boxes(old) != _tested_boxes(new):
        return []
    before, after = (_reported(place) for place in (old, new))
    if before is None or after is None:
        return []
    return [ComparedFigure("AP50 over groups, boxes of every score", before, after)]


def _tested_boxes(place: Workspace) -> list[Photo]:
    with place.open("photos") as photos:
        return [photo for photo in read_photos(photos) if photo.split == "test"]


def _reported(place: Workspace) -> float | None:
    try:
        report: Any = json.loads(read_file(place.report_path("localise")))
        value = report["figures"]["test_mean_over_categories"]["ap50"]
        return None if value is None else float(value)
    except (OSError, ValueError, KeyError, TypeError):  # of another release, or gone
        return None
