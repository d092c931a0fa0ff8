"""Problems of single boxes, photographs or triplets in a dataset that can be used."""

from dataclasses import dataclass
from typing import Literal

ProblemKind = Literal[
    "clipped box",
    "computed box",
    "crowd",
    "dropped box",
    "left out",
    "mended photograph",
    "skipped photograph",
    "skipped triplet",
    "unclear id",
    "unreadable photograph",
]
"""A computed box is that of a segmentation. A mended photograph had its size read from
its file, or was listed twice. A skipped one has an entry that cannot be used; an
unreadable one, a file. An unclear id is missing, or that of two entries."""


@dataclass(frozen=True)
class Problem:
    """A part of a dataset that was clipped or left out.

    Attributes:
        kind: Kind of problem, by which reports count.
        message: A sentence that names the place in its file.
    """

    kind: ProblemKind
    message: str
