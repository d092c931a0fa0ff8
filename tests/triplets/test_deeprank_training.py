import math

import numpy as np
import pytest
import torch

from tiefvision.evaluation.searches import Search
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells
from tiefvision.records import View
from tiefvision.training.loop import Schedule, fit
from tiefvision.triplets.deeprank_training import (
    TripletRules,
    count_steps,
    deeprank_task,
    gather_batch,
)
from tiefvision.triplets.networks import DeepRank, embed_with
from tiefvision.triplets.sampling import Query, ViewTriplet

CHANNELS, GRID, SIGNAL = 8, 2, 4


class Wardrobe:
    """Two photographs of every item, which share half of their channels.

    The other channels are twice as strong and random in every photograph, so that a
    ranker has to learn to reduce them to tell the items apart.
    """

    def __init__(self, items, seed):
        generator = np.random.default_rng(seed)

        def noise(*shape):
            return generator.standard_normal((*shape, GRID, GRID), np.float32)

        signal = noise(items, SIGNAL)
        self.maps = {}
        for item in range(items):
            for number in range(2):
                parts = [signal[item], 2.0 * noise(CHANNELS - SIGNAL)]
                cells = normalise_cells(np.concatenate(parts)[None])[0]
                self.maps[View(f"{item}-{number}")] = cells
                self.maps[View(f"{item}-{number}", True)] = cells[:, :, ::-1]
        self.paths = [f"{item}-{number}" for item in range(items) for number in (0, 1)]
        self.reads = []

    def garments_of(self, views):
        self.reads.append(list(views))
        return GarmentBatch(np.stack([self.maps[view] for view in views]))

    def queries(self):
        return [
            Query(
                f"{path[:-1]}0",
                (f"{path[:-1]}1",),
                tuple(p for p in self.paths if p.split("-")[0] != path.split("-")[0]),
            )
            for path in self.paths[::2]
        ]

    def search(self):
        items = [path.split("-")[0] for path in self.paths]
        return Search(
            "item",
            tuple(View(path) for path in self.paths[::2]),
            tuple(items[::2]),
            tuple(View(path) for path in self.paths[1::2]),
            tuple(items[1::2]),
        )


NO_SEARCH = Search("mirror", (), (), (), ())


def test_gather_batch_reads_each_view_once():
    wardrobe = Wardrobe(4, seed=0)
    shared = View("0-0"), View("0-0", True), View("1-0")
    triplets = [
        ViewTriplet(*shared),
        ViewTriplet(shared[0], View("0-1"), shared[2]),
        ViewTriplet(shared[2], View("1-1"), shared[0]),
    ]
    batch = gather_batch(triplets, wardrobe.garments_of, DeepRank(CHANNELS))
    (read,) = wardrobe.reads
    assert len(read) == len(set(read)) == len(batch.garments.maps) == 5
    for triplet, rows in zip(triplets, batch.triplets, strict=True):
        for view, row in zip(triplet.views(), rows, strict=True):
            read_map = batch.garments.maps[row].numpy()
            np.testing.assert_array_equal(read_map, wardrobe.maps[view])


def test_each_view_of_a_batch_is_embedded_once():
    wardrobe = Wardrobe(4, seed=0)
    network = DeepRank(CHANNELS)
    seen = []
    network.register_forward_hook(lambda *parts: seen.append(len(parts[1][0].maps)))
    task = deeprank_task(
        network, [], _judged(), NO_SEARCH, wardrobe.garments_of, TripletRules(batch=10)
    )
    (batch,) = task.batches(np.random.default_rng(0))
    seen.clear()
    task.loss(batch)
    assert seen == [3]  # two triplets of three views


def _judged():
    first, second, third = View("0-0"), View("0-1"), View("1-0")
    return [ViewTriplet(first, second, third), ViewTriplet(second, first, third)]


def test_loss_and_accuracy_against_a_loop():
    wardrobe = Wardrobe(6, seed=1)
    rules = TripletRules(margin=15.0, batch=100)
    network = DeepRank(CHANNELS)
    task = deeprank_task(
        network, wardrobe.queries(), [], NO_SEARCH, wardrobe.garments_of, rules
    )
    (batch,) = task.batches(np.random.default_rng(0))
    figures = task.loss(batch)
    embeddings = network(batch.garments).detach()
    losses, right = [], []
    for anchor, *others in batch.triplets.tolist():
        positive, negative = (
            math.degrees(math.acos(embeddings[anchor] @ embeddings[row]))
            for row in others
        )
        losses.append(max(0.0, 15.0 + positive - negative))
        right.append(positive < negative)
    assert len(losses) == 6
    assert figures["loss"].item() == pytest.approx(np.mean(losses), abs=1e-3)
    assert figures["triplet_accuracy"].item() == pytest.approx(np.mean(right))


