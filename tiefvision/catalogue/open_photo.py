"""A photograph that is decoded and encoded once, and can be asked often."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from tiefvision.catalogue.latest import Latest
from tiefvision.records import Box, Garment

if TYPE_CHECKING:  # networks are imported where one is loaded
    from tiefvision.catalogue.describing import Describer
    from tiefvision.locating.evidence import Evidence
    from tiefvision.locating.locator import Locator
    from tiefvision.locating.windows import Level
    from tiefvision.photos.working import WorkingPhoto
    from tiefvision.ranking.garments import GarmentBatch


MOST_BOXES = 32
"""Boxes of a photograph whose descriptions are kept: a box may be dragged for long, and
each takes 0.2 MB."""


class Networks(Protocol):
    """The networks that answer questions about a photograph, loaded when needed."""

    @property
    def locator(self) -> "Locator":
        """The locator of garments."""

    @property
    def describer(self) -> "Describer":
        """The describer of crops for rankers."""


class OpenPhoto:
    """A photograph from ``Finder.open``; maps and garments are computed once."""

    def __init__(self, networks: Networks, working: "WorkingPhoto") -> None:
        self.working = working
        self.networks = networks
        self._described: Latest[Box | None, GarmentBatch] = Latest(MOST_BOXES)

    @property
    def width(self) -> int:
        """Width in pixels after EXIF rotation."""
        return self.working.width

    @property
    def height(self) -> int:
        """Height in pixels after EXIF rotation."""
        return self.working.height

    @cached_property
    def garments(self) -> tuple[Garment, ...]:
        """The located garments, the highest score first; () if there is none."""
        from tiefvision.locating.findings import tell

        return tell(self._candidates, self.networks.locator.telling)

    @cached_property
    def to_search(self) -> tuple[Garment, ...]:
        """The garments to search with: the located ones, or else an unsure outfit."""
        from tiefvision.locating.findings import to_search

        return to_search(self._candidates, self.networks.locator.telling)

    @property
    def is_located(self) -> bool:
        """Whether the garments are known already."""
        return "_candidates" in self.__dict__

    def explain(self) -> "Evidence":
        """The evidence for the located garments."""
        locator = self.networks.locator
        return locator.explain(self._levels, self.garments, self.working)

    def is_described(self, box_in_image: Box | None) -> bool:
        """Whether a box is described already."""
        return box_in_image in self._described

    def described(self, box_in_image: Box | None) -> "GarmentBatch":
        """Maps, colours and pixels of a box, for rankers; computed once for each of
        the ``MOST_BOXES`` boxes that were asked for last.

        Args:
            box_in_image: box in pixels of the photograph; None for all of it.
        """
        return self._described.get(
            box_in_image,
            lambda: self.networks.describer.describe_box(self.working, box_in_image),
        )

    @cached_property
    def _levels(self) -> "list[Level]":
        return self.networks.locator.encode(self.working)

    @cached_property
    def _candidates(self) -> tuple[Garment, ...]:
        return self.networks.locator.candidates(self._levels, self.working)
