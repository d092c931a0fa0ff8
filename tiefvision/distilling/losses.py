"""Losses of distillation: for meaning from the teacher, for appearance from the pixels.

All losses are means of at least 0. Embeddings are rows of unit length. In a batch of n
photographs in two views each, rows i and n + i are the views of one photograph.
"""

import torch
from torch import Tensor
from torch.nn import functional

MASKED = -1e4
"""Logit of pairs left out of a softmax: its share is 0. The views of one photograph are
left out, for example."""


def direction_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """1 - cosine of predicted and target vectors along dimension 1, mean over the rest.

    Args:
        predicted: predicted vectors, (B, C, ...).
        target: vectors to predict, (B, C, ...).

    Returns:
        Loss in [0, 2], a scalar.
    """
    return (1.0 - functional.cosine_similarity(predicted, target, dim=1)).mean()


def relation_loss(embeddings: Tensor, target: Tensor, temperature: float) -> Tensor:
    """Divergence of the similarities within a batch from the target similarities.

    For each row, the Kullback-Leibler divergence between two softmax distributions over
    the other photographs: of the target similarities and of the embeddings' cosines
    (Fang et al., SEED, arXiv:2101.04731, eq. 4, with the batch in place of a queue). It
    trains the cosine that ranks, unlike the loss of a projection that predicts the
    teacher. The other view of the same photograph is left out: being the nearest, it
    would take nearly the whole probability.

    Args:
        embeddings: rows of unit length, (2 n, D).
        target: target similarities, (2 n, 2 n).
        temperature: divisor of both kinds of similarities before the softmax, above 0.

    Returns:
        Loss of at least 0, a scalar.
    """
    same = _same_photo(embeddings)
    wanted = (target / temperature).masked_fill(same, MASKED).softmax(dim=1)
    logits = (embeddings @ embeddings.T / temperature).masked_fill(same, MASKED)
    return functional.kl_div(logits.log_softmax(dim=1), wanted, reduction="batchmean")


def agreement_loss(embeddings: Tensor, temperature: float) -> Tensor:
    """Contrastive loss: each view should identify the other view of its photograph.

    NT-Xent (Chen et al., SimCLR, arXiv:2002.05709, eq. 1).

    Args:
        embeddings: rows of unit length, (2 n, D).
        temperature: divisor of the cosines before the softmax, above 0.

    Returns:
        Loss of at least 0, a scalar.
    """
    count = len(embeddings)
    rows = torch.arange(count, device=embeddings.device)
    itself = torch.eye(count, dtype=torch.bool, device=embeddings.device)
    logits = (embeddings @ embeddings.T / temperature).masked_fill(itself, MASKED)
    return functional.cross_entropy(logits, rows.roll(count // 2))


def class_loss(embeddings: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Contrastive loss: photographs of one class should be near each other.

    Supervised contrastive loss (Khosla et al., arXiv:2004.11362, eq. 2), except that
    the other view of the same photograph is left out, as in ``relation_loss``.

    Args:
        embeddings: rows of unit length, (2 n, D).
        classes: class numbers, (2 n,) int64; rows with a negative number are of unknown
            class and left out.
        temperature: divisor of the cosines before the softmax, above 0.

    Returns:
        Loss of at least 0, a scalar; 0 if fewer than two rows have a known class.
    """
    known = classes >= 0
    if int(known.sum()) < 2:
        return embeddings.sum() * 0.0
    same = _same_photo(embeddings)[known][:, known]
    embeddings, classes = embeddings[known], classes[known]
    alike = (classes[:, None] == classes).masked_fill(same, False).float()
    logits = (embeddings @ embeddings.T / temperature).masked_fill(same, MASKED)
    shares = alike / alike.sum(dim=1, keepdim=True).clamp_min(1.0)
    missed: Tensor = -(logits.log_softmax(dim=1) * shares).sum(dim=1)
    return missed.mean()


def histogram_loss(logits: Tensor, histograms: Tensor) -> Tensor:
    """Kullback-Leibler divergence of predicted from true histograms, mean over cells.

    Args:
        logits: logits of the predicted histograms, (B, bins, h, w).
        histograms: true histograms, (B, bins, h, w); the bins of a cell sum to 1.

    Returns:
        Loss of at least 0, a scalar.
    """
    entropy: Tensor = torch.special.entr(histograms).sum(dim=1).mean()
    crossed: Tensor = -(histograms * logits.log_softmax(dim=1)).sum(dim=1).mean()
    return crossed - entropy


def _same_photo(embeddings: Tensor) -> Tensor:
    """Whether two rows are views of one photograph, (2 n, 2 n) bool."""
    photos = torch.arange(len(embeddings), device=embeddings.device)
    photos = photos % (len(embeddings) // 2)
    return photos[:, None] == photos
