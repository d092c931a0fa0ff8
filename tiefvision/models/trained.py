"""The models that stages have trained in a workspace."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiefvision.engines.protocol import Engine
from tiefvision.models.added import added_rankers
from tiefvision.models.protocol import AUTO, GALLERY, Models
from tiefvision.ranking.registry import (
    BASELINE,
    DEEPRANK,
    OWN,
    RANKERS,
    ranker_kind,
)
from tiefvision.workspace.artifacts import CATALOGUE, Workspace
from tiefvision.workspace.job import input_digests, require_same_encoder

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.encoders.dense import DenseEncoder
    from tiefvision.locating.locator import Locator
    from tiefvision.ranking.crops import CropRules
    from tiefvision.ranking.garments import Embed
    from tiefvision.ranking.matching import MatchCalibration

logger = logging.getLogger(__name__)

BASELINE_ARTIFACT = "baseline"
"""Artifact of stage 7, which judges the ``BASELINE``."""

LOCATOR = ("features", "crop_classifier", "box_regressors", "locations")
"""The artifacts of a trained locator, in the order of their stages."""


def ranker_names(workspace: Workspace) -> tuple[str, ...]:
    """Names of this project's kinds of rankers, then of those that the workspace has.

    A network of the literature is among them once it has been trained.
    """
    trained, added = TrainedModels(workspace).trained, added_rankers(workspace)
    return tuple(dict.fromkeys((*OWN, *trained, *added)))


@dataclass(frozen=True)
class TrainedModels:
    """The models of a workspace; implements ``Models``."""

    workspace: Workspace

    @property
    def label(self) -> str:
        """Name of the models in messages."""
        return f"the models of {self.workspace.root}"

    @property
    def choice(self) -> str:
        """What ``--models`` takes for them: nothing special."""
        return AUTO

    @property
    def galleries(self) -> tuple[str, ...]:
        """The catalogue, then the gallery of the models' own dataset."""
        return CATALOGUE, GALLERY

    @property
    def trained(self) -> tuple[str, ...]:
        """Names of rankers that were trained on triplets, in the order of their kinds.

        Of each kind the one without suffix comes first.
        """
        by_kind: dict[str, list[str]] = {}
        for name in self.workspace.names():
            by_kind.setdefault(name.split("-", 1)[0], []).append(name)
        kinds = (name for name, kind in RANKERS.items() if kind.learns == "triplets")
        return tuple(name for kind in kinds for name in by_kind.get(kind, ()))

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories that the locator distinguishes. Raises MissingArtifact."""
        # Names the first stage that is missing.
        missing = (name for name in LOCATOR if not self.workspace.holds(name))
        self.workspace.require(*missing)
        with self.workspace.open("crop_classifier") as classifier:
            return tuple(classifier.header.details["categories"])

    def locator(self, engine: Engine | None = None) -> "Locator":
        """The trained locator. Raises MissingArtifact, StaleArtifact."""
        from tiefvision.locating.findings import TellingRules
        from tiefvision.locating.folded import fold_heads
        from tiefvision.locating.garment_layer import GarmentLayer
        from tiefvision.locating.labels import restore_labels
        from tiefvision.locating.locator import Locator
        from tiefvision.locating.votes import VotingRules
        from tiefvision.workspace.encoding import read_encoder, read_garment_cells
        from tiefvision.workspace.levels import read_pyramid
        from tiefvision.workspace.networks import LABELS, read_weights

        workspace = self.workspace
        with (
            workspace.open("features") as features,
            workspace.open("crop_classifier") as classifier,
            workspace.open("box_regressors") as regressors,
            workspace.open("locations") as locations,
        ):
            identity = require_same_encoder(features, classifier, regressors, locations)
            names = ", ".join(identity.values())
            logger.info("locator of %s: %s", workspace.root, names)
            encoder = read_encoder(features, engine)
            heads = fold_heads(
                classifier.header.details["categories"],
                read_weights(classifier),
                read_weights(regressors),
                encoder.engine,
                str(workspace.root),
            )
            details = locations.header.details
            labels = restore_labels(
                details.get("labels"),
                read_weights(locations, LABELS),
                encoder.architecture.channels,
                locations.path.name,
            )
            return Locator(
                encoder,
                read_pyramid(features),
                heads,
                VotingRules(**details["voting"]),
                TellingRules.from_dict(details["telling"]),
                labels,
                GarmentLayer.of(read_garment_cells(features)),
            )

    def encoder(self, engine: Engine | None = None) -> "DenseEncoder":
        """The encoder of the crops. Raises MissingArtifact, StaleArtifact."""
        from tiefvision.workspace.encoding import read_encoder

        with self.workspace.open("crops") as crops:
            return read_encoder(crops, engine)

    def trained_ranker(self, name: str) -> "Embed":
        """A ranker that was trained on triplets.

        Raises:
            MissingArtifact: The ranker has not been trained, or it compares feature
                maps and there are no crops.
            StaleArtifact: The ranker was trained on crops of another encoder.
            BadWeights: Its weights are damaged.
        """
        from tiefvision.ranking.restoring import restore_ranker
        from tiefvision.workspace.networks import read_weights

        kind = ranker_kind(name)
        with self.workspace.open(name) as ranker:
            if "maps" in kind.needs:  # pixels are the same for every encoder
                with self.workspace.open("crops") as crops:
                    require_same_encoder(crops, ranker)
            details, weights = ranker.header.details, read_weights(ranker)
            return restore_ranker(kind, details, weights, ranker.path.name)

    def crop_rules(self) -> "CropRules":
        """Rules by which the crops became feature maps. Raises MissingArtifact."""
        from tiefvision.ranking.crops import CropRules

        with self.workspace.open("crops") as crops:
            return CropRules.from_details(crops.header.details)

    def matching(self, name: str) -> "MatchCalibration | None":
        """The calibration of a ranker's similarities, learnt by stage 7 or 8."""
        from tiefvision.ranking.matching import MatchCalibration

        artifact = BASELINE_ARTIFACT if name == BASELINE else name
        if not self.workspace.holds(artifact):
            return None
        with self.workspace.open(artifact) as kept:
            return MatchCalibration.from_dict(kept.header.details.get("match"))

    def digests(self, rankers: Sequence[str] = ()) -> dict[str, str]:
        """Digests of the locator's artifacts, and of the trained rankers among some.

        Args:
            rankers: names of the rankers that were used.
        """
        names = ("crop_classifier", "box_regressors", "locations")
        trained = [name for name in rankers if name in self.trained]
        here = [name for name in names if self.workspace.holds(name)]
        return input_digests(self.workspace, [*here, *trained])


def training_curves(models: Models, ranker: str = DEEPRANK) -> list[dict[str, float]]:
    """Figures of every epoch of a ranker's training.

    The list is empty if the ranker has not been trained, and for a bundle, which holds
    no curves.
    """
    if not isinstance(models, TrainedModels) or ranker not in models.trained:
        return []
    with models.workspace.open(ranker) as trained:
        history: list[dict[str, float]] = trained.record("training/history")
    return history
