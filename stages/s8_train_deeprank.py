"""Train DeepRank on triplets of items, classes or views, and on judged triplets.

Reads   photos.lmdb, crops.lmdb, and the triplets.csv of --triplets
Writes  deeprank.lmdb: weights/module float32; training/history the curves;
        reports/train_deeprank.csv, the curves, a line for each epoch
Command make stage-8 ARGS="--network cells --margin 20"
        make stage-8 ARGS="--name deeprank-cells --network cells"
        make stage-8 ARGS="--triplets judged.csv"
"""

from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from tiefvision.encoders.architectures import architecture_named
from tiefvision.errors import BadDataset, BadUsage, require_known
from tiefvision.evaluation.searches import search_of_split, with_every_alteration
from tiefvision.ranking.deeprank import COLOUR, NETWORKS, SIZE
from tiefvision.ranking.matching import learn_matching
from tiefvision.ranking.registry import DEEPRANK, RANKERS, ranker_kind
from tiefvision.records import View
from tiefvision.training.loop import Schedule
from tiefvision.triplets.deeprank_training import (
    TripletRules,
    count_steps,
    deeprank_task,
)
from tiefvision.triplets.networks import embed_with
from tiefvision.triplets.sampling import (
    POSITIVES,
    combine_queries,
    judged_within,
)
from tiefvision.triplets.starting import SHARE, blend, start_deeprank
from tiefvision.workspace.encoding import read_garment_cells
from tiefvision.workspace.fitting import fit_and_store
from tiefvision.workspace.garments import alterations_of, garments_reader
from tiefvision.workspace.job import Job, require_same_encoder
from tiefvision.workspace.maps import paths_with_maps
from tiefvision.workspace.provenance import file_hash
from tiefvision.workspace.records import all_judged, read_photos

VERSION = 4
READS = ("photos", "crops")
SHOWN = {
    "queries": "queries",
    "judged": "judged triplets",
    "judged_left_out": "judged triplets left out",
    "before.val_reciprocal_rank": "reciprocal rank (val) at the start",
    "last.val_reciprocal_rank": "reciprocal rank (val) at the end",
    "last.epoch": "epochs",
    "last.loss": "loss in the last epoch",
    "last.triplet_accuracy": "triplets in order, last epoch",
    "kept": "kept",
}

TINY = 1e-9
"""Rounding error allowed in the sum of two shares."""


@dataclass(frozen=True)
class Config:
    """Settings of the stage."""

    name: Annotated[str, "name of the ranker: deeprank, or deeprank-SUFFIX"] = DEEPRANK
    network: Annotated[str, "cells, deep or colour"] = COLOUR
    size: Annotated[
        int, f"length of an embedding, network colour; 0: {SIZE}", 0, 4096
    ] = 0
    share: Annotated[
        float,
        f"share of the training in the weights, else the start's; 0: {SHARE} for "
        "colour, 1 for others",
        0,
        1,
    ] = 0.0
    positives: Annotated[str, "item, view or class; or several: item,view"] = POSITIVES[
        0
    ]
    epochs: Annotated[int, "most epochs; each draws hard negatives again"] = 30
    patience: Annotated[
        int, "epochs without improvement before stopping; 0: never stop", 0
    ] = 10
    learning_rate: Annotated[float, "highest rate of AdamW"] = 3e-3
    margin: Annotated[float, "margin of the loss in degrees", 0.1, 180] = (
        TripletRules.margin
    )
    hardest: Annotated[int, "number of closest negatives to draw from"] = (
        TripletRules.hardest
    )
    close: Annotated[
        float, "share of negatives drawn from the closest, the others from all", 0, 1
    ] = TripletRules.close
    in_class: Annotated[
        float, "share of negatives of the query's category, if it has any", 0, 1
    ] = TripletRules.in_class
    out_of_class: Annotated[
        float, "share of negatives of another category; the rest are of any", 0, 1
    ] = TripletRules.out_of_class
    pool: Annotated[int, "photographs to draw negatives from in an epoch"] = (
        TripletRules.pool
    )
    batch: Annotated[int, "triplets in a batch"] = TripletRules.batch
    rounds: Annotated[int, "triplets of a query in an epoch"] = TripletRules.rounds
    triplets: Annotated[str, "triplets.csv with more judged triplets"] = ""


def sources(config: Config) -> dict[str, str]:
    """Digests of the files that the stage reads outside the workspace."""
    return {"triplets": file_hash(Path(config.triplets))} if config.triplets else {}


