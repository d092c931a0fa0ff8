"""The interface of trained models, which workspaces and bundles implement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from tiefvision.engines.protocol import Engine
from tiefvision.ranking.registry import COSINE, DEEPRANK

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.locating.locator import Locator
    from tiefvision.ranking.crops import CropRules
    from tiefvision.ranking.garments import Embed
    from tiefvision.ranking.matching import MatchCalibration

AUTO = "auto"
"""The workspace's models, or the ones that ship where it has none."""

BUNDLE = "heads"
"""Key of the digest of a bundle in the headers of artifacts that were made with it."""

GALLERY = "gallery"
"""Artifact of stage 9: the index of the shop photographs of the workspace's dataset."""


class Models(Protocol):
    """Trained models of a workspace or of a bundle."""

    @property
    def label(self) -> str:
        """Name of the models in messages."""

    @property
    def choice(self) -> str:
        """What ``--models`` takes for them; "auto" for the workspace's own."""

    @property
    def galleries(self) -> tuple[str, ...]:
        """Artifacts of a workspace that can be searched, the preferred one first."""

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of the rankers that were trained on triplets."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator distinguishes."""

    def locator(self, engine: Engine | None = None) -> "Locator":
        """The locator, with its own encoder; None chooses the engine for here."""

    def encoder(self, engine: Engine | None = None) -> "DenseEncoder":
        """The encoder of garments; None chooses the engine for here."""

    def trained_ranker(self, name: str) -> "Embed":
        """A ranker of ``trained``."""

    def crop_rules(self) -> "CropRules":
        """Rules by which a crop becomes a feature map."""

    def matching(self, name: str) -> "MatchCalibration | None":
        """The calibration of a ranker's similarities; None if it has none."""

    def digests(self, rankers: Sequence[str] = ()) -> dict[str, str]:
        """Digests of the models by name, for the headers of artifacts made with them.

        Args:
            rankers: names of the rankers that were used.
        """


def preferred_ranker(models: Models) -> str:
    """Name of the default ranker of a search: a trained one if there is any."""
    if DEEPRANK in models.trained:
        return DEEPRANK
    return next(iter(models.trained), COSINE)


def default_rankers(models: Models) -> tuple[str, ...]:
    """Names of the rankers indexed by default: the baseline and the preferred one."""
    return tuple(dict.fromkeys((COSINE, preferred_ranker(models))))
