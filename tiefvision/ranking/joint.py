"""The ranker ``clip``: crops and words, embedded by the two towers of one model.

Its weights come from elsewhere: ``tiefvision models --add`` keeps them in a workspace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tiefvision.ranking.garments import Garments, Weights
from tiefvision.ranking.similarity import unit_rows

if TYPE_CHECKING:  # the model imports torch
    from tiefvision.encoders.libraries.joint import JointModel


@dataclass(frozen=True, eq=False)
class JointRanker:
    """Embeds crops and descriptions into one space.

    Attributes:
        model: the model with both towers.
    """

    model: "JointModel"

    def __call__(self, garments: Garments) -> NDArray[np.float32]:
        """Embed B crops to unit length, (B, D) float32."""
        return self.model.embed_images(garments.pixels)

    def embed_text(self, text: str) -> NDArray[np.float32]:
        """Embed a description to unit length, (1, D) float32.

        Raises:
            BadUsage: The model's tokeniser is not there.
        """
        return self.model.embed_texts([text])

    def on_device(self, device: str) -> "JointRanker":
        """The ranker on a device, by torch's name; implements ``OnDevice``."""
        return JointRanker(replace(self.model, device=device))


def build_joint(details: Mapping[str, Any], weights: Weights) -> JointRanker:
    """Build the ranker from the details in its header and its weights."""
    from tiefvision.encoders.libraries.joint import JointModel

    return JointRanker(JointModel(details["model"], weights, details["tokeniser"]))


def mix_queries(
    image: NDArray[np.float32] | None, text: NDArray[np.float32], weight: float
) -> NDArray[np.float32]:
    """A photograph and a description as one query.

    A row's similarity to it is, up to one factor for all rows, the weighted mean of its
    similarities to both.

    Args:
        image: embedding of the photograph, (1, D) of unit length; None for none.
        text: embedding of the description, (1, D) of unit length.
        weight: share of the description, in [0, 1].

    Returns:
        Their weighted sum, (1, D) float32 of unit length.
    """
    if image is None:
        return text
    return unit_rows((1 - weight) * image + weight * text)
