import math

import pytest
import torch

from tiefvision.ranking.similarity import angle
from tiefvision.ranking.triplet_angles import triplet_angles


def unit_vectors(count, dtype=torch.float32):
    generator = torch.Generator().manual_seed(count)
    vectors = torch.randn(count, 7, generator=generator, dtype=dtype)
    return torch.nn.functional.normalize(vectors, dim=1).requires_grad_()


# The anchor of one is the negative of another, and one triplet comes twice.
TRIPLETS = torch.tensor([[0, 1, 2], [2, 3, 0], [4, 1, 3], [0, 1, 2]])


def test_they_are_the_angles_of_every_pair_and_so_are_their_slopes():
    ours, theirs = unit_vectors(6), unit_vectors(6)
    angles = triplet_angles(ours, TRIPLETS)
    anchor, positive, negative = (theirs[TRIPLETS[:, k]] for k in range(3))
    expected = torch.stack([angle(anchor, positive), angle(anchor, negative)], 1)
    torch.testing.assert_close(angles, expected, atol=1e-4, rtol=1e-5)
    pull = torch.arange(8.0).view(4, 2) - 3
    (angles * pull).sum().backward()
    (expected * pull).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-3, rtol=1e-5)
    assert not ours.grad[5].any()  # in no triplet


def test_slopes_are_those_of_small_differences():
    embeddings = unit_vectors(5, torch.float64)
    assert torch.autograd.gradcheck(
        lambda rows: triplet_angles(rows, TRIPLETS), [embeddings]
    )


def test_by_hand():
    right, up, left = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
    embeddings = torch.tensor([right, up, left])
    angles = triplet_angles(embeddings, torch.tensor([[0, 1, 2], [1, 1, 0]]))
    assert angles.tolist() == [
        pytest.approx([90, 180], abs=1e-3),
        pytest.approx([0, 90], abs=1e-3),
    ]
    shorter = torch.tensor([[0.5, 0.0], [0.0, 0.5]])  # half of the cells are zero
    angles = triplet_angles(shorter, torch.tensor([[0, 1, 1]]))
    assert angles.tolist() == [pytest.approx([90, 90], abs=1e-3)]


def test_small_angles_are_accurate():
    turn = math.radians(0.01)
    embeddings = torch.tensor([[1.0, 0.0], [math.cos(turn), math.sin(turn)]])
    angles = triplet_angles(embeddings, torch.tensor([[0, 1, 1]]))
    assert angles[0, 0].item() == pytest.approx(0.01, rel=1e-2)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_equal_and_opposite_vectors_hardly_pull(sign):
    first = unit_vectors(2).detach()[:1]
    embeddings = torch.cat([first, sign * first]).requires_grad_()
    triplet_angles(embeddings, torch.tensor([[0, 1, 1]])).sum().backward()
    slopes = embeddings.grad
    sideways = slopes - (slopes * first).sum(1, keepdim=True) * first
    assert sideways.abs().max() < 0.1  # other angles pull by 57 degrees
    assert slopes.isfinite().all()


def test_no_triplets():
    none = torch.empty(0, 3, dtype=torch.int64)
    assert triplet_angles(unit_vectors(3), none).shape == (0, 2)
