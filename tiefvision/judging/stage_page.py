"""The page of stage 9."""

from collections.abc import Mapping
from pathlib import Path

from tiefvision.judging.comparison import Comparison
from tiefvision.judging.gallery_map import map_gallery
from tiefvision.judging.page import write_page
from tiefvision.ranking.garments import Embed, GarmentsOf
from tiefvision.ranking.registry import DEEPRANK
from tiefvision.workspace.job import Job


def write_stage_page(
    job: Job, shown: tuple[Comparison, Mapping[str, Embed], GarmentsOf], page: Path
) -> None:
    """Write the page of a comparison of the workspace's own dataset.

    Args:
        job: job of the stage, which reads artifacts.
        shown: comparison, rankers by name, and reader of the crops of views.
        page: file to write.
    """
    comparison, rankers, garments_of = shown
    records, track = job.read("photos"), job.resources.track
    history = job.read(DEEPRANK).record("training/history")
    gallery = map_gallery(comparison, records, rankers, garments_of, track)
    write_page(comparison, records, page, history, gallery, track)
