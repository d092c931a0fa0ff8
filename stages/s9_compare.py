"""Index the shop photographs for both rankers, and compare the rankers.

Reads   photos.lmdb, crops.lmdb, baseline.lmdb, deeprank.lmdb
Writes  gallery.lmdb: row/<number> a photograph; derived/<ranker> its NMSLIB index;
        reports/compare.html, the page, beside reports/compare.json
Command make stage-9
"""

from dataclasses import dataclass
from typing import Annotated

from tiefvision.catalogue.choosing import as_listed
from tiefvision.catalogue.gallery import GalleryRow, write_gallery
from tiefvision.index.hnsw import MOST_EFFORT, HnswSettings
from tiefvision.judging.comparison import compare_rankers
from tiefvision.judging.indexes import with_indexes
from tiefvision.judging.matching import with_matching
from tiefvision.judging.query_boxes import query_garments
from tiefvision.judging.summary import first_hits, verdict_in_words
from tiefvision.models.rankers import load_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.ranking.registry import COSINE, DEEPRANK
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Finished, Job, require_same_encoder
from tiefvision.workspace.records import read_crop, read_photos

VERSION = 4
READS = ("photos", "crops", "baseline", "deeprank")
PAGE = "tiefvision.judging.stage_page"
SHOWN = {"verdict": "verdict", "recall@1": "recall@1", "page": "page"}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    links: Annotated[int, "neighbours of a node of the HNSW graph", 2, 1024] = (
        HnswSettings.links
    )
    effort: Annotated[int, "candidates while building", 1, MOST_EFFORT] = (
        HnswSettings.effort
    )
    search_effort: Annotated[int, "candidates while searching", 1, MOST_EFFORT] = (
        HnswSettings.search_effort
    )


def run(config: Config, job: Job) -> Finished:
    """Build and evaluate the indexes, and compare the rankers on the test split."""
    track = job.resources.track
    records, crops = job.read("photos"), job.read("crops")
    deeprank = job.read("deeprank")
    encoder = require_same_encoder(crops, job.read("baseline"), deeprank)
    models = TrainedModels(job.workspace)
    rankers = {
        name: load_ranker(job.workspace, models, name, job.resources)
        for name in (COSINE, DEEPRANK)
    }
    garments_of = garments_reader(crops)
    others = query_garments(records, crops, job.resources.engine)
    comparison = compare_rankers(
        records, crops, rankers, garments_of, job.resources.seed, track, others
    )
    settings = HnswSettings(config.links, config.effort, config.search_effort)
    search = comparison.search
    photos = {photo.path: photo for photo in read_photos(records)}
    rows = [
        GalleryRow(
            view.path,
            item,
            as_listed(read_crop(crops, view.path), photos[view.path]),
            photos[view.path].variant,
        )
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
    comparison = with_matching(comparison, rankers, models, garments_of)
    figures = {
        "verdict": " ".join(verdict_in_words(comparison)),
        "recall@1": first_hits(comparison),
        "rankers": comparison.to_lines(),
        "indexes": details["indexes"],
    }
    return Finished(figures, "compare.html", (comparison, rankers, garments_of))
