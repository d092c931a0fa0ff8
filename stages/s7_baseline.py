"""Evaluate the baseline: retrieval by the cosine of feature maps, nothing learnt.

Reads   photos.lmdb, crops.lmdb
Writes  baseline.lmdb: ranks/<split> int64 (Q,), the rank of each query's item, 0 for a
        miss
Command make stage-7
"""

from dataclasses import asdict, dataclass
from typing import Any

from tiefvision.evaluation.searches import search_of_split, with_every_alteration
from tiefvision.judging.comparison import require_choice
from tiefvision.judging.protocol import missed_queries
from tiefvision.judging.results import run_search
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.matching import learn_matching
from tiefvision.ranking.registry import COSINE
from tiefvision.records import Split
from tiefvision.workspace.garments import (
    alterations_of,
    garments_reader,
    view_counts,
)
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.records import read_photos

VERSION = 5
READS = ("photos", "crops")
SHOWN = {
    "val.recall@1": "recall@1 (val)",
    "val.reciprocal_rank": "reciprocal rank (val)",
    "test.recall@1": "recall@1 (test)",
    "test.recall@5": "recall@5 (test)",
    "test.recall@20": "recall@20 (test)",
    "test.reciprocal_rank": "reciprocal rank (test)",
}
SPLITS: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True)
class Config:
    """The stage has no settings."""


def run(config: Config, job: Job) -> dict[str, Any]:
    """Search with the queries of the validation and of the test split."""
    track = job.resources.track
    crops = job.read("crops")
    encoder = require_same_encoder(crops)
    garments_of = garments_reader(crops)
    photos = read_photos(job.read("photos"))
    available = paths_with_maps(crops, photos)
    report: dict[str, Any] = {}
    match: dict[str, float] | None = None
    with job.write() as writer:
        for split in SPLITS:
            search = search_of_split(photos, split, available, *view_counts(crops))
            if not search.queries:
                report[split] = {"queries": 0}
                continue
            require_choice(search, split)
            (found,) = run_search(search, {COSINE: embed_cells}, garments_of, track)
            result = found.with_misses(missed_queries(search, crops))
            figures = result.figures(job.resources.seed)
            report[split] = {"protocol": search.description} | {
                name: figure.to_dict() for name, figure in figures.items()
            }
            writer.write(tensors={f"ranks/{split}": {"ranks": result.ranks}})
            if split == "val":
                asking = with_every_alteration(search, alterations_of(crops))
                learnt = learn_matching(asking, garments_of, embed_cells)
                match = asdict(learnt) if learnt else None
        writer.finish(encoder=encoder, details=report | {"match": match})
    return report
