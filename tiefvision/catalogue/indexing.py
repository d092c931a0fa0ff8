"""Making a catalogue searchable: locate, crop, encode each photograph, then index."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tiefvision.catalogue.gallery import GalleryRow, read_rows, write_gallery
from tiefvision.datasets.files import is_dataset, photo_file
from tiefvision.datasets.layout import Dataset, read_dataset, read_folder
from tiefvision.encoders.dense import DenseEncoder
from tiefvision.errors import TiefVisionError, UnreadablePhoto
from tiefvision.index.hnsw import HnswSettings
from tiefvision.locating.locator import Locator
from tiefvision.models.trained import Models
from tiefvision.photos.working import open_photos
from tiefvision.progress import Track
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.garments import Embed
from tiefvision.records import Photo
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import CATALOGUE, Workspace
from tiefvision.workspace.garments import CROP, garment_tensors, garments_reader
from tiefvision.workspace.job import Job, Resources
from tiefvision.workspace.provenance import code_fingerprint, files_fingerprint


def index_catalogue(
    workspace: Workspace, models: Models, root: Path, resources: Resources
) -> dict[str, Any]:
    """Index a folder of shop photographs, or the shop photographs of a dataset.

    Args:
        workspace: Where the catalogue is written.
        models: What locates, encodes and compares.
        root: The folder.
        resources: What may be used.

    Returns:
        Counts, what was skipped and why, and the facts of each ranker's index.

    Raises:
        TiefVisionError: There is nothing to index.
        MissingArtifact: The models are a workspace's, and it lacks one.
    """
    catalogue = _read_catalogue(root, resources.track)
    device = resources.device
    locator, encoder = models.locator(device), models.encoder(device)
    rules = models.crop_rules()
    rankers = models.rankers(device)
    header = _header(models, catalogue, encoder, rules)
    with Job(workspace, CATALOGUE, header, resources) as job:
        up_to_date = job.up_to_date
        if not up_to_date:
            with job.write() as writer:
                _encode(writer, catalogue, locator, encoder, rules, resources.track)
                _index(writer, catalogue, encoder, rules, rankers, job)
        finished = job.read(CATALOGUE)
        return {
            "catalogue": str(root),
            "photos": finished.header.count["row"],
            "items": len({row.item for row in read_rows(finished)}),
            "up_to_date": up_to_date,
            "skipped": finished.records("skipped"),
            "indexes": finished.header.details["indexes"],
        }


def _read_catalogue(root: Path, track: Track) -> Dataset:
    if is_dataset(root):
        dataset = read_dataset(root)
        shop = tuple(item for item in dataset.photos if item.source == "shop")
        return Dataset(root, dataset.images, shop or dataset.photos)
    if not root.is_dir():
        raise TiefVisionError(f"There is no folder {root}.")
    folder = read_folder(root, track)
    if not folder.photos:
        raise TiefVisionError(
            f"There is no photograph in {root}.", "Give a folder of JPEG, PNG or WebP."
        )
    return folder


def _header(
    models: Models, catalogue: Dataset, encoder: DenseEncoder, rules: CropRules
) -> Header:
    files = [photo_file(catalogue.images, item.path) for item in catalogue.photos]
    content = files_fingerprint(catalogue.images, [f for f in files if f.is_file()])
    return Header(
        stage="index",
        code=code_fingerprint(Path(__file__)),
        config={
            "images": str(catalogue.images.absolute()),
            "encoder": encoder.identity.to_dict(),
            "rankers": models.ranker_names,
            # Or one that was mended or taken away would be reported for ever.
            "problems": [problem.message for problem in catalogue.problems],
            **asdict(rules),
        },
        inputs=models.digests() | {"catalogue": content},
    )


def _encode(
    writer: ArtifactWriter,
    catalogue: Dataset,
    locator: Locator,
    encoder: DenseEncoder,
    rules: CropRules,
    track: Track,
) -> None:
    problems = {
        f"skipped/{number:08d}": problem.message
        for number, problem in enumerate(catalogue.problems)
    }
    writer.write(records=problems)
    left = [
        photo
        for photo in catalogue.photos
        if not writer.has(f"crop/{photo.path}")
        and not writer.has(f"skipped/{photo.path}")
    ]
    files = (photo_file(catalogue.images, photo.path) for photo in left)
    pairs = zip(left, open_photos(files), strict=True)
    for photo, opened in track(pairs, "indexing", len(left)):
        if isinstance(opened, UnreadablePhoto):
            writer.write(records={f"skipped/{photo.path}": str(opened)})
            continue
        surest = next(iter(locator.find_to_search(opened)), None)
        box = opened.box_in_pixels(surest.box_in_image) if surest else None
        crop = crop_garment(opened.pixels, box)
        described = {CROP: describe_crop(encoder, crop, rules)}
        row = GalleryRow(
            photo.path,
            photo.item_id or photo.path,
            surest.box_in_image if surest else None,
            surest.category if surest else "",
        )
        writer.write(
            garment_tensors(photo.path, described), {f"crop/{photo.path}": asdict(row)}
        )


def _index(
    writer: ArtifactWriter,
    catalogue: Dataset,
    encoder: DenseEncoder,
    rules: CropRules,
    rankers: Mapping[str, Embed],
    job: Job,
) -> None:
    encoded: list[Photo] = [
        photo for photo in catalogue.photos if writer.has(f"crop/{photo.path}")
    ]
    if not encoded:
        raise TiefVisionError(
            f"None of the photographs in {catalogue.root} can be read.",
            f"Run: tiefvision data check {catalogue.root}",
        )
    rows = [GalleryRow(**writer.record(f"crop/{photo.path}")) for photo in encoded]
    garments_of = garments_reader(writer, job.resources.device)
    details = write_gallery(
        writer, rows, (), garments_of, rankers, HnswSettings(), job.resources.track
    )
    writer.finish(
        encoder=encoder.identity.to_dict(),
        details=details
        | {
            "root": str(catalogue.root.absolute()),
            "images": str(catalogue.images.absolute()),
            "grid": rules.grid,
        },
    )
