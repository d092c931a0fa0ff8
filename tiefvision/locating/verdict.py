"""The verdict on a locator: the figures of stage 5."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from tiefvision.boxes import Boxes
from tiefvision.evaluation.detection import (
    CategoryFigures,
    MeanFigures,
    detection_figures,
    judged_boxes,
    mean_over_categories,
)
from tiefvision.evaluation.labels import by_name, label_figures
from tiefvision.evaluation.localisation import (
    Located,
    localisation_figures,
    relative_mean_boxes,
)
from tiefvision.evaluation.reliability import (
    Bin,
    expected_calibration_error,
    reliability_curve,
)
from tiefvision.groups import OUTFIT
from tiefvision.locating.calibration import fit_calibration
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.targets import LEAST_PHOTOS
from tiefvision.records import Garment, Split

SPLITS: tuple[Split, ...] = ("train", "val", "test")

HELD_OUT: tuple[Split, ...] = ("val", "test")
"""Splits that no weights are learnt from."""


@dataclass(frozen=True)
class Verdict:
    """The boxes found in the photographs of a dataset, with the annotated ones.

    Attributes:
        every: photographs with all boxes found, scores calibrated.
        told: the same photographs with the told boxes only.
        rules: rules that decide which boxes are told.
        windows: recall of single windows, as ``window_recall`` returns it.
        empty: pictures without garments, with the told boxes.
    """

    every: Sequence[Located]
    told: Sequence[Located]
    rules: TellingRules
    windows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    empty: Sequence[Located] = ()

    def figures(self) -> dict[str, Any]:
        """The figures of each split, and of each category of the held-out splits.

        Returns:
            Figures by the name under which the report of stage 5 shows them.
        """
        figures: dict[str, Any] = {
            split: localisation_figures(
                of_split(self.every, split),
                of_split(self.told, split),
                self._mean_boxes,
            )
            for split in SPLITS
        }
        return figures | {
            "test_mean_over_categories": asdict(self.means()),
            "test_labels": asdict(label_figures(of_split(self.told, "test"))),
            "test_mean_over_names": asdict(self.means_by_name()),
            "test_empty": self._empty_figures(),
            "test_window_recall": {k: dict(row) for k, row in self.windows.items()},
            **{
                f"{split}_by_category": {
                    one.category: {
                        k: v for k, v in asdict(one).items() if k != "category"
                    }
                    for one in self.by_category(split)
                }
                for split in HELD_OUT
            },
            "calibration_error": {
                split: expected_calibration_error(curve)
                for split, curve in self.reliability().items()
            },
        }

    def by_category(self, split: Split = "test") -> list[CategoryFigures]:
        """The figures of every category, for a held-out split."""
        return self._by_category[split]

    def means(self, split: Split = "test") -> MeanFigures:
        """The unweighted mean of the categories' figures, for a held-out split.

        The outfit is excluded, unless it is the only category.
        """
        return mean_over_categories(_named(self.by_category(split)), 1)

    def means_by_name(self) -> MeanFigures:
        """The mean of the labels' figures on the test split.

        Labels count that at least ``LEAST_PHOTOS`` training photographs show.
        """
        groups = {one.category for one in self.by_category("test")} - {OUTFIT}
        named = by_name(of_split(self.every, "test"), sorted(groups))
        shown = Counter(
            name
            for one in by_name(of_split(self.every, "train"), sorted(groups))
            for name in {garment.category for garment in one.wanted}
        )
        figures = [
            one
            for one in detection_figures(named, self.rules.least_score)
            if shown[one.category] >= LEAST_PHOTOS
        ]
        return mean_over_categories(figures, 1)

    def _empty_figures(self) -> dict[str, Any]:
        """Pictures without garments, and the share in which something was told."""
        shown = of_split(self.empty, "test")
        wrong = sum(bool(one.found) for one in shown)
        share = wrong / len(shown) if shown else None
        return {"pictures": len(shown), "false_alarms": share}

    def reliability(self) -> dict[str, tuple[Bin, ...]]:
        """The reliability curve of each held-out split."""
        return {
            split: reliability_curve(*judged_boxes(of_split(self.every, split)))
            for split in HELD_OUT
        }

    @cached_property
    def _by_category(self) -> dict[Split, list[CategoryFigures]]:
        """Figures of the held-out splits, cached for figures, means and page."""
        return {split: self._judge(split) for split in HELD_OUT}

    @cached_property
    def _mean_boxes(self) -> dict[str, Boxes]:
        return relative_mean_boxes(of_split(self.every, "train"))

    def _judge(self, split: Split) -> list[CategoryFigures]:
        """The figures of every category; false alarms are counted in told boxes."""
        told = {
            one.category: one.false_alarms
            for one in detection_figures(of_split(self.told, split), 0.0)
        }
        every = detection_figures(of_split(self.every, split), 0.0, self._mean_boxes)
        return [
            # A category that is neither annotated nor told has no false alarms.
            replace(one, false_alarms=told.get(one.category, 0.0))
            for one in every
        ]


def learn_telling(held_out: Sequence[Located], least_score: float) -> TellingRules:
    """Fit the calibrations of garments and of outfits.

    Args:
        held_out: photographs that no weights were trained on, with all boxes found and
            their raw scores.
        least_score: least calibrated score of a told box, for ``TellingRules``.
    """
    return TellingRules(
        fit_calibration(*judged_boxes(part_of(held_out, outfit=False))),
        least_score,
        outfits=fit_calibration(*judged_boxes(part_of(held_out, outfit=True))),
    )


def of_split(photos: Sequence[Located], split: str) -> list[Located]:
    """The photographs of a split."""
    return [located for located in photos if located.photo.split == split]


def _named(figures: Sequence[CategoryFigures]) -> list[CategoryFigures]:
    """Figures of all categories but the outfit; of the outfit if it is the only one."""
    named = [one for one in figures if one.category != OUTFIT]
    return named or list(figures)


def part_of(photos: Sequence[Located], *, outfit: bool) -> list[Located]:
    """The photographs with outfits only, or with all garments but outfits."""

    def keep(garments: Sequence[Garment]) -> tuple[Garment, ...]:
        return tuple(one for one in garments if (one.category == OUTFIT) == outfit)

    return [
        replace(one, wanted=keep(one.wanted), found=keep(one.found)) for one in photos
    ]
