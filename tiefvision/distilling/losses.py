"""What a student is asked for: meaning from the teacher, appearance from the pixels.

All embeddings are rows of unit length, all losses means over rows, at least 0.
"""

import torch
from torch import Tensor
from torch.nn import functional

MASKED = -1e4
"""A logit that no softmax sees: a photograph must not be compared with itself."""


def direction_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """1 - cosine along dimension 1, mean over all else.

    Args:
        predicted: (B, C, ...).
        target: The same shape.
    """
    return (1.0 - functional.cosine_similarity(predicted, target, dim=1)).mean()


def relation_loss(embeddings: Tensor, target: Tensor, temperature: float) -> Tensor:
    """How the photographs of a batch are related, as the target has it.

    Kullback-Leibler divergence between the softmax over other photographs of the
    target's similarities and that of the embeddings (Fang et al., SEED,
    arXiv:2101.04731, eq. 4, with the batch in place of a queue). It shapes the cosine
    itself, which is what ranks; a projection that predicts the teacher does not. The
    other view of a photograph is left out: it is nearest anyway, and would take nearly
    all that the softmax has to give.

    Args:
        embeddings: (2 n, D) of unit length; rows i and n + i are of one photograph.
        target: (2 n, 2 n) similarities.
        temperature: Of both.
    """
    same = _same_photo(embeddings)
    wanted = (target / temperature).masked_fill(same, MASKED).softmax(dim=1)
    logits = (embeddings @ embeddings.T / temperature).masked_fill(same, MASKED)
    return functional.kl_div(logits.log_softmax(dim=1), wanted, reduction="batchmean")


def agreement_loss(embeddings: Tensor, temperature: float) -> Tensor:
    """Two views of one photograph are nearer than any two photographs.

    NT-Xent (Chen et al., SimCLR, arXiv:2002.05709, eq. 1).

    Args:
        embeddings: (2 n, D) of unit length; rows i and n + i are of one photograph.
        temperature: Of the softmax.
    """
    count = len(embeddings)
    rows = torch.arange(count, device=embeddings.device)
    itself = torch.eye(count, dtype=torch.bool, device=embeddings.device)
    logits = (embeddings @ embeddings.T / temperature).masked_fill(itself, MASKED)
    return functional.cross_entropy(logits, rows.roll(count // 2))


def class_loss(embeddings: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Photographs of one class are near each other.

    Supervised contrastive loss (Khosla et al., arXiv:2004.11362, eq. 2), but that the
    other view of a photograph is left out, as in ``relation_loss``.

    Args:
        embeddings: (2 n, D) of unit length; rows i and n + i are of one photograph.
        classes: (2 n,) numbers; below 0 where the class is not known: left out.
        temperature: Of the softmax.
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
    """Kullback-Leibler divergence of predicted histograms, mean over cells.

    Args:
        logits: (B, bins, h, w).
        histograms: The same shape; the bins of a cell sum to 1.
    """
    entropy: Tensor = torch.special.entr(histograms).sum(dim=1).mean()
    crossed: Tensor = -(histograms * logits.log_softmax(dim=1)).sum(dim=1).mean()
    return crossed - entropy


def _same_photo(embeddings: Tensor) -> Tensor:
    """(2 n, 2 n): whether two rows are views of one photograph."""
    photos = torch.arange(len(embeddings), device=embeddings.device)
    photos = photos % (len(embeddings) // 2)
    return photos[:, None] == photos
