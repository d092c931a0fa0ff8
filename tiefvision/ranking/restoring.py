"""Building a ranker from what it has learnt: details of a header, weights by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadWeights
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.registry import RankerKind


def restore_ranker(
    kind: RankerKind,
    details: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    where: str,
    prefix: str = "",
) -> Embed:
    """Build a ranker from its header and its weights, which are checked.

    Args:
        kind: kind of the ranker.
        details: details of a header (values of JSON types); {} if it learns nothing.
        weights: weights by name, of any floating-point type; {} if it has none. Arrays
            that the ranker does not read are ignored.
        where: name of the source of the weights, for messages.
        prefix: prefix of the names in that source, for messages.

    Raises:
        BadWeights: An array is missing or has another shape.
    """
    shapes = kind.shapes(details)
    for name, shape in shapes.items():
        if name not in weights:
            raise BadWeights(
                f"{where} lacks {prefix}{name}: it holds another architecture."
            )
        if weights[name].shape != shape:
            raise BadWeights(
                f"{where}: {prefix}{name} is {weights[name].shape}, expected {shape}: "
                "it holds another architecture."
            )
    return kind.build(
        details,
        {name: weights[name].astype(np.float32, copy=False) for name in shapes},
    )
