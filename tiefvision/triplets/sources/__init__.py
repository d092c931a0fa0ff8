"""Samplings: the published ways to draw triplets, by name.

``tiefvision triplets build`` writes what they draw, and ``train`` draws with them. None
reads a photograph: they see the records of photographs, and similarities by scorers.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tiefvision.errors import BadUsage
from tiefvision.triplets.sources.sampling import Sampling
from tiefvision.triplets.sources.uniform import UniformSettings, draw_uniform
from tiefvision.triplets.sources.vertical import VerticalSettings, draw_vertical

__all__ = ["SAMPLINGS", "Sampling", "sampling_named"]

SAMPLINGS: Mapping[str, Sampling] = MappingProxyType(
    {
        sampling.name: sampling
        for sampling in (
            Sampling(
                "uniform",
                "any photograph, another one of its class, one of another class",
                "the course project on Deep Ranking (Tiny ImageNet)",
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
        )
    }
)
"""Samplings by name, in the order in which they are listed."""


def sampling_named(name: str) -> Sampling:
    """The sampling of a name. Raises BadUsage, which lists those there are."""
    if name not in SAMPLINGS:
        raise BadUsage(f"There is no sampling {name}.", f"Use {', '.join(SAMPLINGS)}.")
    return SAMPLINGS[name]
