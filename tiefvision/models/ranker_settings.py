"""Settings of the training of a network of the literature, and which are refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tiefvision.errors import BadUsage, require_known
from tiefvision.networks.backbones import IMAGENET_WEIGHTS, RANDOM
from tiefvision.networks.published import require_width
from tiefvision.networks.table import network_named
from tiefvision.ranking.registry import ranker_kind
from tiefvision.training.optimisers import MOMENTS
from tiefvision.triplets.losses import require_loss
from tiefvision.triplets.recipes import AUGMENTATIONS, SCHEDULES, Recipe
from tiefvision.triplets.sources import sampling_named


@dataclass(frozen=True)
class Training:
    """What is trained, and how.

    Attributes:
        network: name of the network.
        name: name of the ranker: that of the network, or with "-" and a suffix.
        recipe: how it is trained.
        width: channels, relative to the published ones.
        triplets: file of triplets; None for none.
        sampling: settings of the sampling, as text by name.
        sampled: whether the sampling draws triplets; without it the file's are all.
        accumulate: parts in which each process computes a batch.
        precision: "auto", "float32" or "bfloat16".
    """

    network: str
    name: str
    recipe: Recipe
    width: float = 1.0
    triplets: Path | None = None
    sampling: Mapping[str, str] = field(default_factory=dict)
    sampled: bool = True
    accumulate: int = 1
    precision: str = "auto"

    def require_valid(self) -> None:
        """Refuse settings that no machine can train. Raises BadUsage."""
        network_named(self.network)
        require_width(self.width)
        recipe = self.recipe
        require_loss(recipe.loss, recipe.reduction)
        require_known("--optimiser", recipe.optimiser, MOMENTS)
        require_known("--schedule", recipe.schedule, SCHEDULES)
        require_known("--augmentation", recipe.augmentation, AUGMENTATIONS)
        sampling_named(recipe.sampling).with_settings(self.sampling)
        if not _is_name_of(self.network, self.name):
            raise BadUsage(
                f"--name {self.name} is no {self.network}.",
                f"Use {self.network}-SUFFIX, of letters, digits and hyphens.",
            )
        for option, file in self.files().items():
            if not file.is_file():
                raise BadUsage(f"--{option} {file}: there is no such file.")

    def files(self) -> dict[str, Path]:
        """The files that are given, by the name of their option."""
        files = {"triplets": self.triplets} if self.triplets else {}
        if self.recipe.backbone not in (IMAGENET_WEIGHTS, RANDOM):
            files["backbone"] = Path(self.recipe.backbone)
        return files


def _is_name_of(network: str, name: str) -> bool:
    """Whether a ranker of this name is of the network."""
    try:
        return ranker_kind(name).name == network
    except BadUsage:  # no kind at all
        return False
