"""Samplings: the published ways to draw triplets, by name.

``tiefvision triplets build`` writes what they draw, and ``train`` draws with them. None
reads a photograph: they see the records of photographs, and similarities by scorers.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tiefvision.errors import BadUsage
from tiefvision.ranking.engineered import FEATURES
from tiefvision.triplets.sources.close import CloseSettings, draw_close
from tiefvision.triplets.sources.importance import (
    ImportanceSettings,
    draw_importance,
)
from tiefvision.triplets.sources.sampling import Sampling
from tiefvision.triplets.sources.shares import (
    MildnetSettings,
    SharesSettings,
    draw_shares,
    shares_notes,
)
from tiefvision.triplets.sources.uniform import UniformSettings, draw_uniform
from tiefvision.triplets.sources.vertical import VerticalSettings, draw_vertical

__all__ = ["FEATURES", "SAMPLINGS", "Sampling", "sampling_named"]

SAMPLINGS: Mapping[str, Sampling] = MappingProxyType(
    {
        sampling.name: sampling
        for sampling in (
            Sampling(
                "uniform",
                "any photograph, another one of its class, one of another class",
                "a course project on Deep Ranking (Tiny ImageNet)",
                UniformSettings,
                draw_uniform,
            ),
            Sampling(
                "vertical",
                "pairs of an item with 100 uniform negatives of its category",
                "fk-visual-search, the sampler of Street2Shop's pairs",
                VerticalSettings,
                draw_vertical,
            ),
            Sampling(
                "shares",
                "in-class and out-of-class negatives, candidates by ranks of scorers",
                "VisNet, arXiv:1703.02344, training data",
                SharesSettings,
                draw_shares,
                ("cosine", "lab", "gabor"),
                shares_notes,
            ),
            Sampling(
                "engineered",
                "the same by each feature of the engineered recommender, 30 % wild",
                "MILDNet, arXiv:1903.00905, catalogue triplets and wild ones",
                MildnetSettings,
                draw_shares,
                FEATURES,
                shares_notes,
            ),
            Sampling(
                "importance",
                "queries and positives by relevance, from a buffer for each category",
                "Deep Ranking, arXiv:1404.4661, sections 3 and 4",
                ImportanceSettings,
                draw_importance,
                ("cosine",),
            ),
            Sampling(
                "close",
                "pairs of an item with the nearest wrong items",
                "Cardigan's slides, close negatives",
                CloseSettings,
                draw_close,
                ("cosine",),
            ),
        )
    }
)
"""Samplings by name, in the order in which they are listed."""


def sampling_named(name: str) -> Sampling:
    """The sampling of a name. Raises BadUsage, which lists those there are."""
    if name not in SAMPLINGS:
        raise BadUsage(f"There is no sampling {name}.", f"Use {', '.join(SAMPLINGS)}.")
    return SAMPLINGS[name]
