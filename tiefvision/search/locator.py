"""A trained locator, ready for photographs."""

from dataclasses import dataclass

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.locating.heads import BoxRegressors, CropClassifier
from tiefvision.locating.locate import locate
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.locating.votes import VotingRules
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment


@dataclass(frozen=True)
class Locator:
    """Everything between a photograph and its garments."""

    encoder: DenseEncoder
    pyramid: Pyramid
    classifier: CropClassifier
    regressors: BoxRegressors
    rules: VotingRules

    def find(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments of a photograph, the surest first; () where there is none."""
        levels = encode_levels(
            self.encoder, photo.pixels, photo.width, photo.height, self.pyramid
        )
        return locate(
            levels,
            photo.width,
            photo.height,
            self.classifier,
            self.regressors,
            self.rules,
        )
