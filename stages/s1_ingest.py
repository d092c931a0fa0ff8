"""Check a dataset and record its photographs.

Reads   the dataset: images/, annotations.json, triplets.csv
Writes  photos.lmdb: photo/<path> a record with size, source, item, split and boxes;
        file/<path> SHA-256 of its file; triplet/<line> a judged triplet;
        skipped/<path> the record of a photograph that cannot be read, and the reason
Command make stage-1 DATA=mydata
        make stage-1 DATA=mydata RUN=myrun-0 ARGS="--folds 5 --fold 0"
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

from tiefvision.datasets.check import check_dataset
from tiefvision.datasets.files import (
    ANNOTATIONS,
    IMAGES,
    TRIPLETS,
    missing_text,
    photo_file,
    require_dataset,
)
from tiefvision.datasets.folds import deal_fold
from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.report import DatasetReport
from tiefvision.errors import BadDataset
from tiefvision.photos.listing import list_photos
from tiefvision.records import Photo, Split
from tiefvision.workspace.job import Job
from tiefvision.workspace.provenance import file_hash, files_fingerprint
from tiefvision.workspace.records import photo_to_record

logger = logging.getLogger(__name__)

VERSION = 2
READS = ()
SHOWN = {
    "photos": "photographs",
    "by_source": "by source",
    "by_split": "by split",
    "items": "items",
    "boxes": "boxes",
    "categories": "by category",
    "triplets": "triplets",
    "missing": "missing files",
    "corrupt": "unreadable files",
    "problems": "mended or left out",
    "leaks": "leaks across splits",
}


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    data: Annotated[Path, "folder of the dataset"] = Path("data/demo")
    folds: Annotated[
        int, "folds to deal the photographs into; 0: keep the splits", 0
    ] = 0
    fold: Annotated[
        int, "number of the test fold, from 0; half of the next fold validates", 0
    ] = 0


def sources(config: Config) -> dict[str, str]:
    """Digests of the files that the stage reads outside the workspace."""
    root = config.data
    described = [root / name for name in (ANNOTATIONS, TRIPLETS)]
    require_dataset(root)
    images = root / IMAGES
    listed = [images / path for path in list_photos(images).photos]
    files = [path for path in (*described, *listed) if path.is_file()]
    return {"dataset": files_fingerprint(root, files)}


def run(config: Config, job: Job) -> dict[str, Any]:
    """Check the dataset and record the photographs that can be read."""
    report = check_dataset(config.data, track=job.resources.track)
    if not report.usable:
        raise BadDataset(
            f"{config.data} cannot be used. {report.reasons[0]}",
            f"Run: tiefvision data check {config.data}",
            report.reasons[1:],
        )
    dataset = read_dataset(config.data)
    described: Sequence[Photo] = dataset.photos
    figures = report.to_dict()
    if config.folds or config.fold:
        described = _dealt(described, report, config, job.resources.seed)
        figures |= _figures_of_fold(described, config)
    for note in figures["notes"]:
        logger.warning(note)
    unreadable = {*report.missing, *report.corrupt}
    photos = [photo for photo in described if photo.path not in unreadable]
    # The hash of each file makes later stages due again if its pixels change.
    hashes = {
        f"file/{photo.path}": file_hash(photo_file(dataset.images, photo.path))
        for photo in photos
    }
    with job.write() as writer:
        writer.write(
            records={f"photo/{item.path}": photo_to_record(item) for item in photos}
            | hashes
            | {
                f"skipped/{photo.path}": {
                    "photo": photo_to_record(photo),
                    "why": report.corrupt.get(photo.path, missing_text(photo.path)),
                }
                for photo in described
                if photo.path in unreadable
            }
            | {
                f"triplet/{number:08d}": asdict(triplet)
                for number, triplet in enumerate(dataset.triplets)
                if unreadable.isdisjoint(asdict(triplet).values())
            }
        )
        writer.finish(
            details={
                "root": str(dataset.root.absolute()),
                "images": str(dataset.images.absolute()),
                "skipped": len(dataset.photos) - len(photos),
            }
        )
    return figures


def _dealt(
    photos: Sequence[Photo], report: DatasetReport, config: Config, seed: int
) -> list[Photo]:
    return deal_fold(
        photos,
        (*report.duplicates, *report.near_duplicates),
        folds=config.folds,
        fold=config.fold,
        seed=seed,
    )


def _figures_of_fold(photos: Sequence[Photo], config: Config) -> dict[str, Any]:
    """Figures of the fold that replace those of the dataset's own splits."""
    splits = [photo.split for photo in photos]
    return {
        "folds": config.folds,
        "fold": config.fold,
        "by_split": {split: splits.count(split) for split in get_args(Split)},
        "leaks": (),  # photographs that could leak are dealt into the same split
        "notes": (),  # the fold tests
    }
