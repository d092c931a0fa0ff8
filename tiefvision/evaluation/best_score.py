"""The score from which on detections are best believed: that of the largest F1."""

from collections.abc import Sequence

import numpy as np

from tiefvision.evaluation.detection import judged_boxes
from tiefvision.evaluation.localisation import Located


def best_score(photos: Sequence[Located]) -> float | None:
    """The least score of the detections whose F1 is largest.

    F1 = 2 * right / (detections + annotated garments), the harmonic mean of precision
    and recall (van Rijsbergen, Information Retrieval, 1979, chapter 7).

    Args:
        photos: photographs with annotations and detections.

    Returns:
        A score in [0, 1]; the lowest of several; None if no detection is right.
    """
    scores, right = judged_boxes(photos)
    wanted = sum(len(one.wanted) for one in photos)
    if not right.any():
        return None
    order = np.argsort(-scores, kind="stable")
    # Detections of one score are believed together: only the last of them counts.
    last = np.flatnonzero(np.diff(scores[order], append=-1.0))
    f1 = 2 * np.cumsum(right[order])[last] / (last + 1 + wanted)
    return float(scores[order][last][np.flatnonzero(f1 == f1.max())[-1]])
