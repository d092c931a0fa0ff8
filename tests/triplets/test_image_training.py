"""The task of a network of the literature, against plain loops."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tiefvision.evaluation.searches import Search
from tiefvision.networks.building import build_network
from tiefvision.networks.ranker import embed_with
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.records import View
from tiefvision.training.loop import Schedule, fit
from tiefvision.training.processes import Processes
from tiefvision.training.schedules import SteppedSchedule
from tiefvision.triplets import image_training
from tiefvision.triplets.image_training import (
    ImageTraining,
    embed_images,
    embedding_time,
    evaluating,
    gather_part,
    in_order,
    number_views,
    schedule_of,
)
from tiefvision.triplets.recipes import Recipe
from tiefvision.triplets.sampling import ViewTriplet

NAMES = "abcdef"
PLAIN = Recipe(batch=4, augmentation="none", backbone="random", learning_rate=0.01)


def pixels_of(view):
    """Noise of 32 x 32, the same for a view each time."""
    seed = [ord(view.path), int(view.mirrored)]
    drawn = np.random.default_rng(seed).integers(0, 256, (32, 32, 3))
    return drawn.astype(np.uint8)


def garments_of(views):
    return GarmentBatch(pixels=np.stack([pixels_of(view) for view in views]))


def triplet(text):
    return ViewTriplet(*(View(name) for name in text))


TRIPLETS = [triplet(text) for text in ("abc", "abd", "bce", "cda", "def", "efa", "fab")]


def training(recipe=PLAIN, name="512_no_dropout", **options):
    network = build_network(name, 1 / 32).eval()
    return ImageTraining(
        network,
        recipe,
        lambda generator: TRIPLETS,
        TRIPLETS[:3],
        garments_of,
        **options,
    )


def drawn_batches(images, seed=0):
    return list(images.task().batches(np.random.default_rng(seed)))


def test_views_are_numbered_once():
    views, rows = number_views(TRIPLETS[:2])
    assert [view.path for view in views] == ["a", "b", "c", "d"]
    assert rows.tolist() == [[0, 1, 2], [0, 1, 3]]
    part = gather_part(TRIPLETS[:2], garments_of, whole=9, seed=3)
    assert part.pixels.shape == (4, 32, 32, 3) and part.triplets == 9
    assert np.array_equal(part.pixels[2], pixels_of(View("c")))


def test_an_epoch_holds_every_triplet_once_in_another_order():
    first, second = (drawn_batches(training(), seed) for seed in (0, 1))
    for batches in (first, second):
        assert [part.triplets for ((part, _),) in batches] == [4, 3]
        assert [share for ((_, share),) in batches] == [1.0, 1.0]
    assert names_in(first) == names_in(second) == sorted(map(named, TRIPLETS))
    assert not np.array_equal(first[0][0][0].rows, second[0][0][0].rows)


def named(one):
    return "".join(view.path for view in one.views())


def names_in(batches):
    """The triplets of batches, told by the pixels of their parts."""
    known = {pixels_of(View(name)).tobytes(): name for name in NAMES}
    found = [
        "".join(known[part.pixels[row].tobytes()] for row in rows)
        for batch in batches
        for part, share in batch
        for rows in part.rows
        if share
    ]
    return sorted(found)


@pytest.mark.parametrize(("size", "accumulate"), [(1, 3), (2, 1), (2, 2), (5, 1)])
def test_a_batch_is_divided_among_processes_and_parts(size, accumulate):
    images = training(accumulate=accumulate)
    every = []
    for rank in range(size):
        own = replace(images, processes=Processes(rank, size))
        parts = [own._own_parts((TRIPLETS[start : start + 4], 7)) for start in (0, 4)]
        assert all(len(batch) <= accumulate for batch in parts)
        every += parts
    assert names_in(every) == sorted(map(named, TRIPLETS))
    # DistributedDataParallel takes the mean over the processes.
    shares = sum(share for batch in every for _, share in batch) / size
    assert shares == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("loss", "reduction"),
    [("hinge", "mean"), ("squared_hinge", "sum"), ("contrastive", "mean")],
)
def test_the_loss_of_a_batch_against_a_loop(loss, reduction):
    recipe = replace(PLAIN, loss=loss, reduction=reduction, margin=0.05)
    images = training(recipe)
    part = gather_part(TRIPLETS, garments_of, len(TRIPLETS), 0)
    outputs = embed_images(images.network, part.pixels).double()
    total, right = 0.0, 0
    for anchor, positive, negative in part.rows.tolist():
        near = float((outputs[anchor] - outputs[positive]).norm())
        far = float((outputs[anchor] - outputs[negative]).norm())
        right += near < far
        if loss == "hinge":
            total += max(0.0, 0.05 + near - far)
        elif loss == "squared_hinge":
            total += max(0.0, 0.05 + near**2 - far**2)
        else:
            total += (near**2 + max(0.0, 0.05 - far) ** 2) / 2
    figures = {name: value.detach() for name, value in images.task().loss(part).items()}
    expected = total if reduction == "sum" else total / len(TRIPLETS)
    assert float(figures["loss"]) == pytest.approx(expected, rel=1e-3)
    assert float(figures["triplet_accuracy"]) == pytest.approx(right / len(TRIPLETS))


def test_equal_outputs_are_not_in_order():
    assert in_order(torch.ones(3, 2), torch.tensor([[0, 1, 2]])).tolist() == [False]


def test_validation_is_the_mean_over_its_triplets():
    images = training(replace(PLAIN, reduction="mean"))
    part = gather_part(TRIPLETS[:3], garments_of, 3, 0)
    figures = {name: value.detach() for name, value in images.task().loss(part).items()}
    found = images.task().validate()
    assert found["val_loss"] == pytest.approx(float(figures["loss"]), rel=1e-4)
    accuracy = float(figures["triplet_accuracy"])
    assert found["val_triplet_accuracy"] == pytest.approx(accuracy)


SEARCH = Search(
    "mirror",
    tuple(View(name, mirrored=True) for name in "abcd"),
    tuple("abcd"),
    tuple(View(name) for name in NAMES),
    tuple(NAMES),
)
"""Noise searches for other noise, so that ranks are by chance."""


@pytest.mark.parametrize("block", [2, 64])
def test_validation_by_search_is_the_mean_reciprocal_rank(monkeypatch, block):
    monkeypatch.setattr(image_training, "BLOCK", block)
    images = training(search=SEARCH)
    embed = embed_with(images.network)
    queries, gallery = (
        embed(garments_of(views)) for views in (SEARCH.queries, SEARCH.gallery)
    )
    expected = 0.0
    for number, query in enumerate(queries):
        cosines = [float(query @ row) for row in gallery]
        rank = sum(cosine >= cosines[number] for cosine in cosines)
        expected += 1 / rank / len(queries)
    assert 0 < expected < 1
    found = images.task().validate()
    assert found["val_reciprocal_rank"] == pytest.approx(expected)
    assert found["val_triplet_accuracy"] <= 1  # as before, beside it


def test_the_search_of_the_validation_selects_before_its_triplets():
    images = training(search=SEARCH)
    assert images.task().selection_figure == "val_reciprocal_rank"
    alone = replace(images, validation=()).task()
    assert list(alone.validate()) == ["val_reciprocal_rank"]
    nobody = replace(SEARCH, queries=(), query_items=())
    for search in (nobody, None):
        task = training(search=search).task()
        assert task.selection_figure == "val_triplet_accuracy"
        assert "val_reciprocal_rank" not in task.validate()


def test_the_weights_that_rank_best_are_kept_although_no_triplet_tells():
    # Every validation triplet is in order from the start: its positive is its query.
    easy = [ViewTriplet(View("a"), View("a"), View("b"))]
    recipe = replace(PLAIN, epochs=5, learning_rate=0.3, reduction="mean")
    images = replace(training(recipe, search=SEARCH), validation=easy)
    task = images.task()
    history = fit(task, schedule_of(recipe), 2, seed=0)
    assert {row["val_triplet_accuracy"] for row in history} == {1.0}
    figures = [row["val_reciprocal_rank"] for row in history]
    assert figures[-1] < max(figures)
    assert task.validate()["val_reciprocal_rank"] == max(figures)


def test_without_validation_the_last_weights_are_kept():
    task = replace(training(), validation=()).task()
    assert task.validate is None and task.selection_figure == ""


def test_the_recipe_becomes_the_task():
    recipe = replace(PLAIN, optimiser="sgd", momentum=0.5, bias_rate=2.0)
    task = training(recipe, "mildnet").task()
    assert task.optimiser.name == "sgd" and task.optimiser.momentum == 0.5
    assert task.hinged and not training(replace(recipe, reduction="sum")).task().hinged
    assert set(task.rates.values()) == {2.0}
    biases = {name for name, _ in task.module.named_parameters() if "bias" in name}
    assert set(task.rates) == biases
    assert training().task().rates == {}


def test_accumulation_trains_as_the_whole_batch():
    networks = []
    for accumulate in (1, 3):
        images = training(accumulate=accumulate)
        fit(images.task(), schedule_of(replace(PLAIN, epochs=2)), 2, seed=0)
        networks.append(images.network)
    whole, parts = ([p for _, p in network.named_parameters()] for network in networks)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-3)


def test_the_loss_falls():
    images = training(replace(PLAIN, reduction="mean", batch=7, learning_rate=0.1))
    history = fit(images.task(), schedule_of(replace(PLAIN, epochs=4)), 1, seed=0)
    assert history[-1]["loss"] < history[1]["loss"]
    assert len(images.took) == 4 and min(images.took) > 0


def test_augmentation_is_drawn_for_each_batch_by_its_seed():
    images = training(replace(PLAIN, augmentation="affine"))
    losses = []
    for seed in (1, 1, 2):
        part = gather_part(TRIPLETS, garments_of, len(TRIPLETS), seed)
        losses.append(float(images.task().loss(part)["loss"].detach()))
    assert losses[0] == losses[1] != losses[2]


def test_mixed_precision_is_close_to_float32():
    part = gather_part(TRIPLETS, garments_of, len(TRIPLETS), 0)
    whole, half = (
        training(dtype=dtype).task().loss(part)["loss"].detach()
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert half.dtype == torch.float32
    assert float(half) == pytest.approx(float(whole), abs=0.02)


def test_dropout_is_off_where_a_network_is_asked():
    network = build_network("512_512", 1 / 32).train()
    pixels = garments_of([View("a"), View("b")]).pixels
    with evaluating(network):
        first, second = (embed_images(network, pixels) for _ in range(2))
    assert torch.equal(first, second) and network.training
    assert first.shape == (2, network.size)
    assert embedding_time(network.eval(), garments_of([View("a")])) > 0


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", SteppedSchedule(6, 1e-3, 0.5, parts=1)),
        ("steps", SteppedSchedule(6, 1e-3, 0.5, parts=3)),
        ("cosine", Schedule(6, 1e-3, 0.5)),
    ],
)
def test_the_schedule_of_a_recipe(schedule, expected):
    recipe = Recipe(epochs=6, schedule=schedule, parts=3, weight_decay=0.5)
    assert schedule_of(recipe) == expected