def test_epochs_hold_mined_and_judged_triplets():
    wardrobe = Wardrobe(5, seed=0)
    rules = TripletRules(batch=4, rounds=2)
    task = deeprank_task(
        DeepRank(CHANNELS),
        wardrobe.queries(),
        _judged(),
        NO_SEARCH,
        wardrobe.garments_of,
        rules,
    )
    batches = list(task.batches(np.random.default_rng(0)))
    assert sum(len(batch.triplets) for batch in batches) == 2 * (5 + 2)
    assert len(batches) == count_steps(5, 2, rules) == 4
    assert task.validate is None


def test_count_steps():
    rules = TripletRules(pool=50, batch=8, rounds=3)
    assert count_steps(0, 0, rules) == 0
    assert count_steps(9, 0, rules) == 3 * 2
    assert count_steps(1000, 6, rules) == 3 * 7  # (50 + 6) / 8
    assert count_steps(1000, 6, rules, kinds=2) == 3 * 14  # (2 * 50 + 6) / 8


def test_the_pool_bounds_the_photographs_compared():
    wardrobe = Wardrobe(30, seed=0)
    rules = TripletRules(pool=12, batch=100)
    task = deeprank_task(
        DeepRank(CHANNELS),
        wardrobe.queries(),
        [],
        NO_SEARCH,
        wardrobe.garments_of,
        rules,
    )
    list(task.batches(np.random.default_rng(0)))
    *compared, batch = wardrobe.reads
    assert {len(read) for read in compared} == {12}
    assert len(batch) <= 3 * 12


def test_negatives_are_mined_with_the_current_network():
    wardrobe = Wardrobe(12, seed=2)
    queries = wardrobe.queries()
    network = DeepRank(CHANNELS)
    rules = TripletRules(hardest=1, batch=100)
    task = deeprank_task(network, queries, [], NO_SEARCH, wardrobe.garments_of, rules)

    def mined():
        (batch,) = task.batches(np.random.default_rng(0))
        views = [wardrobe.reads[-1][row].path for row in batch.triplets.ravel()]
        return dict(zip(views[::3], views[2::3], strict=True))

    def closest():
        views = [View(path) for path in wardrobe.paths]
        embeddings = dict(
            zip(
                wardrobe.paths,
                embed_with(network)(wardrobe.garments_of(views)),
                strict=True,
            )
        )
        return {
            query.path: max(
                query.negatives,
                key=lambda path: embeddings[query.path] @ embeddings[path],
            )
            for query in queries
        }

    before = closest()
    assert mined() == before
    with torch.no_grad():
        network.mix.weight[1:] = 0  # only one channel is left
    assert mined() == closest() != before


def test_training_improves_the_ranking_of_unseen_items():
    """The network learns to reduce the channels of noise."""
    training, unseen = Wardrobe(60, seed=0), Wardrobe(40, seed=1)
    maps = training.maps | {
        View(f"new {view.path}", view.mirrored): cells
        for view, cells in unseen.maps.items()
    }
    search = unseen.search()
    search = Search(
        "item",
        tuple(View(f"new {view.path}") for view in search.queries),
        search.query_items,
        tuple(View(f"new {view.path}") for view in search.gallery),
        search.gallery_items,
    )
    network = DeepRank(CHANNELS)
    rules = TripletRules(hardest=10)
    task = deeprank_task(
        network,
        training.queries(),
        [],
        search,
        lambda views: GarmentBatch(np.stack([maps[view] for view in views])),
        rules,
    )
    steps = count_steps(60, 0, rules)
    history = fit(task, Schedule(40, 0.01), steps, seed=0)
    figure = "val_reciprocal_rank"
    best = max(row[figure] for row in history)
    assert best > history[0][figure] + 0.2
    assert task.validate()[figure] == best  # the weights that rank best are kept
    # Accuracy rises although the triplets, mined anew in every epoch, get harder.
    assert history[-1]["triplet_accuracy"] > history[1]["triplet_accuracy"] + 0.05


def test_the_best_weights_are_kept_if_training_does_harm():
    wardrobe = Wardrobe(6, seed=0)
    swapped = [
        ViewTriplet(View(f"{i}-0"), View(f"{(i + 1) % 6}-1"), View(f"{i}-1"))
        for i in range(6)
    ]
    # With little noise every query finds its item before training.
    for view in wardrobe.maps:
        wardrobe.maps[view][SIGNAL:] *= 0.3
    network = DeepRank(CHANNELS)
    task = deeprank_task(
        network,
        [],
        swapped,
        wardrobe.search(),
        wardrobe.garments_of,
        TripletRules(30.0),
    )
    assert task.validate()["val_reciprocal_rank"] == 1.0
    history = fit(task, Schedule(30, 0.1, warm_up=0.0), steps=1, seed=0)
    assert history[-1]["val_reciprocal_rank"] < 1.0
    assert task.validate()["val_reciprocal_rank"] == 1.0
