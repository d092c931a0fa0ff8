"""Train DeepRank on triplets: from items, mirror images and the dataset's file.

Reads   photos.lmdb, crops.lmdb
Writes  deeprank.lmdb: weights/module float32; training/history the curves
Command make stage-8 ARGS="--margin 20"
"""

from dataclasses import dataclass
from typing import Annotated, Any

from tiefvision.encoders.architectures import architecture_named
from tiefvision.errors import BadDataset
from tiefvision.ranking.deeprank import DeepRank
from tiefvision.ranking.searches import search_of_split
from tiefvision.ranking.training import TripletRules, count_steps, deeprank_task
from tiefvision.ranking.triplets import judged_triplets, list_queries
from tiefvision.training import Schedule
from tiefvision.workspace.fitting import fit_and_store
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.maps import maps_reader, paths_with_maps
from tiefvision.workspace.records import read_judged_triplets, read_photos

READS = ("photos", "crops")


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    epochs: Annotated[int, "times hard negatives are drawn anew"] = 10
    learning_rate: Annotated[float, "highest rate of AdamW"] = 1e-3
    margin: Annotated[float, "degrees"] = TripletRules.margin
    hardest: Annotated[int, "negatives drawn from so many closest"] = (
        TripletRules.hardest
    )
    pool: Annotated[int, "photographs compared in an epoch"] = TripletRules.pool
    batch: Annotated[int, "triplets in a batch"] = TripletRules.batch
    rounds: Annotated[int, "triplets of a query in an epoch"] = TripletRules.rounds


def run(config: Config, job: Job) -> dict[str, Any]:
    """Train on the training split; the epoch that ranks validation best is kept."""
    crops = job.read("crops")
    records = job.read("photos")
    encoder = require_same_encoder(crops)
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    training = [
        photo for photo in photos if photo.split == "train" and photo.path in available
    ]
    queries = list_queries(training)
    named = {photo.path for photo in training}
    judged = [
        triplet
        for triplet in judged_triplets(read_judged_triplets(records))
        if named.issuperset(view.path for view in triplet.views())
    ]
    if not queries and not judged:
        raise BadDataset(
            "The training split allows no triplet: it needs two photographs that are "
            "not of one item.",
            "Add photographs to the training split.",
        )
    rules = TripletRules(
        config.margin, config.hardest, config.pool, config.batch, config.rounds
    )
    channels = architecture_named(encoder["name"]).channels
    network = DeepRank(channels).to(job.resources.device)
    task = deeprank_task(
        network,
        queries,
        judged,
        search_of_split(photos, "val", available),
        maps_reader(crops, job.resources.device),
        rules,
    )
    schedule = Schedule(config.epochs, config.learning_rate)
    steps = count_steps(len(queries), len(judged), rules)
    figures = fit_and_store(job, task, schedule, steps, encoder, {"channels": channels})
    return {"queries": len(queries), "judged": len(judged), **figures}
