"""What a command needs of trained models, whether a workspace or a bundle has them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tiefvision.ranking.registry import COSINE, DEEPRANK

if TYPE_CHECKING:  # known without torch, which takes seconds to import
    import torch
    from torch import nn

    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.locating.locator import Locator
    from tiefvision.ranking.crops import CropRules

AUTO = "auto"
"""The workspace's models, or the ones that ship where it has none."""

BUNDLE = "heads"
"""Key under which the digest of a bundle stands in the header of what it made."""

GALLERY = "gallery"
"""What the last stage indexes: the shop photographs of the workspace's dataset."""


class Models(Protocol):
    """Trained models, of a workspace or of a bundle."""

    @property
    def label(self) -> str:
        """What to call them in a message."""

    @property
    def choice(self) -> str:
        """What ``--models`` takes for them; "auto" for the workspace's own."""

    @property
    def galleries(self) -> tuple[str, ...]:
        """Artifacts of a workspace that they can search, the preferred one first."""

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the rankers that were trained on triplets."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator can tell."""

    def locator(self, device: "torch.device") -> "Locator":
        """What finds garments, with an encoder of its own."""

    def encoder(self, device: "torch.device") -> "DenseEncoder":
        """What the crops of garments are encoded with."""

    def trained_ranker(self, name: str, device: "torch.device") -> "nn.Module":
        """One of ``trained``, ready to run."""

    def crop_rules(self) -> "CropRules":
        """Rules by which a crop becomes a feature map."""

    def digests(self, rankers: Sequence[str] = ()) -> dict[str, str]:
        """Digests by name, for the header of what they make.

        Args:
            rankers: Trained rankers that take part.
        """


def preferred_ranker(models: Models) -> str:
    """The ranker that a search uses by default: a trained one, if there is any."""
    if DEEPRANK in models.trained:
        return DEEPRANK
    return next(iter(models.trained), COSINE)


def default_rankers(models: Models) -> tuple[str, ...]:
    """The rankers that are indexed by default: the baseline, and the preferred one."""
    return tuple(dict.fromkeys((COSINE, preferred_ranker(models))))
