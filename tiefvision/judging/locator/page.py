"""The page of stage 5: the locator's figures, and its worst photographs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tiefvision.errors import UnreadablePhoto
from tiefvision.evaluation.best_score import best_score
from tiefvision.evaluation.confusion import confusion
from tiefvision.evaluation.faults import describe_fault, worst_first
from tiefvision.evaluation.localisation import Located
from tiefvision.files import replace_text
from tiefvision.locating.evidence import Evidence
from tiefvision.locating.verdict import Verdict, of_split, part_of
from tiefvision.locating.windows import Level
from tiefvision.photos.working import open_photo
from tiefvision.progress import Track
from tiefvision.records import Garment
from tiefvision.report.locating_page import LocatedPhoto, photo_card
from tiefvision.report.markup import Markup
from tiefvision.report.verdict_page import VerdictPage, render_verdict
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.job import Job
from tiefvision.workspace.records import photo_path

WORST = 20
"""Number of photographs that the page shows of outfits, and of garments."""


class Explain(Protocol):
    """A function that collects the evidence for garments found in a photograph."""

    def __call__(
        self,
        levels: Sequence[Level],
        garments: Sequence[Garment],
        width: int,
        height: int,
    ) -> Evidence:
        """Like ``explain_levels``, with heads and rules already given."""


def write_stage_page(
    job: Job,
    shown: tuple[Verdict, Callable[[str], Sequence[Level]], Explain],
    page: Path,
) -> None:
    """Write the page of stage 5.

    Args:
        job: the stage, which reads artifacts.
        shown: verdict to show, reader of feature maps, and collector of evidence.
        page: file to write.
    """
    verdict, levels_of, explain = shown
    records = job.read("photos")
    write_verdict(verdict, records, levels_of, explain, page, job.resources.track)


def write_verdict(
    verdict: Verdict,
    records: Artifact,
    levels_of: Callable[[str], Sequence[Level]],
    explain: Explain,
    page: Path,
    track: Track,
) -> None:
    """Write the page; photographs that can no longer be read are left out.

    Args:
        verdict: figures and photographs to show.
        records: the artifact of stage 1, which says where the photographs' files are.
        levels_of: gives the feature maps of a photograph by its path.
        explain: tells why garments were found.
        page: file to write.
        track: shows progress.
    """
    told = of_split(verdict.told, "test")
    parts = {
        "Outfits": worst_first(part_of(told, outfit=True))[:WORST],
        "Garments": worst_first(part_of(told, outfit=False))[:WORST],
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
    held_out = part_of(of_split(verdict.every, "val"), outfit=False)
    believed = best_score(held_out) or threshold
    html = render_verdict(
        VerdictPage(
            f"{len(told)} photographs of the test split, judged by boxes of every "
            "score; false alarms and pictures by boxes of score "
            f"{threshold:.2f} or more; confusions from {believed:.2f} on.",
            verdict.by_category(),
            verdict.means(),
            verdict.windows,
            verdict.reliability(),
            confusion(part_of(of_split(verdict.every, "test"), outfit=False), believed),
            believed,
            worst,
        )
    )
    replace_text(page, html)


def _card(
    located: Located,
    records: Artifact,
    levels_of: Callable[[str], Sequence[Level]],
    explain: Explain,
) -> list[Markup]:
    """The card of a photograph; an empty list if it can no longer be read."""
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
