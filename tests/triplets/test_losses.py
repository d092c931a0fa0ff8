import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from tiefvision.errors import BadUsage
from tiefvision.triplets.losses import (
    HINGES,
    LOSSES,
    REDUCTIONS,
    euclidean_distances,
    reduced,
    require_loss,
    squared_distances,
    triplet_losses,
)
from tiefvision.triplets.recipes import WITHOUT_MARGIN

MARGINS = {"hinge": 1.0, "squared_hinge": 2.0, "angle_hinge": 20.0, "contrastive": 3.0}


def points(count=12, seed=0):
    return torch.randn(count, 5, generator=torch.Generator().manual_seed(seed))


def rows_of(count=30, views=12, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack(
        [torch.randperm(views, generator=generator) for _ in range(count)]
    )[:, :3]


def distance(one, other):
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


def angle(one, other):
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    nothing = [0.0] * len(one)
    cosine = dot / (distance(one, nothing) * distance(other, nothing))
    return math.degrees(math.acos(cosine))


def by_hand(name, q, p, n, margin):
    """The loss of one triplet of plain lists."""
    near, far, between = distance(q, p), distance(q, n), distance(p, n)
    if name == "hinge":
        return max(0.0, margin + near - far)
    if name == "squared_hinge":
        return max(0.0, margin + near**2 - far**2)
    if name == "angle_hinge":
        return max(0.0, margin + angle(q, p) - angle(q, n))
    if name == "contrastive":
        return (near**2 + max(0.0, margin - far) ** 2) / 2
    nearest = min(far, between)
    total = math.exp(near) + math.exp(nearest)
    return (math.exp(near) / total) ** 2 + (math.exp(nearest) / total - 1) ** 2


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_against_a_loop(name):
    embeddings, rows = points(), rows_of()
    margin = MARGINS.get(name, 0.0)
    lists = embeddings.tolist()
    expected = [
        by_hand(name, *(lists[row] for row in triple), margin)
        for triple in rows.tolist()
    ]
    losses = triplet_losses(name, embeddings, rows, margin)
    assert losses.tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4)
    if name in HINGES:
        assert 0 < expected.count(0.0) < len(expected)


@pytest.mark.parametrize("margin", [0.05, 1.0])
def test_the_hinge_is_that_of_torch(margin):
    embeddings, rows = points(), rows_of()
    theirs = nn.TripletMarginLoss(margin, eps=0.0, reduction="none")
    torch.testing.assert_close(
        triplet_losses("hinge", embeddings, rows, margin), theirs(*embeddings[rows.T])
    )


@pytest.mark.parametrize(("name", "power"), [("hinge", 1), ("squared_hinge", 2)])
def test_the_hinges_are_those_of_pytorch_metric_learning(name, power):
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning import distances, losses, reducers

    embeddings, rows = points(), rows_of()
    theirs = losses.TripletMarginLoss(
        margin=MARGINS[name],
        distance=distances.LpDistance(normalize_embeddings=False, power=power),
        reducer=reducers.MeanReducer(),
    )(embeddings, indices_tuple=tuple(rows.T))
    mine = triplet_losses(name, embeddings, rows, MARGINS[name]).mean()
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_where_embeddings_coincide(name):
    embeddings = points(3)
    embeddings[1] = embeddings[2] = embeddings[0]
    embeddings.requires_grad_()
    triplet_losses(name, embeddings, torch.tensor([[0, 1, 2]]), 1.0).sum().backward()
    assert embeddings.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_along_the_gradient_lowers_the_loss(name):
    embeddings, rows = points().requires_grad_(), rows_of()
    margin = MARGINS.get(name, 0.0)
    before = triplet_losses(name, embeddings, rows, margin).mean()
    before.backward()
    moved = embeddings.detach() - 0.01 * functional.normalize(embeddings.grad, dim=1)
    assert triplet_losses(name, moved, rows, margin).mean() < before


def test_the_gradient_of_the_hinge_is_that_of_torch():
    mine, theirs = points().requires_grad_(), points().requires_grad_()
    rows = rows_of()
    triplet_losses("hinge", mine, rows, 1.0).mean().backward()
    nn.TripletMarginLoss(1.0, eps=0.0)(*theirs[rows.T]).backward()
    torch.testing.assert_close(mine.grad, theirs.grad)


def test_distances_worked_by_hand():
    embeddings = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
    rows = torch.tensor([[0, 1, 2], [2, 0, 1]])
    squares = squared_distances(embeddings, rows)
    assert squares.tolist() == [[25, 4, 13], [4, 13, 25]]
    torch.testing.assert_close(euclidean_distances(embeddings, rows), squares.sqrt())


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_parts_of_a_batch_add_up_to_it(reduction):
    losses = torch.tensor([1.0, -2.0, 3.0, 5.0])
    whole = reduced(losses, reduction, 4)
    halves = [reduced(part, reduction, 4) for part in losses.split(2)]
    assert (0.5 * halves[0] + 0.5 * halves[1]).item() == pytest.approx(whole.item())
    assert whole.item() == (7.0 if reduction == "sum" else 1.75)


def test_a_margin_changes_every_loss_but_those_that_are_named_without():
    embeddings = torch.randn(6, 4, generator=torch.Generator().manual_seed(3))
    rows = torch.tensor([[0, 1, 2], [3, 4, 5]])
    same = [
        name
        for name in LOSSES
        if torch.equal(*(triplet_losses(name, embeddings, rows, m) for m in (0.1, 90)))
    ]
    assert same == list(WITHOUT_MARGIN)


def test_an_unclipped_hinge_may_be_negative():
    rows, embeddings = torch.tensor([[0, 0, 1]]), torch.tensor([[0.0], [3.0]])
    options = ("hinge", embeddings, rows, 1.0)
    assert triplet_losses(*options, clip=False).item() == pytest.approx(-2.0, abs=1e-5)
    assert triplet_losses(*options).item() == 0.0


def test_an_unknown_loss_or_a_mean_without_a_hinge_is_refused():
    require_loss("hinge", "hinge_of_mean")
    with pytest.raises(BadUsage, match="--loss triplet is unknown"):
        require_loss("triplet", "mean")
    with pytest.raises(BadUsage, match="--reduction all is unknown"):
        require_loss("hinge", "all")
    with pytest.raises(BadUsage, match="contrastive has no hinge"):
        require_loss("contrastive", "hinge_of_mean")
