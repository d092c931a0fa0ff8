"""Judged triplets of a dataset, and of a file beside it, for a training."""

import logging
from collections.abc import Sequence
from pathlib import Path

from tiefvision.datasets.triplets import read_triplets
from tiefvision.records import Photo, Triplet
from tiefvision.store.artifact import Artifact
from tiefvision.triplets.sampling import ViewTriplet, judged_triplets
from tiefvision.workspace.records import read_judged_triplets

logger = logging.getLogger(__name__)


def all_judged(
    records: Artifact, photos: Sequence[Photo], file: Path | None
) -> list[Triplet]:
    """The judged triplets of the dataset, then those of a file, each once.

    Args:
        records: artifact of stage 1.
        photos: all photographs of the dataset. Lines of the file with others are left
            out, with a warning.
        file: further triplets in the format of triplets.csv; None for none.

    Raises:
        BadDataset: The file cannot be read, or has another header.
    """
    own = read_judged_triplets(records)
    if not file:
        return own
    more, problems = read_triplets(file, [photo.path for photo in photos])
    for problem in problems:
        logger.warning(problem.message)
    return list(dict.fromkeys((*own, *more)))


def judged_within(
    judged: Sequence[Triplet], photos: Sequence[Photo]
) -> list[ViewTriplet]:
    """The judged triplets whose three photographs are all among some, in order."""
    named = {photo.path for photo in photos}
    return [
        triplet
        for triplet in judged_triplets(judged)
        if named.issuperset(view.path for view in triplet.views())
    ]
