import math

import pytest
import torch

from tiefvision.triplets.angles import TINY, triplet_angles


def angle(embeddings, others):
    """Angles in degrees of pairs of rows by the definition, left to autograd."""
    apart = ((embeddings - others).square().sum(dim=1) + TINY).sqrt()
    along = ((embeddings + others).square().sum(dim=1) + TINY).sqrt()
    return torch.rad2deg(2.0 * torch.atan2(apart, along))


def dot(first, second):
    return sum(a * b for a, b in zip(first, second, strict=True))


def unit_vectors(count, dtype=torch.float32):
    generator = torch.Generator().manual_seed(count)
    vectors = torch.randn(count, 7, generator=generator, dtype=dtype)
    return torch.nn.functional.normalize(vectors, dim=1).requires_grad_()


# One anchor is also a negative, and one triplet occurs twice.
TRIPLETS = torch.tensor([[0, 1, 2], [2, 3, 0], [4, 1, 3], [0, 1, 2]])


def test_angles_and_gradients_against_autograd():
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


def test_gradients_against_finite_differences():
    embeddings = unit_vectors(5, torch.float64)
    assert torch.autograd.gradcheck(
        lambda rows: triplet_angles(rows, TRIPLETS), [embeddings]
    )


def test_angles_worked_by_hand():
    right, up, left = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]
    embeddings = torch.tensor([right, up, left])
    angles = triplet_angles(embeddings, torch.tensor([[0, 1, 2], [1, 1, 0]]))
    assert angles.tolist() == [
        pytest.approx([90, 180], abs=1e-3),
        pytest.approx([0, 90], abs=1e-3),
    ]
    # Shorter than unit length, as embeddings with cells of zeros are.
    shorter = torch.tensor([[0.5, 0.0], [0.0, 0.5]])
    angles = triplet_angles(shorter, torch.tensor([[0, 1, 1]]))
    assert angles.tolist() == [pytest.approx([90, 90], abs=1e-3)]


def test_angles_against_the_arc_cosine():
    embeddings = unit_vectors(6).detach()
    rows = embeddings.double().tolist()
    expected = [
        [math.degrees(math.acos(dot(rows[anchor], rows[other]))) for other in others]
        for anchor, *others in TRIPLETS.tolist()
    ]
    for found, wanted in zip(
        triplet_angles(embeddings, TRIPLETS).tolist(), expected, strict=True
    ):
        assert found == pytest.approx(wanted, abs=1e-3)


def test_small_angles_are_accurate_where_the_arc_cosine_is_not():
    turn = math.radians(0.01)
    embeddings = torch.tensor([[1.0, 0.0], [math.cos(turn), math.sin(turn)]])
    angles = triplet_angles(embeddings, torch.tensor([[0, 1, 1]]))
    assert angles[0, 0].item() == pytest.approx(0.01, rel=1e-2)
    cosine = (embeddings[0] * embeddings[1]).sum()
    assert abs(math.degrees(torch.acos(cosine)) - 0.01) > 1e-3


def test_gradient_of_a_turning_vector_is_one():
    turn = torch.tensor(math.radians(30), requires_grad=True)
    turned = torch.stack([turn.cos(), turn.sin()])
    embeddings = torch.stack([torch.tensor([1.0, 0.0]), turned])
    triplet_angles(embeddings, torch.tensor([[0, 1, 1]]))[0, 0].backward()
    assert turn.grad.item() == pytest.approx(math.degrees(1), rel=1e-3)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradients_of_equal_and_opposite_vectors_nearly_vanish(sign):
    first = unit_vectors(2).detach()[:1]
    embeddings = torch.cat([first, sign * first]).requires_grad_()
    triplet_angles(embeddings, torch.tensor([[0, 1, 1]])).sum().backward()
    slopes = embeddings.grad
    sideways = slopes - (slopes * first).sum(1, keepdim=True) * first
    assert sideways.abs().max() < 0.1  # at other angles it is 57 degrees a radian
    assert slopes.isfinite().all()


def test_no_triplets():
    none = torch.empty(0, 3, dtype=torch.int64)
    assert triplet_angles(unit_vectors(3), none).shape == (0, 2)
