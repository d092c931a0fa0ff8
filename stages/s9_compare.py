"""Index the shop photographs for both rankers, and compare the rankers.

Reads   photos.lmdb, crops.lmdb, baseline.lmdb, deeprank.lmdb
Writes  gallery.lmdb: row/<number> what can be found; derived/<ranker> its NMSLIB index;
        reports/compare.html, the page, beside reports/compare.json
Command make stage-9
"""

from dataclasses import dataclass
from typing import Annotated, Any

from tiefvision.catalogue.gallery import GalleryRow, write_gallery
from tiefvision.index.hnsw import HnswSettings
from tiefvision.judging.comparison import compare_rankers
from tiefvision.judging.gallery_map import map_gallery
from tiefvision.judging.indexes import with_indexes
from tiefvision.judging.page import write_page
from tiefvision.judging.query_boxes import query_garments
from tiefvision.models.rankers import load_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import COSINE, DEEPRANK
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.records import read_crop

VERSION = 1
READS = ("photos", "crops", "baseline", "deeprank")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    links: Annotated[int, "neighbours of a node of the graph"] = HnswSettings.links
    effort: Annotated[int, "candidates while building"] = HnswSettings.effort
    search_effort: Annotated[int, "candidates while searching"] = (
        HnswSettings.search_effort
    )


def run(config: Config, job: Job) -> dict[str, Any]:
    """Index, judge the index by exact search, and compare on the test split."""
    device, track = job.resources.device, job.resources.track
    records, crops = job.read("photos"), job.read("crops")
    deeprank = job.read("deeprank")
    encoder = require_same_encoder(crops, job.read("baseline"), deeprank)
    models = TrainedModels(job.workspace)
    rankers = {
        name: load_ranker(job.workspace, models, name, job.resources)
        for name in (COSINE, DEEPRANK)
    }
    garments_of = garments_reader(crops, device)
    others = query_garments(records, crops, device)
    comparison = compare_rankers(
        records, crops, rankers, garments_of, job.resources.seed, track, others
    )
    settings = HnswSettings(config.links, config.effort, config.search_effort)
    search = comparison.search
    rows = [
        GalleryRow(view.path, item, read_crop(crops, view.path))
        for view, item in zip(search.gallery, search.gallery_items, strict=True)
    ]
    with job.write() as writer:
        details = write_gallery(
            writer, rows, search.queries, garments_of, rankers, settings, track
        )
        shared = {
            "root": records.header.details["root"],
            "images": records.header.details["images"],
            "grid": crops.header.details["grid"],
            "items": len(set(search.gallery_items)),
        }
        writer.finish(encoder=encoder, details=details | shared)
    comparison = with_indexes(comparison, rankers, garments_of, job.workspace, track)
    page = job.workspace.root / "reports" / "compare.html"
    history = deeprank.record("training/history")
    gallery = map_gallery(comparison, records, rankers, garments_of, track)
    write_page(comparison, records, page, history, gallery, track)
    return {
        "rankers": comparison.to_lines(),
        "indexes": details["indexes"],
        "page": str(page),
    }
