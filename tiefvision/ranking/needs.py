"""What a ranker may read of a crop."""

from typing import Literal, get_args

Need = Literal["maps", "colours", "pixels"]
"""The feature map, the LAB histogram, or the pixels."""

EVERYTHING: tuple[Need, ...] = get_args(Need)
