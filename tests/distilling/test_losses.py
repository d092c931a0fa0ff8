import math

import pytest
import torch
from torch.nn import functional

from tiefvision.distilling.losses import (
    agreement_loss,
    class_loss,
    direction_loss,
    histogram_loss,
    relation_loss,
)


def unit_rows(count, size=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(count, size, generator=generator), dim=1)


def test_direction_loss_does_not_depend_on_lengths():
    predicted = torch.tensor([[3.0, 0.0], [0.0, 5.0]])
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert direction_loss(predicted, target).item() == pytest.approx(0.5)


def softmax_without_self(similarities, temperature):
    rows = []
    for i, row in enumerate(similarities.tolist()):
        powers = [
            0.0 if j == i else math.exp(value / temperature)
            for j, value in enumerate(row)
        ]
        rows.append([power / sum(powers) for power in powers])
    return rows


def test_relation_loss_against_a_loop():
    embeddings, wanted = unit_rows(6), unit_rows(6, seed=1)
    found, target = (rows @ rows.T for rows in (embeddings, wanted))
    expected = 0.0
    for i in range(6):
        others = [j for j in range(6) if j % 3 != i % 3]
        p, q = (
            torch.tensor([table[i, j] / 0.3 for j in others]).softmax(dim=0)
            for table in (target, found)
        )
        expected += (p * (p / q).log()).sum().item()
    assert relation_loss(embeddings, target, 0.3).item() == pytest.approx(
        expected / 6, abs=1e-5
    )


def test_relation_loss_of_the_target_is_zero():
    rows = unit_rows(6)
    assert relation_loss(rows, rows @ rows.T, 0.1).item() == pytest.approx(0, abs=1e-5)


def test_agreement_loss_against_a_loop():
    embeddings = unit_rows(6)
    q = softmax_without_self(embeddings @ embeddings.T, 0.5)
    expected = -sum(math.log(q[i][(i + 3) % 6]) for i in range(6)) / 6
    assert agreement_loss(embeddings, 0.5).item() == pytest.approx(expected, abs=1e-5)


def test_class_loss_worked_by_hand():
    # Photographs a, b of class 0 and c of class 1, in two equal views each.
    a, b, c = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    embeddings = torch.stack([a, b, c, a, b, c])
    classes = torch.tensor([0, 0, 1, 0, 0, 1])
    # a is compared with b, b (cosine 0) and c, c (cosine -1), b with a, a and c, c
    # (all cosine 0); c has no other photograph of its class.
    from_a = math.log(2 * 1 + 2 * math.exp(-1))
    from_b = math.log(2 * 1 + 2 * 1)
    expected = (2 * from_a + 2 * from_b) / 6
    assert class_loss(embeddings, classes, 1.0).item() == pytest.approx(expected)


def test_class_loss_ignores_unknown_classes():
    embeddings = unit_rows(8)
    classes = torch.tensor([0, 0, 1, -1] * 2)
    known = embeddings[classes >= 0]
    assert class_loss(embeddings, classes, 0.2).item() == pytest.approx(
        class_loss(known, torch.tensor([0, 0, 1] * 2), 0.2).item()
    )


def test_class_loss_of_only_unknown_classes_is_zero():
    embeddings = unit_rows(4).requires_grad_()
    loss = class_loss(embeddings, torch.full((4,), -1), 0.1)
    loss.backward()
    assert loss.item() == 0.0
    assert embeddings.grad.abs().max() == 0.0


def test_histogram_loss_is_zero_only_for_the_true_histogram():
    histograms = torch.tensor([0.5, 0.25, 0.25, 0.0]).view(1, 4, 1, 1)
    right = histograms.clamp_min(1e-9).log()
    assert histogram_loss(right, histograms).item() == pytest.approx(0, abs=1e-6)
    assert histogram_loss(torch.zeros_like(right), histograms).item() > 0.2
