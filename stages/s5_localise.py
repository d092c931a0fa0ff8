"""Locate the garments of every photograph; a photograph may have none.

Reads   photos.lmdb, features.lmdb, crop_classifier.lmdb, box_regressors.lmdb
Writes  locations.lmdb: found/<path> a list of garments, the highest score first;
        unsure/<path>, if the list is empty, the outfit to search with instead;
        reports/localise.html: calibration of scores, confusion of categories, and the
        test photographs that were located worst
Command make stage-5
"""

from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

from tiefvision.evaluation.localisation import Located
from tiefvision.locating.evidence import explain_levels
from tiefvision.locating.findings import TellingRules, calibrate, tell, to_search
from tiefvision.locating.folded import fold_heads
from tiefvision.locating.locate import locate
from tiefvision.locating.targets import garments_to_find
from tiefvision.locating.verdict import Verdict, learn_telling
from tiefvision.locating.votes import Combination, VotingRules
from tiefvision.locating.window_recall import window_recall
from tiefvision.workspace.job import Finished, Job, require_same_encoder
from tiefvision.workspace.levels import levels_reader
from tiefvision.workspace.networks import read_weights
from tiefvision.workspace.records import read_photos

VERSION = 1
READS = ("photos", "features", "crop_classifier", "box_regressors")
PAGE = "tiefvision.judging.locator.page"
SHOWN = {
    "test.photographs": "photographs (test)",
    "test.garments": "garments (test)",
    "test.nothing_found": "nothing found",
    "test.mean_iou": "mean IoU",
    "test.iou_over_0.5": "IoU over 0.5",
    "test.mean_box_iou": "mean IoU of the mean box",
    "test.mean_box_iou_over_0.5": "IoU over 0.5 of the mean box",
    "test_mean_over_categories.mean_iou": "mean IoU, over categories",
    "test_mean_over_categories.ap50": "AP50, over categories",
    "calibration_error.test": "calibration error of scores",
    "page": "page",
}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    threshold: Annotated[float, "least P(category) of a window"] = VotingRules.threshold
    combination: Annotated[
        Combination, "votes, or as TiefVision: mean (its slides), sides (its code)"
    ] = VotingRules.combination
    most: Annotated[int, "most garments of a category"] = VotingRules.most
    least_score: Annotated[float, "least calibrated score of a reported garment"] = (
        TellingRules.least_score
    )


def run(config: Config, job: Job) -> Finished:
    """Locate, calibrate scores on validation, and evaluate on the test split."""
    track = job.resources.track
    features = job.read("features")
    heads = job.read("crop_classifier"), job.read("box_regressors")
    encoder = require_same_encoder(features, *heads)
    folded = fold_heads(
        heads[0].header.details["categories"],
        read_weights(heads[0]),
        read_weights(heads[1]),
        job.resources.engine,
        str(job.workspace.root),
    )
    voting = VotingRules(
        config.threshold, combination=config.combination, most=config.most
    )
    photos = read_photos(job.read("photos"))
    levels_of = levels_reader(features, photos)
    encoded = [photo for photo in photos if features.has(f"map/{photo.path}")]

    raw = [
        Located(
            photo,
            garments_to_find(photo, folded.categories),
            locate(levels_of(photo.path), photo.width, photo.height, folded, voting),
        )
        for photo in track(encoded, "locating garments", len(encoded))
    ]
    held_out = [one for one in raw if one.photo.split == "val"]
    telling = learn_telling(held_out, config.least_score)
    every = [
        Located(one.photo, one.wanted, calibrate(one.found, telling)) for one in raw
    ]
    told = [Located(one.photo, one.wanted, tell(one.found, telling)) for one in every]
    with job.write() as writer:
        writer.write(
            records={
                f"found/{one.photo.path}": [asdict(garment) for garment in one.found]
                for one in told
            }
        )
        unsure = [
            one for one, found in zip(every, told, strict=True) if not found.found
        ]
        for one in unsure:
            for garment in to_search(one.found, telling):
                writer.write(records={f"unsure/{one.photo.path}": asdict(garment)})
        writer.finish(
            encoder=encoder,
            details={
                "voting": asdict(voting),
                "telling": asdict(telling),
                "categories": folded.categories,
            },
        )
    tested = [one for one in raw if one.photo.split == "test"]
    windows = window_recall(tested, levels_of, folded, track)
    verdict = Verdict(every, told, telling, windows)
    explain = partial(explain_levels, heads=folded, rules=voting)
    return Finished(verdict.figures(), "localise.html", (verdict, levels_of, explain))
