"""How well located garments are named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tiefvision.boxes import iou
from tiefvision.evaluation.detection import RIGHT_IOU
from tiefvision.evaluation.localisation import Located
from tiefvision.groups import group_of, label_of
from tiefvision.records import Garment

SURE = 0.8
"""Probability from which on a label counts as sure in the figures."""


@dataclass(frozen=True)
class LabelFigures:
    """The labels of the told boxes that are right; None where there are none.

    Attributes:
        boxes: Number of told boxes with an IoU of at least 0.5 with a garment of their
            group whose label is known.
        labelled: Share of them that were given a label.
        right: Share of right labels among those given.
        sure: Number of labels given with a probability of at least ``SURE``.
        sure_right: Share of right ones among these.
    """

    boxes: int
    labelled: float | None
    right: float | None
    sure: int
    sure_right: float | None


def label_figures(told: Sequence[Located]) -> LabelFigures:
    """The figures of the labels of told boxes.

    A label is right if the photograph shows a garment of this name in the group.

    Args:
        told: Photographs with the told boxes.
    """
    given = [
        (garment.label_score or 0.0, garment.label, names)
        for one in told
        for garment in one.found
        for names in [_names_at(garment, one)]
        if names
    ]
    labelled = [(score, label in names) for score, label, names in given if label]
    sure = [right for score, right in labelled if score >= SURE]
    return LabelFigures(
        len(given),
        _share([bool(label) for _, label, _ in given]),
        _share([right for _, right in labelled]),
        len(sure),
        _share(sure),
    )


def by_name(photos: Sequence[Located], groups: Sequence[str]) -> list[Located]:
    """The photographs with names in place of groups, as a detector by name finds them.

    Args:
        photos: Photographs with located garments, told or not.
        groups: Groups that are located.

    Returns:
        The same photographs. An annotated garment keeps its own name and box; a located
        one has its label as category, and the probability of both as score.
    """
    return [
        replace(
            one,
            wanted=tuple(
                Garment(garment.category, garment.box_in_image)
                for garment in one.photo.garments
                if group_of(garment.category, garment.group) in groups
                and label_of(garment.category)
            ),
            found=tuple(
                Garment(
                    garment.label,
                    garment.box_in_image,
                    garment.score * (garment.label_score or 0.0),
                )
                for garment in one.found
                if garment.label
            ),
        )
        for one in photos
    ]


def _names_at(garment: Garment, located: Located) -> set[str]:
    """Names in the group of a located garment, if its box is right; else none."""
    overlaps = [
        float(iou(garment.box_in_image, one.box_in_image))
        for one in located.wanted
        if one.category == garment.category and one.label
    ]
    if not overlaps or max(overlaps) < RIGHT_IOU:
        return set()
    return {
        one.category
        for one in located.photo.garments
        if group_of(one.category, one.group) == garment.category
    }


def _share(right: Sequence[bool]) -> float | None:
    return float(np.mean(right)) if right else None
