"""The page of the photographs that were located worst, each with why."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tiefvision.datasets.files import replace_file
from tiefvision.errors import UnreadablePhoto
from tiefvision.evaluation.faults import describe_fault
from tiefvision.evaluation.localisation import Located
from tiefvision.locating.evidence import Evidence
from tiefvision.locating.windows import Level
from tiefvision.photos.working import open_photo
from tiefvision.progress import Track
from tiefvision.records import Garment
from tiefvision.report.locating_page import LocatedPhoto, photo_card, render_located
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.records import photo_path


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


def write_worst(
    worst: Sequence[Located],
    records: Artifact,
    levels_of: Callable[[str], Sequence[Level]],
    explain: Explain,
    page: Path,
    track: Track,
) -> None:
    """Write the page; a photograph that is gone by now is left out.

    Args:
        worst: What is shown, in this order.
        records: Where the files of the photographs stand.
        levels_of: Gives the maps of a photograph by its path.
        explain: Tells why.
        page: The file.
        track: Shows progress.
    """
    cards = []
    for located in track(worst, "drawing the worst", len(worst)):
        photo = located.photo
        try:
            opened = open_photo(photo_path(records, photo.path))
        except UnreadablePhoto:
            continue
        evidence = explain(
            levels_of(photo.path), located.found, photo.width, photo.height
        )
        remark = describe_fault(located)
        cards.append(
            photo_card(
                LocatedPhoto(
                    photo.path,
                    opened,
                    located.found,
                    evidence,
                    located.wanted,
                    remark,
                )
            )
        )
    title = "The test photographs that were located worst"
    replace_file(page, render_located(cards, len(cards), title).encode("utf-8"))
