"""Building a ranker from what it has learnt: details of a header, weights by name."""

from collections.abc import Mapping
from typing import Any

from tiefvision.engines.folding import Arrays, take_array
from tiefvision.ranking.garments import Embed
from tiefvision.ranking.kinds import RankerKind


def restore_ranker(
    kind: RankerKind,
    details: Mapping[str, Any],
    weights: Arrays,
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
    taken = {
        name: take_array(weights, name, shape, where, prefix)
        for name, shape in kind.shapes(details).items()
    }
    return kind.build(details, taken)
