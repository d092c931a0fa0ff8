"""Preparing a dataset for a comparison of rankers that were trained on another one."""

import hashlib
from dataclasses import asdict
from pathlib import Path

from tiefvision.catalogue.choosing import choose_located
from tiefvision.catalogue.describing import (
    Choose,
    Describer,
    choose_whole,
    write_described,
)
from tiefvision.catalogue.garment_views import ViewMaker
from tiefvision.datasets.files import ANNOTATIONS
from tiefvision.datasets.layout import Dataset, read_dataset
from tiefvision.files import is_file
from tiefvision.judging.boxes import LOCATED
from tiefvision.models.protocol import Models
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import keep_encoder
from tiefvision.workspace.job import Job, Resources
from tiefvision.workspace.provenance import file_hash, files_fingerprint
from tiefvision.workspace.records import photo_to_record

VERSION = 3
"""Version of the artifacts of ``prepare``; raised when results change."""


def prepare(
    workspace: Workspace, models: Models, root: Path, boxes: str, resources: Resources
) -> Workspace:
    """Locate and encode the photographs of a dataset; a killed run can be continued.

    Args:
        workspace: workspace whose folder holds the result, in ``compared/<digest>``.
        models: models that locate and encode.
        root: folder of a dataset in the project's layout.
        boxes: ``LOCATED`` or ``WHOLE``, the crop of each photograph.
        resources: device, seed, limits and progress.

    Returns:
        A workspace with the artifacts "photos" and "crops".

    Raises:
        BadDataset: The folder is no dataset.
    """
    dataset = read_dataset(root)
    name = hashlib.sha256(f"{root.resolve()} {boxes}".encode()).hexdigest()[:12]
    target = Workspace(workspace.root / "compared" / name)
    _record_photos(target, dataset, resources)
    _encode(target, dataset, models, boxes, resources)
    return target


def _record_photos(target: Workspace, dataset: Dataset, resources: Resources) -> None:
    header = Header(
        stage="prepare",
        version=VERSION,
        config={"root": str(dataset.root.resolve())},
        inputs={"annotations": file_hash(dataset.root / ANNOTATIONS)},
    )
    with Job(target, "photos", header, resources) as job:
        if job.up_to_date:
            return
        with job.write() as writer:
            writer.write(
                records={
                    f"photo/{photo.path}": photo_to_record(photo)
                    for photo in dataset.photos
                }
            )
            writer.finish(
                details={
                    "root": str(dataset.root.resolve()),
                    "images": str(dataset.images.resolve()),
                    "skipped": 0,
                }
            )


def _encode(
    target: Workspace,
    dataset: Dataset,
    models: Models,
    boxes: str,
    resources: Resources,
) -> None:
    files = dataset.files
    present = [file for file in files.values() if is_file(file)]
    encoder = models.encoder(resources.engine)
    rules = models.crop_rules()
    header = Header(
        stage="prepare",
        version=VERSION,
        config={"boxes": boxes, **asdict(rules), **encoder.identity.to_dict()},
        inputs=models.digests()
        | {"photographs": files_fingerprint(dataset.images, present)},
    )
    with Job(target, "crops", header, resources) as job:
        if job.up_to_date:
            return
        choose: Choose = choose_whole
        if boxes == LOCATED:
            choose = choose_located(models.locator(resources.engine))
        maker = ViewMaker(job.read("photos"), (), 0, resources.seed)
        describer = Describer(encoder, rules, choose, views=maker.views)
        with job.write() as writer:
            write_described(writer, describer, files, resources.track, "encoding")
            keep_encoder(writer, encoder)
            writer.finish(
                encoder=encoder.identity.to_dict(),
                details=asdict(rules) | {"alterations": 0, "boxes": boxes},
            )
