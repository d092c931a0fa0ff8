"""The parts of a described crop that a ranker can read."""

from typing import Literal, get_args

Need = Literal["maps", "colours", "pixels"]
"""A part of a described crop: feature map, LAB histogram, or pixels."""

EVERYTHING: tuple[Need, ...] = get_args(Need)
