"""Indexing a catalogue: describe each photograph, then build each ranker's index."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiefvision.catalogue.choosing import as_listed, choose_located
from tiefvision.catalogue.describing import Describer, write_described
from tiefvision.catalogue.gallery import GalleryRow, write_gallery
from tiefvision.datasets.files import is_dataset
from tiefvision.datasets.layout import Dataset, read_dataset, read_folder
from tiefvision.errors import TiefVisionError
from tiefvision.files import is_file, no_folder
from tiefvision.index.hnsw import HnswSettings
from tiefvision.models.protocol import Models
from tiefvision.models.rankers import load_ranker, ranker_digests
from tiefvision.progress import Track
from tiefvision.ranking.crops import CropRules
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.needs import Need
from tiefvision.ranking.registry import ranker_kind
from tiefvision.records import Photo
from tiefvision.store.artifact import ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import CATALOGUE, Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Job, Resources
from tiefvision.workspace.provenance import files_fingerprint
from tiefvision.workspace.records import record_to_crop

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder

VERSION = 5
"""Version of the catalogue that ``index`` writes; raised when results change."""


def index_catalogue(
    workspace: Workspace,
    models: Models,
    root: Path,
    names: Sequence[str],
    resources: Resources,
) -> dict[str, Any]:
    """Index a folder of shop photographs, or the shop photographs of a dataset.

    Args:
        workspace: workspace in which the catalogue is written.
        models: models that locate, encode and rank.
        root: folder of photographs, or of a dataset.
        names: names of the rankers to build an index for.
        resources: device, seed, limits and progress.

    Returns:
        "catalogue" (the folder), "photos" and "items" (counts), "up_to_date",
        "skipped" (a message for each photograph that was left out) and "indexes" (for
        each ranker, as ``write_gallery`` returns them).

    Raises:
        BadUsage: A ranker is unknown.
        TiefVisionError: The folder is missing or holds no readable photograph.
        MissingArtifact: The models are those of a workspace and incomplete.
    """
    # Before rankers, which may have to learn: a folder can be missing or empty.
    catalogue = _read_catalogue(root, resources.track)
    rankers = {name: load_ranker(workspace, models, name, resources) for name in names}
    encoder, rules = models.encoder(resources.engine), models.crop_rules()
    digests = models.digests(names) | ranker_digests(workspace, names)
    header = _header(catalogue, encoder, rules, names, digests)
    with Job(workspace, CATALOGUE, header, resources) as job:
        up_to_date = job.up_to_date
        if not up_to_date:
            describer = Describer(
                encoder,
                rules,
                choose_located(models.locator(resources.engine)),
                _needs(names),
            )
            with job.write() as writer:
                _describe(writer, catalogue, describer, resources.track)
                _index(writer, catalogue, describer, rankers, job)
        finished = job.read(CATALOGUE)
        details = finished.header.details
        return {
            "catalogue": str(root),
            "photos": finished.header.count["row"],
            "items": details["items"],
            "up_to_date": up_to_date,
            "skipped": finished.records("skipped"),
            "indexes": details["indexes"],
        }


def _needs(names: Sequence[str]) -> Collection[Need]:
    """The parts of a crop that any of the rankers reads."""
    return {need for name in names for need in ranker_kind(name).needs}


def _read_catalogue(root: Path, track: Track) -> Dataset:
    if is_dataset(root):
        dataset = read_dataset(root)
        shop = tuple(item for item in dataset.photos if item.source == "shop")
        # Problems of boxes alone are no photographs that were left out.
        skipped = tuple(p for p in dataset.problems if p.kind == "skipped photograph")
        photos = shop or dataset.photos
        catalogue = Dataset(root, dataset.images, photos, problems=skipped)
    elif root.is_dir():
        catalogue = read_folder(root, track)
    else:
        raise no_folder(root)
    if not catalogue.photos and catalogue.problems:
        raise _none_readable(root, [problem.message for problem in catalogue.problems])
    if not catalogue.photos:
        raise TiefVisionError(
            f"There is no photograph in {root}.", "Give a folder of JPEG, PNG or WebP."
        )
    return catalogue


def _none_readable(root: Path, reasons: Sequence[str]) -> TiefVisionError:
    message = f"No photograph in {root} can be read."
    return TiefVisionError(message, reasons=reasons)


def _header(
    catalogue: Dataset,
    encoder: "DenseEncoder",
    rules: CropRules,
    names: Sequence[str],
    digests: Mapping[str, str],
) -> Header:
    files = [file for file in catalogue.files.values() if is_file(file)]
    return Header(
        stage="index",
        version=VERSION,
        config={
            "images": str(catalogue.images.absolute()),
            "encoder": encoder.identity.to_dict(),
            "rankers": list(names),
            # A problem that has been fixed must make the catalogue due again.
            "problems": [problem.message for problem in catalogue.problems],
            **asdict(rules),
        },
        inputs={**digests, "catalogue": files_fingerprint(catalogue.images, files)},
    )


def _describe(
    writer: ArtifactWriter, catalogue: Dataset, describer: Describer, track: Track
) -> None:
    problems = {
        f"skipped/{number:08d}": problem.message
        for number, problem in enumerate(catalogue.problems)
    }
    writer.write(records=problems)
    write_described(writer, describer, catalogue.files, track, "indexing")


def _index(
    writer: ArtifactWriter,
    catalogue: Dataset,
    describer: Describer,
    rankers: Mapping[str, Embed],
    job: Job,
) -> None:
    described: list[Photo] = [
        photo for photo in catalogue.photos if writer.has(f"crop/{photo.path}")
    ]
    if not described:
        paths = [photo.path for photo in catalogue.photos]
        unread = [str(writer.record(f"skipped/{path}")) for path in paths]
        reasons = [problem.message for problem in catalogue.problems] + unread
        raise _none_readable(catalogue.root, reasons)
    rows = [
        GalleryRow(
            photo.path,
            photo.item_id or photo.path,
            as_listed(record_to_crop(writer.record(f"crop/{photo.path}")), photo),
            photo.variant,
        )
        for photo in described
    ]
    garments_of = garments_reader(writer)
    details = write_gallery(
        writer, rows, (), garments_of, rankers, HnswSettings(), job.resources.track
    )
    writer.finish(
        encoder=describer.encoder.identity.to_dict(),
        details=details
        | asdict(describer.rules)
        | {
            "root": str(catalogue.root.absolute()),
            "images": str(catalogue.images.absolute()),
            "items": len({row.item for row in rows}),
        },
    )
