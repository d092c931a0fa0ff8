"""Locate the garments of every photograph; a photograph may have none.

Reads   photos.lmdb, features.lmdb, crop_classifier.lmdb, box_regressors.lmdb
Writes  locations.lmdb: found/<path> a list of garments, the highest score first;
        crop/<path> the part to compare, with the group of the garment for sale;
        weights/labels the label layer;
        reports/localise.html: calibration of scores, confusion of categories, and the
        test photographs that were located worst
Command make stage-5
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

from tiefvision.evaluation.localisation import Located
from tiefvision.locating.evidence import explain_levels
from tiefvision.locating.findings import TellingRules, calibrate, tell
from tiefvision.locating.folded import FoldedHeads, fold_heads
from tiefvision.locating.garment_layer import GarmentLayer
from tiefvision.locating.label_training import fit_labels, gather_boxes
from tiefvision.locating.labels import LabelLayer
from tiefvision.locating.locate import locate
from tiefvision.locating.sale import crop_for_sale
from tiefvision.locating.targets import garments_to_find
from tiefvision.locating.verdict import Verdict, learn_telling
from tiefvision.locating.votes import Combination, VotingRules
from tiefvision.locating.window_recall import window_recall
from tiefvision.locating.windows import LevelsOf
from tiefvision.progress import Track
from tiefvision.records import Box, Garment, Photo
from tiefvision.store.artifact import Artifact
from tiefvision.workspace.encoding import read_garment_cells
from tiefvision.workspace.job import Finished, Job, require_same_encoder
from tiefvision.workspace.levels import levels_reader, read_made
from tiefvision.workspace.networks import LABELS, read_weights, weight_tensors
from tiefvision.workspace.records import crop_to_record, read_photos

VERSION = 3
READS = ("photos", "features", "crop_classifier", "box_regressors")
PAGE = "tiefvision.judging.locator.page"
SHOWN = {
    "test.photographs": "photographs (test)",
    "test.garments": "garments (test)",
    "test.nothing_found": "nothing found",
    "test.mean_iou": "mean IoU",
    "test.iou_over_0.5": "IoU over 0.5",
    "test.mean_box_iou": "mean IoU of the mean box",
    "test_mean_over_categories.ap50": "AP50, over groups",
    "test_mean_over_names.ap50": "AP50, over names",
    "test_labels.right": "right labels, of those told",
    "test_empty.false_alarms": "something found in pictures without garments",
    "calibration_error.test": "calibration error of scores",
    "page": "page",
}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    threshold: Annotated[float, "least P(category) of a window", 0.001, 1] = (
        VotingRules.threshold
    )
    combination: Annotated[
        Combination, "votes, or as TiefVision: mean (its slides), sides (its code)"
    ] = VotingRules.combination
    most: Annotated[int, "most garments of a category"] = VotingRules.most
    least_score: Annotated[
        float, "least calibrated score of a reported garment", 0, 1
    ] = TellingRules.least_score


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
    # Close-ups and pairs are of training photographs and would calibrate nothing.
    empty = [photo for photo in read_made(features) if not photo.garments]
    levels_of = levels_reader(features, [*photos, *empty])
    encoded = [photo for photo in photos if features.has(f"map/{photo.path}")]
    labels = _learn_labels(encoded, levels_of, folded.categories, track)
    layer = GarmentLayer.of(read_garment_cells(features))
    finding = _Finding(features, levels_of, folded, voting, layer, labels)
    raw = [
        Located(photo, garments_to_find(photo, folded.categories), finding(photo))
        for photo in track(
            [*encoded, *empty], "locating garments", len(encoded) + len(empty)
        )
    ]
    held_out = [one for one in raw if one.photo.split == "val"]
    telling = learn_telling(held_out, config.least_score)
    every = [
        Located(one.photo, one.wanted, calibrate(one.found, telling)) for one in raw
    ]
    told = [Located(one.photo, one.wanted, tell(one.found, telling)) for one in every]
    with job.write() as writer:
        for one, told_of_it in zip(every, told, strict=True):
            crop = crop_for_sale(one.found, finding.foreground(one.photo), telling)
            writer.write(
                records={
                    f"found/{one.photo.path}": list(map(asdict, told_of_it.found)),
                    f"crop/{one.photo.path}": crop_to_record(crop),
                }
            )
        writer.write(weight_tensors(labels.arrays() if labels else {}, LABELS))
        writer.finish(
            encoder=encoder,
            details={
                "voting": asdict(voting),
                "telling": asdict(telling),
                "categories": folded.categories,
                "labels": labels.details() if labels else None,
            },
        )
    tested = [one for one in raw if one.photo.split == "test" and one.wanted]
    windows = window_recall(tested, levels_of, folded, track)
    count = len(encoded)
    verdict = Verdict(every[:count], told[:count], telling, windows, told[count:])
    explain = partial(explain_levels, heads=folded, rules=voting)
    return Finished(verdict.figures(), "localise.html", (verdict, levels_of, explain))


@dataclass(frozen=True)
class _Finding:
    """Locates garments in the stored maps of photographs."""

    features: Artifact
    levels_of: LevelsOf
    heads: FoldedHeads
    voting: VotingRules
    garment_layer: GarmentLayer | None
    labels: LabelLayer | None

    def __call__(self, photo: Photo) -> tuple[Garment, ...]:
        """All boxes of a photograph with raw scores and with labels."""
        return locate(
            self.levels_of(photo.path),
            photo.width,
            photo.height,
            self.heads,
            self.voting,
            self.foreground(photo),
            self.garment_layer,
            self.labels,
        )

    def foreground(self, photo: Photo) -> Box | None:
        """The box of what stands before a plain ground; None if it is not plain."""
        box = self.features.record(f"foreground/{photo.path}")
        return tuple(box) if box else None


def _learn_labels(
    photos: Sequence[Photo],
    levels_of: LevelsOf,
    categories: Sequence[str],
    track: Track,
) -> LabelLayer | None:
    """The label layer from the annotated boxes of the training split."""
    boxes = {}
    for split in ("train", "val"):
        known = [
            (garments, photo.path)
            for photo in photos
            if photo.split == split
            for garments in [garments_to_find(photo, categories)]
            if any(garment.label for garment in garments)
        ]
        boxes[split] = gather_boxes(
            (garments, levels_of(path))
            for garments, path in track(known, f"reading labels ({split})", len(known))
        )
    return fit_labels(boxes["train"], boxes["val"])
