"""A trained locator: encoder, heads and rules, applied to photographs."""

from dataclasses import dataclass

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.locating.evidence import Evidence, explain_levels
from tiefvision.locating.findings import TellingRules, calibrate, tell, to_search
from tiefvision.locating.folded import FoldedHeads
from tiefvision.locating.locate import locate
from tiefvision.locating.pyramid import Pyramid, encode_levels
from tiefvision.locating.votes import VotingRules
from tiefvision.locating.windows import Level
from tiefvision.photos.working import WorkingPhoto
from tiefvision.records import Garment


@dataclass(frozen=True)
class Locator:
    """All that is needed to find the garments of a photograph.

    Attributes:
        encoder: encoder that computes the maps.
        pyramid: sizes at which a photograph is encoded.
        heads: classifier and regressors, in the dtype of the encoder.
        voting: rules by which windows are combined into boxes.
        telling: calibration of the scores, and rules for which boxes are told.
    """

    encoder: DenseEncoder
    pyramid: Pyramid
    heads: FoldedHeads
    voting: VotingRules
    telling: TellingRules

    def find(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments to tell, the highest score first; empty if there are none."""
        return self._find(self._encode(photo), photo)

    def find_to_search(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments to search with: those of ``find``, or else an unsure outfit.

        Empty if neither exists; then the whole photograph is searched with.
        """
        return to_search(self._candidates(self._encode(photo), photo), self.telling)

    def explain(self, photo: WorkingPhoto) -> tuple[tuple[Garment, ...], Evidence]:
        """The result of ``find``, exactly equal, and the evidence for it."""
        levels = self._encode(photo)
        garments = self._find(levels, photo)
        size = photo.width, photo.height
        return garments, explain_levels(
            levels, garments, *size, self.heads, self.voting
        )

    def _find(self, levels: list[Level], photo: WorkingPhoto) -> tuple[Garment, ...]:
        return tell(self._candidates(levels, photo), self.telling)

    def _candidates(
        self, levels: list[Level], photo: WorkingPhoto
    ) -> tuple[Garment, ...]:
        found = locate(levels, photo.width, photo.height, self.heads, self.voting)
        return calibrate(found, self.telling)

    def _encode(self, photo: WorkingPhoto) -> list[Level]:
        return encode_levels(
            self.encoder, photo.pixels, photo.width, photo.height, self.pyramid
        )
