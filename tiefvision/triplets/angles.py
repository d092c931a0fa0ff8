"""Angles of triplets whose embeddings are shared.

One view occurs in many triplets. The gradient of an embedding is a weighted sum of the
embeddings it forms triplets with, so the backward pass builds one sparse (V, V) matrix
of weights and multiplies it with the embeddings, instead of storing a gradient for
every row of every triplet.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

TINY = 1e-12
"""Added under square roots, whose gradient is infinite at 0."""

SHORTEST = 1e-8
"""Added to squared distances in gradients, which thus fade below 0.006 degrees, where
the difference of two embeddings is only rounding error."""


def triplet_angles(embeddings: Tensor, triplets: Tensor) -> Tensor:
    """The angles from the anchor to the positive and to the negative of each triplet.

    Computed as 2 atan2(|a - b|, |a + b|), which is accurate for all angles and has a
    finite gradient everywhere; the gradient of the arc cosine is infinite for equal and
    for opposite vectors. Source: Kahan, "How futile are mindless assessments of
    roundoff", 2006, section 12.

    Args:
        embeddings: embeddings of the views, of unit length or nearly, (V, D).
        triplets: rows of anchor, positive and negative in ``embeddings``, (T, 3) int64.

    Returns:
        Angles in degrees in [0, 180], (T, 2): anchor to positive, anchor to negative.

    >>> triplet_angles(torch.eye(2), torch.tensor([[0, 1, 0]])).tolist()[0][0]
    90.0
    """
    angles: Tensor = _TripletAngles.apply(embeddings, triplets)
    return angles


class _TripletAngles(torch.autograd.Function):
    """The angles, and their gradient by a sparse matrix of weights.

    |a - b| is computed from the difference itself, which is accurate for small angles;
    |a + b| follows from |a + b|^2 = 2 |a|^2 + 2 |b|^2 - |a - b|^2.
    """

    @staticmethod
    def forward(ctx: Any, embeddings: Tensor, triplets: Tensor) -> Tensor:
        anchors = embeddings.index_select(0, triplets[:, 0])
        others = embeddings.index_select(0, triplets[:, 1:].flatten())
        others = others.view(len(triplets), 2, embeddings.shape[1]).sub_(
            anchors[:, None]
        )
        apart = torch.linalg.vector_norm(others, dim=2).square()
        squares = torch.linalg.vector_norm(embeddings, dim=1).square()[triplets]
        along = 2 * (squares[:, :1] + squares[:, 1:]) - apart
        apart, along = (apart + TINY).sqrt(), (along.clamp_min(0) + TINY).sqrt()
        ctx.save_for_backward(embeddings, triplets, apart, along)
        return torch.rad2deg(2.0 * torch.atan2(apart, along))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        embeddings, triplets, apart, along = ctx.saved_tensors
        # d angle = 2 (along d apart - apart d along) / (apart^2 + along^2)
        slope = slope * math.degrees(2.0) / (apart.square() + along.square())
        pushed = slope * along / (apart.square() + SHORTEST).sqrt()
        pulled = slope * apart / (along.square() + SHORTEST).sqrt()
        own, other = (pushed - pulled).flatten(), (-pushed - pulled).flatten()
        anchors = triplets[:, :1].expand(-1, 2).flatten()
        others = triplets[:, 1:].flatten()
        rows = torch.cat([anchors, others, anchors, others])
        columns = torch.cat([anchors, others, others, anchors])
        weights = embeddings.new_zeros(len(embeddings), len(embeddings))
        values = torch.cat([own, own, other, other])
        weights.index_put_((rows, columns), values, accumulate=True)
        if embeddings.device.type != "cpu":
            return weights @ embeddings, None
        return torch.sparse.mm(weights.to_sparse(), embeddings), None
