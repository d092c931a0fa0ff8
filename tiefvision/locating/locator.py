"""A trained locator, ready for photographs."""

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
    """Everything between a photograph and its garments.

    Attributes:
        encoder: Gives the maps.
        pyramid: At which sizes.
        heads: Judge the maps, in the format that the encoder computes in.
        voting: How windows become garments.
        telling: Which of them are worth telling, and what their scores mean.
    """

    encoder: DenseEncoder
    pyramid: Pyramid
    heads: FoldedHeads
    voting: VotingRules
    telling: TellingRules

    def find(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments of a photograph, the surest first; () where there is none."""
        return self._find(self._encode(photo), photo)

    def find_to_search(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """What ``find`` finds; where that is nothing, an outfit that is unsure."""
        return to_search(self._candidates(self._encode(photo), photo), self.telling)

    def explain(self, photo: WorkingPhoto) -> tuple[tuple[Garment, ...], Evidence]:
        """What ``find`` finds, digit for digit, and why."""
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
