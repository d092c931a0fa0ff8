"""Locate the garments of every photograph; that nothing is found is an answer.

Reads   photos.lmdb, features.lmdb, crop_classifier.lmdb, box_regressors.lmdb
Writes  locations.lmdb: found/<path> a list of garments, the surest first;
        reports/localise.html, the test photographs that were located worst
Command make stage-5
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

from tiefvision.evaluation.detection import detection_figures
from tiefvision.evaluation.faults import worst_first
from tiefvision.evaluation.localisation import (
    Located,
    localisation_figures,
    relative_mean_box,
)
from tiefvision.locating.evidence import explain_levels
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.locate import locate
from tiefvision.locating.targets import garments_to_find
from tiefvision.locating.votes import Combination, VotingRules
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.maps import levels_reader
from tiefvision.workspace.networks import read_classifier, read_regressors
from tiefvision.workspace.records import read_photos
from tiefvision.workspace.worst import write_worst

WORST = 20
"""Photographs of the page."""

READS = ("photos", "features", "crop_classifier", "box_regressors")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    threshold: Annotated[float, "least P(garment) of a window"] = VotingRules.threshold
    combination: Annotated[Combination, "votes, or the published mean"] = "votes"
    most: Annotated[int, "garments of a photograph at most"] = VotingRules.most


def run(config: Config, job: Job) -> dict[str, Any]:
    """Locate, then compare with the annotations and with the mean training box."""
    device, track = job.resources.device, job.resources.track
    features = job.read("features")
    heads = job.read("crop_classifier"), job.read("box_regressors")
    encoder = require_same_encoder(features, *heads)
    folded = fold_heads(
        read_classifier(heads[0], device), read_regressors(heads[1], device)
    )
    rules = VotingRules(config.threshold, config.combination, most=config.most)
    photos = read_photos(job.read("photos"))
    levels_of = levels_reader(features, photos)
    encoded = [photo for photo in photos if features.has(f"map/{photo.path}")]

    located = []
    with job.write() as writer:
        for photo in track(encoded, "locating garments", len(encoded)):
            levels = levels_of(photo.path)
            found = locate(levels, photo.width, photo.height, folded, rules)
            wanted = garments_to_find(photo, folded.categories)
            located.append(Located(photo, wanted, found))
            garments = [asdict(garment) for garment in found]
            writer.write(records={f"found/{photo.path}": garments})
        details = {"rules": asdict(rules), "categories": folded.categories}
        writer.finish(encoder=encoder, details=details)

    training = [item for item in located if item.photo.split == "train"]
    mean_box = relative_mean_box(training)
    by_split = {
        split: [item for item in located if item.photo.split == split]
        for split in ("train", "val", "test")
    }
    figures: dict[str, Any] = {
        split: localisation_figures(items, mean_box)
        for split, items in by_split.items()
    }
    figures["test_by_category"] = {
        one.category: {k: v for k, v in asdict(one).items() if k != "category"}
        for one in detection_figures(by_split["test"], rules.threshold)
    }
    page = job.workspace.root / "reports" / "localise.html"
    worst = worst_first(by_split["test"])[:WORST]
    explain = partial(explain_levels, heads=folded, rules=rules)
    write_worst(worst, job.read("photos"), levels_of, explain, page, track)
    return figures | {"page": str(page)}
