"""What is wrong with one box, photograph or line, while the rest can be used."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "clipped box", "dropped box", "skipped triplet", "unreadable photograph"
]


@dataclass(frozen=True)
class Problem:
    """Something that was mended or left out.

    Attributes:
        kind: For counting.
        message: A sentence that names the place.
    """

    kind: ProblemKind
    message: str
