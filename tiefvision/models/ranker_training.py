"""Training of a network of the literature in a workspace, for ``tiefvision train``.

Reads   photos.lmdb, the pixels of crops.lmdb, a file of triplets, weights of a trunk
Writes  NAME.lmdb: weights/module float32; training/history the curves;
        reports/train_ranker-NAME.csv, the curves, a line for each epoch, and .json, the
        settings and the figures
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np

from tiefvision.errors import BadDataset, BadUsage
from tiefvision.evaluation.searches import search_of_split, with_every_alteration
from tiefvision.files import replace_text
from tiefvision.machine import free_memory
from tiefvision.models.ranker_settings import Training
from tiefvision.models.scorers import load_scorer
from tiefvision.models.trained import TrainedModels, training_curves
from tiefvision.models.training_triplets import (
    TripletSource,
    training_triplets,
    validation_triplets,
)
from tiefvision.networks.backbones import start_backbone
from tiefvision.networks.building import ImageNetwork, build_network
from tiefvision.networks.published import counts_of
from tiefvision.networks.ranker import embed_with
from tiefvision.networks.table import network_named
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.matching import learn_matching
from tiefvision.ranking.views import embed_views
from tiefvision.records import View
from tiefvision.store.header import Header
from tiefvision.training.loop import Figures
from tiefvision.training.precision import settled_dtype
from tiefvision.training.processes import ALONE, Processes
from tiefvision.triplets.footprint import (
    measure_footprint,
    out_of_memory,
    require_memory,
    what_fits,
)
from tiefvision.triplets.image_training import (
    ImageTraining,
    embedding_time,
    is_half,
    placed,
    schedule_of,
)
from tiefvision.triplets.sampling import judged_within
from tiefvision.triplets.sources import sampling_named
from tiefvision.triplets.validation import RECIPROCAL_RANK, TRIPLET_ACCURACY
from tiefvision.workspace.artifacts import Workspace, command_for
from tiefvision.workspace.fitting import fit_and_store
from tiefvision.workspace.garments import alterations_of, garments_reader
from tiefvision.workspace.job import Job, Resources, input_digests
from tiefvision.workspace.provenance import file_hash
from tiefvision.workspace.records import all_judged, read_photos

VERSION = 2

STAGE = "train_ranker"
"""Name of this work in headers and reports."""

READS = ("photos", "crops")

MOST_NUMBERS = 5 * 10**8
"""Most numbers of all embeddings from which ``match`` is learnt, 2 GB: a gallery of
240,000 photographs for ``mildnet``, of 5,000 for the maps of ``skip_4``."""

TIMED = 32
"""Images whose embedding is timed."""


def train_ranker(
    workspace: Workspace,
    training: Training,
    resources: Resources,
    processes: Processes = ALONE,
) -> dict[str, Any] | None:
    """Train a network on the training split of a workspace, if that is due.

    An interrupted training continues behind its last epoch.

    Args:
        workspace: workspace with the crops; it keeps the ranker.
        training: what is trained, and how.
        resources: device, seed, limits and progress.
        processes: processes that train together; the first one writes.

    Returns:
        The report; None if the ranker is up to date.

    Raises:
        BadUsage: A setting is wrong, or the training does not fit into memory; the
            message says what would.
        BadDataset: The splits do not allow the triplets.
        MissingArtifact: There are no crops, or they hold no pixels.
        BadWeights: The weights of the trunk cannot be loaded.
    """
    training.require_valid()
    started = time.monotonic()
    header = header_of(training, workspace, resources.seed)
    with Job(workspace, training.name, header, resources) as job:
        # The report is written last, so that a missing one tells of a killed run.
        due = not (job.up_to_date and job.report_path.is_file())
        if not processes.from_first(lambda: due):
            return None
        figures = _Run(training, job, processes).train()
        if processes.is_first:
            figures |= kept_epoch(training_curves(TrainedModels(workspace), job.name))
        report = {
            "stage": STAGE,
            "ranker": training.name,
            "config": dict(header.config),
            "seconds": round(time.monotonic() - started, 1),
            "figures": figures,
        }
        path = job.report_path
    if processes.is_first:
        replace_text(path, json.dumps(report, indent=1, ensure_ascii=False))
    return report | {"report": str(path)}


def header_of(training: Training, workspace: Workspace, seed: int) -> Header:
    """The header of the artifact, as far as it is known before the training.

    Raises:
        MissingArtifact: The workspace has no crops.
    """
    return Header(
        stage=STAGE,
        version=VERSION,
        config={
            "network": training.network,
            "width": training.width,
            "recipe": asdict(training.recipe),
            "sampling": dict(training.sampling) if training.sampled else None,
            "precision": training.precision,
            "seed": seed,
        },
        inputs=input_digests(workspace, READS)
        | {name: file_hash(file) for name, file in training.files().items()},
    )


def kept_epoch(history: Sequence[Figures]) -> dict[str, Any]:
    """Which epoch's weights are kept, in words, and the figures of that epoch.

    >>> row = {"epoch": 1.0, "loss": 0.3}
    >>> kept_epoch([{"epoch": 0.0}, row])["kept"]
    'the last epoch: the validation has no photographs'
    """
    last = history[-1]
    selecting = (RECIPROCAL_RANK, TRIPLET_ACCURACY)
    figure = next((name for name in selecting if name in last), "")
    if not figure:
        return {
            "kept": "the last epoch: the validation has no photographs",
            "best": last,
        }
    highest = max(row[figure] for row in history)
    best = next(row for row in reversed(history) if row[figure] == highest)
    return {"kept": f"epoch {best['epoch']:.0f}", "best": best}


class _Run:
    """A training under way: its open artifacts, and what is read from them."""

    def __init__(self, training: Training, job: Job, processes: Processes) -> None:
        self.training, self.job, self.processes = training, job, processes
        self.crops, records = job.read("crops"), job.read("photos")
        self.garments_of = garments_reader(self.crops)
        self.photos = read_photos(records)
        self.available = set(self.crops.keys("pixels"))
        if not self.available:
            command = command_for("crops", job.workspace.root)
            raise BadDataset(
                f"{self.crops.path} holds no pixels, which {training.network} reads.",
                f"Run: {command}",
            )
        self.judged = all_judged(records, self.photos, training.triplets)
        self.alterations = alterations_of(self.crops)
        self.search = search_of_split(
            self.photos, "val", self.available, self.alterations
        )

    def train(self) -> dict[str, Any]:
        """Train, store, and return the figures of the report."""
        training, job = self.training, self.job
        recipe, seed = training.recipe, job.resources.seed
        device = job.resources.device
        dtype = self.processes.from_first(
            lambda: settled_dtype(training.precision, device)
        )
        with self._enough_memory(half=is_half(dtype)):
            network, backbone = self._network()
            own, source = embed_with(network), self._source("train")
            validation = validation_triplets(self._source("val"), seed)
            images = ImageTraining(
                network,
                recipe,
                lambda generator: training_triplets(source, generator, own),
                validation,
                self.garments_of,
                self.search,
                training.accumulate,
                dtype,
                self.processes,
            )
            count = self.processes.from_first(
                lambda: len(images.draw(np.random.default_rng([seed, 0])))
            )
            details = {
                "network": training.network,
                "width": training.width,
                "backbone": backbone,
                "recipe": asdict(recipe),
            }
            figures = fit_and_store(
                job,
                images.task(),
                schedule_of(recipe),
                -(-count // recipe.batch),
                self.crops.header.encoder or {},
                details,
                lambda: self._match(network),
            )
        figures |= {"triplets": count, "validated": len(validation)}
        return figures | self._measured(images, backbone)

    def _network(self) -> tuple[ImageNetwork, str]:
        """The network with the weights from which training starts, and their name."""
        training, seed = self.training, self.job.resources.seed
        network = build_network(training.network, training.width, seed)
        backbone = start_backbone(network, training.recipe.backbone)
        return placed(network, self.job.resources.device), backbone

    @contextmanager
    def _enough_memory(self, *, half: bool) -> Iterator[None]:
        """Refuse what does not fit, before the block and where the block finds out.

        Raises:
            BadUsage: It does not fit; the message says what would.
        """
        training, device = self.training, self.job.resources.device
        recipe, size = training.recipe, self.processes.size
        footprint = measure_footprint(
            training.network,
            training.width,
            recipe.optimiser,
            half=half,
            on_cpu=device.type == "cpu",
        )
        free = free_memory(device)
        require_memory(
            training.name, footprint, recipe.batch, training.accumulate, size, free
        )
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            # What was free is taken as an upper bound: it was not enough.
            at_once = math.ceil(recipe.batch / (size * training.accumulate))
            bound = footprint.of(at_once) if free is None else free
            raise BadUsage(
                f"Memory ran out while {training.name} was trained.",
                what_fits(footprint, recipe.batch, size, bound, below=at_once),
            ) from error

    def _source(self, split: str) -> TripletSource:
        """Where the triplets of a split come from."""
        photos = [
            photo
            for photo in self.photos
            if photo.split == split and photo.path in self.available
        ]
        sampling = sampling_named(self.training.recipe.sampling)
        given = dict(self.training.sampling)
        if split == "val":
            given.pop("count", None)
        # Without --sampling a file of triplets is all that there is, for validation
        # where it has some of its photographs.
        drawn = self.training.sampled or split == "val"
        models = TrainedModels(self.job.workspace)
        return TripletSource(
            photos,
            judged_within(self.judged, photos),
            sampling if drawn and photos else None,
            sampling.with_settings(given),
            self.garments_of,
            lambda name: load_scorer(
                self.job.workspace, models, name, self.job.resources
            ),
            self.job.resources,
        )

    def _match(self, network: ImageNetwork) -> dict[str, Any]:
        """The calibration of the trained ranker, learnt on the validation split."""
        asking = with_every_alteration(self.search, self.alterations)
        views = sorted({*asking.queries, *asking.gallery})
        if not asking.queries or len(views) * network.size > MOST_NUMBERS:
            return {"match": None}
        # The search asks for the embedding of a crop many times; a network is slow.
        rows = embed_views(
            views, self.garments_of, embed_with(network), track=self.job.resources.track
        )
        place = {view: number for number, view in enumerate(views)}

        def read(wanted: Sequence[View]) -> GarmentBatch:
            return GarmentBatch(rows[[place[view] for view in wanted]])

        learnt = learn_matching(asking, read, lambda garments: garments.maps)
        return {"match": asdict(learnt) if learnt else None}

    def _measured(self, images: ImageTraining, backbone: str) -> dict[str, Any]:
        """Size and speed, as MILDNet's table 3 has them."""
        training, took = self.training, images.took
        counts = counts_of(network_named(training.network), training.width)
        views = [View(path) for path in sorted(self.available)[:TIMED]]
        return {
            "backbone": backbone,
            "parameters": counts.parameters,
            "trainable": counts.trainable,
            "megabytes": counts.megabytes,
            "embedding": counts.embedding,
            "minutes_an_epoch": round(median(took) / 60, 3) if took else None,
            "milliseconds_an_image": round(
                embedding_time(images.network, self.garments_of(views)), 3
            ),
            "processes": self.processes.size,
            "accumulate": training.accumulate,
            "precision": str(images.dtype).removeprefix("torch."),
        }
