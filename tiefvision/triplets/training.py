"""What DeepRank learns from: triplets that its own ranking makes hard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tiefvision.ahead import read_ahead
from tiefvision.evaluation.retrieval import ranks_of_first_hit, reciprocal_rank
from tiefvision.evaluation.searches import Search
from tiefvision.ranking.deeprank import RankNetwork, angle_hinge
from tiefvision.ranking.garments import GarmentBatch, GarmentsOf
from tiefvision.ranking.views import similarity_table
from tiefvision.records import View
from tiefvision.training.loop import Figures, Task
from tiefvision.triplets.angles import triplet_angles
from tiefvision.triplets.sampling import Hardness, Query, ViewTriplet, mine_triplets


@dataclass(frozen=True)
class TripletRules:
    """How triplets are made and judged.

    Attributes:
        margin: Degrees by which the positive must be closer. Hard negatives of one
            catalogue lie some 10 to 20 degrees behind a good positive; the slides draw
            90, which no pair of garments reaches and which never stops pulling.
        hardest: A negative is drawn from so many of the closest.
        close: Share of negatives that are drawn so; the others come from all, as the
            70 to 80 % from other classes of the published systems do.
        pool: Photographs compared for that in one epoch, at most.
        batch: Triplets in a batch.
        rounds: Times an epoch goes through its queries.
        alterations: Altered views that each photograph has.
        in_class: Share of negatives of the query's category; see ``Hardness``.
        out_of_class: Share of negatives of another one.
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
    """Triplets over views that are transformed once, however often they occur.

    Attributes:
        garments: V views.
        triplets: (T, 3) rows of anchor, positive and negative in ``garments``.
    """

    garments: GarmentBatch
    triplets: NDArray[np.int64]


def deeprank_task(
    network: RankNetwork,
    queries: Sequence[Query],
    judged: Sequence[ViewTriplet],
    validation: Search,
    garments_of: GarmentsOf,
    rules: TripletRules,
) -> Task:
    """Train a network by the angle hinge; the weights that rank best are kept.

    Args:
        network: Trained in place.
        queries: What training photographs may be paired with.
        judged: Triplets of a file, which take part in every epoch.
        validation: A search on photographs that are not trained on.
        garments_of: Reads the crops of views.
        rules: How triplets are made.
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
            # Read in a second thread while the last batch is learnt from.
            yield from read_ahead(
                lambda part: gather_batch(part, garments_of), chosen, 1
            )

    def loss(batch: TripletBatch) -> dict[str, Tensor]:
        embeddings = network(batch.garments)
        rows = torch.from_numpy(batch.triplets).to(embeddings.device)
        angles = triplet_angles(embeddings, rows)
        right = angles[:, 0] < angles[:, 1]
        return {
            "loss": angle_hinge(angles, rules.margin).mean(),
            "triplet_accuracy": right.float().mean(),
        }

    def validate() -> Figures:
        table = similarity_table(
            validation.queries, validation.gallery, garments_of, network
        )
        ranks = ranks_of_first_hit(
            table, validation.query_items, validation.gallery_items
        )
        return {"val_reciprocal_rank": float(reciprocal_rank(ranks).mean())}

    if not validation.queries:
        return Task(network, batches, loss)
    return Task(network, batches, loss, validate, better="val_reciprocal_rank")


def count_steps(queries: int, judged: int, rules: TripletRules, kinds: int = 1) -> int:
    """Batches of an epoch, at most, where a photograph asks in so many kinds."""
    mined = min(queries, rules.pool * kinds)
    return rules.rounds * -(-(mined + judged) // rules.batch)


def gather_batch(
    triplets: Sequence[ViewTriplet], garments_of: GarmentsOf
) -> TripletBatch:
    """Read each view of some triplets once, but for the pixels."""
    names = [triplet.views() for triplet in triplets]
    views = sorted({view for triple in names for view in triple})
    row = {view: number for number, view in enumerate(views)}
    rows = np.array([[row[view] for view in triple] for triple in names])
    read = garments_of(views)
    return TripletBatch(GarmentBatch(read.maps, read.colours), rows)


def _mine(
    network: RankNetwork,
    queries: Sequence[Query],
    garments_of: GarmentsOf,
    rules: TripletRules,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    galleries = {id(query.gallery): query.gallery for query in queries}.values()
    paths = sorted({query.path for query in queries}.union(*galleries))
    if len(paths) > rules.pool:
        chosen = generator.choice(len(paths), rules.pool, replace=False)
        paths = [paths[number] for number in sorted(chosen)]
    views = [View(path) for path in paths]
    table = similarity_table(views, views, garments_of, network)
    hardness = Hardness(rules.hardest, rules.close, rules.in_class, rules.out_of_class)
    return mine_triplets(queries, paths, table, hardness, rules.alterations, generator)
