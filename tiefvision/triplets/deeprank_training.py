"""Training of DeepRank on triplets, whose hard negatives its own ranking selects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.ahead import read_ahead
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import GarmentsOf
from tiefvision.ranking.views import similarity_table
from tiefvision.records import View
from tiefvision.training.loop import Figures, Task
from tiefvision.triplets.angles import triplet_angles
from tiefvision.triplets.garment_tensors import GarmentTensors, to_tensors
from tiefvision.triplets.losses import hinge
from tiefvision.triplets.networks import RankNetwork, device_of, embed_with
from tiefvision.triplets.sampling import Hardness, Query, ViewTriplet, mine_triplets
from tiefvision.triplets.validation import RECIPROCAL_RANK, search_figures


@dataclass(frozen=True)
class TripletRules:
    """How triplets are sampled, and the margin of their loss.

    Attributes:
        margin: degrees by which the positive must be closer than the negative. Hard
            negatives of one catalogue are 10 to 20 degrees farther than a good
            positive. The slides use 90, which no pair of garments reaches, so that the
            loss never becomes 0.
        hardest: number of closest candidates from which a hard negative is drawn.
        close: share of negatives, in [0, 1], that are hard; the others are drawn from
            all candidates. Published systems draw 70 to 80 % from other classes.
        pool: most photographs compared in one epoch to find hard negatives.
        batch: triplets in a batch.
        rounds: number of passes over the queries in an epoch.
        alterations: number of altered views of each photograph.
        in_class: share of negatives of the query's category; see ``Hardness``.
        out_of_class: share of negatives of other categories; see ``Hardness``.
    """

    margin: float = 20.0
    hardest: int = 10
    close: float = 1.0
    pool: int = 2000
    batch: int = 32
    rounds: int = 1
    alterations: int = 0
    in_class: float = 0.0
    out_of_class: float = 0.0


@dataclass(frozen=True, eq=False)
class TripletBatch:
    """Triplets over distinct views, so that each view is embedded once.

    Attributes:
        garments: crops of the V distinct views.
        triplets: rows of anchor, positive and negative in ``garments``, (T, 3) int64.
    """

    garments: GarmentTensors
    triplets: NDArray[np.int64]


def deeprank_task(
    network: RankNetwork,
    queries: Sequence[Query],
    judged: Sequence[ViewTriplet],
    validation: Search,
    garments_of: GarmentsOf,
    rules: TripletRules,
) -> Task:
    """The training task of a network with the angle hinge loss.

    The weights with the highest mean reciprocal rank on the validation search are kept;
    if that search has no queries, those of the last epoch.

    Args:
        network: network to train, changed in place.
        queries: training photographs and what they may form triplets with.
        judged: triplets of a file, which are part of every epoch.
        validation: search among photographs that are not trained on.
        garments_of: reader of the crops of views.
        rules: how triplets are sampled, and the margin.
    """

    def batches(generator: np.random.Generator) -> Iterator[TripletBatch]:
        for _ in range(rules.rounds):
            mined = _mine(network, queries, garments_of, rules, generator)
            triplets = [*mined, *judged]
            order = generator.permutation(len(triplets))
            chosen = [
                [triplets[number] for number in order[start : start + rules.batch]]
                for start in range(0, len(order), rules.batch)
            ]
            # A second thread reads the next batch while the network trains on this one.
            yield from read_ahead(
                lambda part: gather_batch(part, garments_of, network), chosen, 1
            )

    def loss(batch: TripletBatch) -> dict[str, Tensor]:
        embeddings = network(batch.garments)
        rows = torch.from_numpy(batch.triplets).to(embeddings.device)
        angles = triplet_angles(embeddings, rows)
        right = angles[:, 0] < angles[:, 1]
        return {
            "loss": hinge(angles, rules.margin).mean(),
            "triplet_accuracy": right.float().mean(),
        }

    def validate() -> Figures:
        table = similarity_table(
            validation.queries, validation.gallery, garments_of, embed_with(network)
        )
        return search_figures(table, validation)

    if not validation.queries:
        return Task(network, batches, loss)
    return Task(network, batches, loss, validate, selection_figure=RECIPROCAL_RANK)


def count_steps(queries: int, judged: int, rules: TripletRules, kinds: int = 1) -> int:
    """The most batches of an epoch.

    Args:
        queries: number of queries.
        judged: number of triplets of a file.
        rules: how triplets are sampled.
        kinds: number of kinds of positives, the most queries of one photograph.
    """
    mined = min(queries, rules.pool * kinds)
    return rules.rounds * -(-(mined + judged) // rules.batch)


def gather_batch(
    triplets: Sequence[ViewTriplet], garments_of: GarmentsOf, network: RankNetwork
) -> TripletBatch:
    """Read what a network needs of each distinct view of triplets, on its device."""
    names = [triplet.views() for triplet in triplets]
    views = sorted({view for triple in names for view in triple})
    row = {view: number for number, view in enumerate(views)}
    rows = np.array([[row[view] for view in triple] for triple in names])
    garments = to_tensors(garments_of(views), network.needs, device_of(network))
    return TripletBatch(garments, rows)


def _mine(
    network: RankNetwork,
    queries: Sequence[Query],
    garments_of: GarmentsOf,
    rules: TripletRules,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw triplets with hard negatives among at most ``rules.pool`` photographs."""
    galleries = {id(query.gallery): query.gallery for query in queries}.values()
    paths = sorted({query.path for query in queries}.union(*galleries))
    if len(paths) > rules.pool:
        chosen = generator.choice(len(paths), rules.pool, replace=False)
        paths = [paths[number] for number in sorted(chosen)]
    views = [View(path) for path in paths]
    table = similarity_table(views, views, garments_of, embed_with(network))
    hardness = Hardness(rules.hardest, rules.close, rules.in_class, rules.out_of_class)
    return mine_triplets(queries, paths, table, hardness, rules.alterations, generator)
