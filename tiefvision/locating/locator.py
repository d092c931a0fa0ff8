"""A trained locator: encoder, heads and rules, applied to photographs."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.locating.evidence import Evidence, explain_levels
from tiefvision.locating.findings import TellingRules, calibrate, tell
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.foreground import foreground_of
from tiefvision.locating.garment_layer import GarmentLayer
from tiefvision.locating.labels import LabelLayer
from tiefvision.locating.locate import locate
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.locating.sale import crop_for_sale
from tiefvision.locating.votes import VotingRules
from tiefvision.locating.windows import Level
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Box, Crop, Garment


@dataclass(frozen=True)
class Locator:
    """All that is needed to find the garments of a photograph.

    Attributes:
        encoder: encoder that computes the maps.
        pyramid: sizes at which a photograph is encoded.
        heads: classifier and regressors, in the number format of the encoder.
        voting: rules by which windows are combined into boxes.
        telling: calibration of the scores, and rules for which boxes are told.
        labels: names of garments; None for a locator that knows none.
        garment_layer: which cells show a garment; None if the encoder does not know.
    """

    encoder: DenseEncoder
    pyramid: Pyramid
    heads: FoldedHeads
    voting: VotingRules
    telling: TellingRules
    labels: LabelLayer | None = None
    garment_layer: GarmentLayer | None = None

    def find(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments to tell, the highest score first; empty if there are none."""
        return tell(self.candidates(self.encode(photo), photo), self.telling)

    def crop(self, photo: WorkingPhoto) -> Crop:
        """The part of a shop photograph to compare, with the group for sale."""
        foreground = foreground_of(photo)
        found = self._candidates(self.encode(photo), photo, foreground)
        return crop_for_sale(found, foreground, self.telling)

    def explain(
        self, levels: list[Level], garments: Sequence[Garment], photo: WorkingPhoto
    ) -> Evidence:
        """Why garments were found in a photograph.

        Args:
            levels: Feature maps of the photograph, as ``encode`` gives them.
            garments: What was found in them.
            photo: The photograph.
        """
        size = photo.width, photo.height
        return explain_levels(levels, garments, *size, self.heads, self.voting)

    def candidates(
        self, levels: list[Level], photo: WorkingPhoto
    ) -> tuple[Garment, ...]:
        """All boxes that were voted for, with calibrated scores, told or not.

        Args:
            levels: Feature maps of the photograph, as ``encode`` gives them.
            photo: The photograph.
        """
        return self._candidates(levels, photo, foreground_of(photo))

    def _candidates(
        self, levels: list[Level], photo: WorkingPhoto, foreground: Box | None
    ) -> tuple[Garment, ...]:
        found = locate(
            levels,
            photo.width,
            photo.height,
            self.heads,
            self.voting,
            foreground,
            self.garment_layer,
            self.labels,
        )
        return calibrate(found, self.telling)

    def encode(self, photo: WorkingPhoto) -> list[Level]:
        """The feature maps of a photograph at every size; the slow part."""
        return encode_levels(
            self.encoder, photo.pixels, photo.width, photo.height, self.pyramid
        )