def artifact(config: Config) -> str:
    """Name of the artifact, that of the ranker; a workspace can hold several rankers.

    Raises:
        BadUsage: The name is not that of a DeepRank.
    """
    if ranker_kind(config.name) != RANKERS[DEEPRANK]:
        raise BadUsage(
            f"--name {config.name} is no {DEEPRANK}.", f"Use {DEEPRANK}-SUFFIX."
        )
    return config.name


def run(config: Config, job: Job) -> dict[str, Any]:
    """Train on the training split; keep the epoch that ranks validation best."""
    require_known("--network", config.network, NETWORKS)
    kinds = _kinds(config)
    size = _size(config)
    _check_shares(config)
    crops = job.read("crops")
    records = job.read("photos")
    encoder = require_same_encoder(crops)
    photos = read_photos(records)
    available = paths_with_maps(crops, photos)
    training = [
        photo for photo in photos if photo.split == "train" and photo.path in available
    ]
    queries = combine_queries(training, kinds)
    file = Path(config.triplets) if config.triplets else None
    found = all_judged(records, photos, file)
    judged = judged_within(found, training)
    left_out = len(found) - len(judged)
    if not queries and not judged:
        raise BadDataset(
            "The training split has no triplets: it needs two photographs of different "
            "items.",
            "Add photographs to the training split.",
        )
    alterations = alterations_of(crops)
    rules = _rules(config, alterations)
    garments_of = garments_reader(crops)
    details = {
        "network": config.network,
        "channels": architecture_named(encoder["name"]).channels,
        "colours": garments_of([View(training[0].path)]).colours.shape[1],
        "size": size,
        "share": _share(config),
    }
    views = [
        View(photo.path, alteration=number)
        for photo in training
        for number in range(alterations + 1)
    ]
    cells = read_garment_cells(crops)
    network = start_deeprank(details, views, garments_of, job.resources.device, cells)
    search = search_of_split(photos, "val", available, alterations)
    task = deeprank_task(network, queries, judged, search, garments_of, rules)
    schedule = Schedule(config.epochs, config.learning_rate, patience=config.patience)
    steps = count_steps(len(queries), len(judged), rules, len(kinds))

    def match() -> dict[str, Any]:
        asking = with_every_alteration(search, alterations)
        learnt = learn_matching(asking, garments_of, embed_with(network))
        return {"match": asdict(learnt) if learnt else None}

    settle = partial(blend, network, deepcopy(network.state_dict()), _share(config))
    figures = fit_and_store(job, task, schedule, steps, encoder, details, match, settle)
    if not search.queries:
        figures["kept"] = "the last epoch: validation has no queries"
    counted = {"judged": len(judged), "judged_left_out": left_out}
    return {"queries": len(queries), **counted, **figures, **_said(left_out)}


def _kinds(config: Config) -> tuple[str, ...]:
    """The kinds of positives, each once, in the order given.

    Raises:
        BadUsage: One is unknown.
    """
    kinds = tuple(dict.fromkeys(config.positives.split(",")))
    for kind in kinds:
        require_known("--positives", kind, POSITIVES)
    return kinds


def _rules(config: Config, alterations: int) -> TripletRules:
    return TripletRules(
        config.margin,
        config.hardest,
        config.close,
        config.pool,
        config.batch,
        config.rounds,
        alterations,
        config.in_class,
        config.out_of_class,
    )


def _said(left_out: int) -> dict[str, str]:
    text = f"{left_out} judged triplets with photographs outside the training split"
    return {"left_out": text} if left_out else {}


def _size(config: Config) -> int:
    """Length of an embedding of ``ColourRank``; others have the length of a map.

    Raises:
        BadUsage: The network is another one, or the size too small for two branches.
    """
    if config.size and config.network != COLOUR:
        raise BadUsage(
            f"--size is only for --network {COLOUR}: an embedding of {config.network} "
            "is as long as a map.",
            "Leave it out.",
        )
    if config.size == 1:
        raise BadUsage("--size 1 leaves a branch without numbers.", "Use 2 or more.")
    return config.size or SIZE


def _share(config: Config) -> float:
    """Share of the training in the weights that are stored."""
    return config.share or (SHARE if config.network == COLOUR else 1.0)


def _check_shares(config: Config) -> None:
    """Raises BadUsage if the shares of negatives contradict each other."""
    if config.in_class + config.out_of_class > 1 + TINY:
        raise BadUsage(
            f"--in-class {config.in_class:g} and --out-of-class "
            f"{config.out_of_class:g} are more than all negatives.",
            "Together they are at most 1.",
        )
    if config.in_class and _kinds(config) == ("class",):
        raise BadUsage(
            "With --positives class no negative is of the query's category.",
            "Leave --in-class out.",
        )
