"""What a locator is worth: the figures of stage 5 and its page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from tiefvision.boxes import Boxes
from tiefvision.errors import UnreadablePhoto
from tiefvision.evaluation.confusion import confusion
from tiefvision.evaluation.detection import (
    CategoryFigures,
    MeanFigures,
    detection_figures,
    judged_boxes,
    mean_over_categories,
)
from tiefvision.evaluation.faults import describe_fault, worst_first
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
from tiefvision.files import replace_file
from tiefvision.locating.calibration import fit_calibration
from tiefvision.locating.evidence import Evidence
from tiefvision.locating.findings import TellingRules
from tiefvision.locating.targets import OUTFIT
from tiefvision.locating.windows import Level
from tiefvision.photos.working import open_photo
from tiefvision.progress import Track
from tiefvision.records import Garment, Split
from tiefvision.report.locating_page import LocatedPhoto, photo_card
from tiefvision.report.markup import Markup
from tiefvision.report.verdict_page import VerdictPage, render_verdict
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path

WORST = 20
"""Number of photographs that the page shows of outfits, and of garments."""

SPLITS: tuple[Split, ...] = ("train", "val", "test")

HELD_OUT: tuple[Split, ...] = ("val", "test")
"""Splits that no weights are learnt from."""


class Explain(Protocol):
    """Tells why garments were found in the maps of a photograph."""

    def __call__(
        self,
        levels: Sequence[Level],
        garments: Sequence[Garment],
        width: int,
        height: int,
    ) -> Evidence:
        """As ``explain_levels``, with heads and rules."""


@dataclass(frozen=True)
class Verdict:
    """What was found in the photographs of a dataset, beside what is there.

    Attributes:
        every: Photographs with all boxes and calibrated scores.
        told: The same with those that are told.
        rules: By which they are.
        windows: Recall by single windows, as ``window_recall`` gives it.
    """

    every: Sequence[Located]
    told: Sequence[Located]
    rules: TellingRules
    windows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """Of each split, and of each category of those held out."""
        figures: dict[str, Any] = {
            split: localisation_figures(
                _of(self.every, split), _of(self.told, split), self._mean_boxes
            )
            for split in SPLITS
        }
        return figures | {
            "test_mean_over_categories": asdict(self.means()),
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
        """The figures of every category of a split held out."""
        return self._by_category[split]

    def means(self, split: Split = "test") -> MeanFigures:
        """Of the figures of a split, each category alike; the outfit is none."""
        return mean_over_categories(_named(self.by_category(split)), 1)

    def reliability(self) -> dict[str, tuple[Bin, ...]]:
        """The curves of the splits that no weights were learnt from."""
        return {
            split: reliability_curve(*judged_boxes(_of(self.every, split)))
            for split in HELD_OUT
        }

    @cached_property
    def _by_category(self) -> dict[Split, list[CategoryFigures]]:
        """Of the splits held out; figures, means and page all ask for them."""
        return {split: self._judge(split) for split in HELD_OUT}

    @cached_property
    def _mean_boxes(self) -> dict[str, Boxes]:
        return relative_mean_boxes(_of(self.every, "train"))

    def _judge(self, split: Split) -> list[CategoryFigures]:
        """The figures of every category, false alarms of what is told."""
        told = {
            one.category: one.false_alarms
            for one in detection_figures(_of(self.told, split), 0.0)
        }
        every = detection_figures(_of(self.every, split), 0.0, self._mean_boxes)
        return [
            # A category that is neither wanted nor told anywhere raises no alarm.
            replace(one, false_alarms=told.get(one.category, 0.0))
            for one in every
        ]


def write_verdict(
    verdict: Verdict,
    records: Artifact,
    levels_of: Callable[[str], Sequence[Level]],
    explain: Explain,
    page: Path,
    track: Track,
) -> None:
    """Write the page; a photograph that is gone by now is left out of the worst.

    Args:
        verdict: figures and photographs to show.
        records: the artifact of stage 1, which says where the photographs' files are.
        levels_of: gives the feature maps of a photograph by its path.
        explain: tells why garments were found.
        page: file to write.
        track: shows progress.
    """
    told = _of(verdict.told, "test")
    parts = {
        "Outfits": worst_first(_part(told, outfit=True))[:WORST],
        "Garments": worst_first(_part(told, outfit=False))[:WORST],
    }
    worst = {
        heading: [
            card
            for located in track(photos, f"drawing {heading.lower()}", len(photos))
            for card in _card(located, records, levels_of, explain)
        ]
        for heading, photos in parts.items()
        if photos
    }
    threshold = verdict.rules.least_score
    html = render_verdict(
        VerdictPage(
            f"{len(told)} photographs of the test split, judged by boxes of every "
            "score; false alarms, confusions and pictures by boxes of score "
            f"{threshold:.2f} or more.",
            verdict.by_category(),
            verdict.means(),
            verdict.windows,
            verdict.reliability(),
            confusion(_part(told, outfit=False), threshold),
            threshold,
            worst,
        )
    )
    replace_file(page, html.encode("utf-8"))


def learn_telling(held_out: Sequence[Located], least_score: float) -> TellingRules:
    """What the scores of photographs say that no weights were learnt from.

    Args:
        held_out: With all boxes and the scores of the votes.
        least_score: As ``TellingRules`` has it.
    """
    return TellingRules(
        fit_calibration(*judged_boxes(_part(held_out, outfit=False))),
        least_score,
        outfits=fit_calibration(*judged_boxes(_part(held_out, outfit=True))),
    )


def _of(photos: Sequence[Located], split: str) -> list[Located]:
    return [located for located in photos if located.photo.split == split]


def _named(figures: Sequence[CategoryFigures]) -> list[CategoryFigures]:
    """Categories of garments; of the outfit, where there is nothing else."""
    named = [one for one in figures if one.category != OUTFIT]
    return named or list(figures)


def _part(photos: Sequence[Located], *, outfit: bool) -> list[Located]:
    """Photographs with their outfits alone, or with all but these."""

    def keep(garments: Sequence[Garment]) -> tuple[Garment, ...]:
        return tuple(one for one in garments if (one.category == OUTFIT) == outfit)

    return [
        replace(one, wanted=keep(one.wanted), found=keep(one.found)) for one in photos
    ]


def _card(
    located: Located,
    records: Artifact,
    levels_of: Callable[[str], Sequence[Level]],
    explain: Explain,
) -> list[Markup]:
    """The card of a photograph; none if it cannot be read any more."""
    photo = located.photo
    try:
        opened = open_photo(photo_path(records, photo.path))
    except UnreadablePhoto:
        return []
    evidence = explain(levels_of(photo.path), located.found, photo.width, photo.height)
    remark = describe_fault(located)
    shown = LocatedPhoto(
        photo.path, opened, located.found, evidence, located.wanted, remark
    )
    return [photo_card(shown)]
