"""Benchmark of indexing photographs: the whole, beside each step alone."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tiefvision.catalogue.choosing import choose_located
from tiefvision.catalogue.describing import Describer, choose_whole
from tiefvision.catalogue.living.catalogue import Catalogue
from tiefvision.models.protocol import Models, default_rankers
from tiefvision.models.rankers import load_ranker
from tiefvision.photos.working import WorkingPhoto, open_photo
from tiefvision.ranking.registry import ranker_kind
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garment_tensors
from tiefvision.workspace.job import Resources


@dataclass(frozen=True)
class Step:
    """Seconds a photograph of one step.

    Attributes:
        name: name of the step.
        seconds: seconds a photograph.
    """

    name: str
    seconds: float


def measure_indexing(
    files: Sequence[Path], models: Models, resources: Resources
) -> list[Step]:
    """Index photographs, and do each step of it alone.

    Decoding and storing are to be hidden behind locating and describing, which the
    networks do.

    Args:
        files: readable photographs, in one folder.
        models: models that locate, encode and rank.
        resources: device and threads.

    Returns:
        "decode", "locate", "describe", "embed" and "store", each alone; "networks", the
        sum of the three in the middle; and "index", all of it as ``catalogue add`` does
        it.
    """
    names = default_rankers(models)
    needs = {need for name in names for need in ranker_kind(name).needs}
    locator = models.locator(resources.engine)
    encoder = models.encoder(resources.engine)
    describer = Describer(encoder, models.crop_rules(), choose_whole, needs)
    choose = choose_located(locator)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        embeds = [load_ranker(workspace, models, name, resources) for name in names]
        photos: list[WorkingPhoto] = []
        decode = _each(lambda i: photos.append(open_photo(files[i])), len(files))
        choose("", photos[0])  # what is compiled for a first photograph
        crops = []
        locate = _each(lambda i: crops.append(choose("", photos[i])), len(files))
        described = []
        boxes = [crop.box_in_image for crop in crops]
        describe = _each(
            lambda i: described.append(describer.describe_box(photos[i], boxes[i])),
            len(files),
        )
        embed = _each(lambda i: [one(described[i]) for one in embeds], len(files))
        with Table(Path(folder) / "store.lmdb", create=True) as table:

            def store(i: int) -> None:
                with table.write() as changes:
                    kept = garment_tensors(f"c/{i}", {"crop": described[i]})
                    for key, tensors in kept.items():
                        changes.put_tensors(key, tensors)

            stored = _each(store, len(files))
        catalogue = Catalogue(Workspace(Path(folder) / "run"), models, resources)
        begun = time.perf_counter()
        catalogue.add(files)
        whole = (time.perf_counter() - begun) / len(files)
    return [
        Step("decode", decode),
        Step("locate", locate),
        Step("describe", describe),
        Step("embed", embed),
        Step("store", stored),
        Step("networks", locate + describe + embed),
        Step("index", whole),
    ]


def _each(work: object, count: int) -> float:
    """Seconds of a work for each of ``count`` photographs, in the mean."""
    assert callable(work)
    begun = time.perf_counter()
    for number in range(count):
        work(number)
    return (time.perf_counter() - begun) / count
