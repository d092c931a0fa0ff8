"""A trained locator, ready for photographs."""

from dataclasses import dataclass

from tiefvision.encoders.dense import DenseEncoder
from tiefvision.locating.evidence import Evidence, explain_levels
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
        rules: How windows become garments.
    """

    encoder: DenseEncoder
    pyramid: Pyramid
    heads: FoldedHeads
    rules: VotingRules

    def find(self, photo: WorkingPhoto) -> tuple[Garment, ...]:
        """The garments of a photograph, the surest first; () where there is none."""
        levels = self._encode(photo)
        return locate(levels, photo.width, photo.height, self.heads, self.rules)

    def explain(self, photo: WorkingPhoto) -> tuple[tuple[Garment, ...], Evidence]:
        """What ``find`` finds, digit for digit, and why."""
        size = photo.width, photo.height
        levels = self._encode(photo)
        garments = locate(levels, *size, self.heads, self.rules)
        why = explain_levels(levels, garments, *size, self.heads, self.rules)
        return garments, why

    def _encode(self, photo: WorkingPhoto) -> list[Level]:
        return encode_levels(
            self.encoder, photo.pixels, photo.width, photo.height, self.pyramid
        )
