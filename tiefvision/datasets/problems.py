"""Problems of single boxes, photographs or triplets in a dataset that can be used."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "clipped box", "dropped box", "skipped triplet", "unreadable photograph", "left out"
]


@dataclass(frozen=True)
class Problem:
    """A part of a dataset that was clipped or left out.

    Attributes:
        kind: Kind of problem, by which reports count.
        message: A sentence that names the place in its file.
    """

    kind: ProblemKind
    message: str
