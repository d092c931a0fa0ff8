"""The networks of the literature as kinds of rankers."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tiefvision.networks.published import Published, counts_of, plan_of
from tiefvision.networks.table import NETWORKS
from tiefvision.ranking.kinds import RankerKind

if TYPE_CHECKING:
    from tiefvision.ranking.garments import Embed, Weights


def literature_kinds() -> Iterator[RankerKind]:
    """A kind of ranker for each network of the literature."""
    for network in NETWORKS.values():
        yield _kind(network)


def _kind(network: Published) -> RankerKind:
    def embedding(channels: int, cells: int, details: Mapping[str, Any]) -> int:
        return counts_of(network, details.get("width", 1.0)).embedding

    def shapes(details: Mapping[str, Any]) -> Mapping[str, tuple[int, ...]]:
        return plan_of(network, details["width"]).arrays

    return RankerKind(
        network.name,
        network.summary,
        ("pixels",),
        "triplets",
        _build,
        embedding,
        shapes=shapes,
        system=network.system,
    )


def _build(details: Mapping[str, Any], weights: "Weights") -> "Embed":
    from tiefvision.networks.ranker import build_ranker
    from tiefvision.networks.remembering import RememberingRanker

    return RememberingRanker(build_ranker(details, weights))
