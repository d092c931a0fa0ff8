"""Uniform sampling by class, that of the course project on Deep Ranking.

Source: a course project on Tiny ImageNet after Wang et al., arXiv:1404.4661: the query
is any photograph, the positive any other one of its class, the negative any one of
another class. Public solutions take the numbers of positives and negatives of a query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tiefvision.errors import BadDataset
from tiefvision.records import Photo
from tiefvision.triplets.sampling import ViewTriplet
from tiefvision.triplets.sources.classes import (
    CATEGORY,
    CLASSES,
    Classes,
    class_names,
    number_names,
)
from tiefvision.triplets.sources.sampling import (
    Scorers,
    Settings,
    repeat_rows,
    to_triplets,
)


@dataclass(frozen=True)
class UniformSettings(Settings):
    """Settings of uniform sampling."""

    by: Annotated[str, "class of a photograph: category, folder or item"] = CATEGORY
    positives: Annotated[int, "positives of a query", 1] = 1
    negatives: Annotated[int, "negatives of a query and positive", 1] = 1


def draw_uniform(
    photos: Sequence[Photo],
    settings: UniformSettings,
    scorers: Scorers,
    generator: np.random.Generator,
) -> list[ViewTriplet]:
    """Draw triplets uniformly by class.

    A photograph that is alone in its class is its own positive, mirrored. Photographs
    of no known class are left out.

    Args:
        photos: photographs of a split.
        settings: classes, and numbers of positives and negatives.
        scorers: not read.
        generator: random generator of every choice.

    Raises:
        BadDataset: There are not two classes.
    """
    named = class_names(photos, settings.by)
    known = [row for row, name in enumerate(named) if name]
    classes = Classes.of(number_names([named[row] for row in known]))
    if len(classes.starts) < 3:
        others = [f"by={one}" for one in CLASSES if one != settings.by]
        raise BadDataset(
            f"{len(known)} photographs have a {settings.by}, and there are not two "
            "different ones.",
            f"Use --set {' or '.join(others)}.",
        )
    asked = -(-settings.count // settings.negatives)
    pairs = repeat_rows(len(known), settings.positives, asked, generator)
    positives = np.repeat(classes.draw_others(pairs, generator), settings.negatives)
    queries = np.repeat(pairs, settings.negatives)
    negatives = classes.draw_outside(queries, generator)
    rows = np.array(known)[np.stack([queries, positives, negatives], axis=1)]
    return to_triplets(photos, rows[: settings.count or None])
