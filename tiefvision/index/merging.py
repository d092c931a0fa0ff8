"""When segments are merged, and which: a schedule that bounds work, memory and time.

A new graph costs time in proportion to its rows, and every segment makes a search
slower. So rows that are new become a segment when they are many, and a segment is
merged into the next larger one when both are of similar size: a row is built into a
graph about as often as the catalogue has powers of ``RATIO`` in its size.

Source: size-tiered merging of log-structured storage, O'Neil et al., "The
log-structured merge-tree", Acta Informatica 33, 1996; for text indexes Lucene's
TieredMergePolicy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

TAIL = 2048
"""Rows that are new, and compared exactly, from which they become a segment: of 256
numbers each they take about as long as a search in a graph of 100,000 rows."""

RATIO = 4
"""A segment is merged with smaller ones when these hold a quarter of its rows."""

MOST_DEAD = 0.25
"""Share of removed rows from which a segment is built again."""


@dataclass(frozen=True)
class SegmentSize:
    """Size of a segment.

    Attributes:
        rows: number of rows, with those that were removed since.
        dead: number of rows that were removed.
    """

    rows: int
    dead: int

    @property
    def alive(self) -> int:
        """Number of rows that are still there."""
        return self.rows - self.dead


def plan_merge(
    sizes: Sequence[SegmentSize], tail: int, least_tail: int = TAIL
) -> tuple[int, ...] | None:
    """Choose the segments that are built into one, together with the new rows.

    Args:
        sizes: size of each segment.
        tail: number of new rows, which are in no segment.
        least_tail: number of new rows from which they become a segment.

    Returns:
        Positions of the segments that are merged with the new rows; () to make a
        segment of the new rows alone; None if nothing is due.
    """
    rotten = {
        place
        for place, size in enumerate(sizes)
        if size.dead > MOST_DEAD * max(size.rows, 1)
    }
    if tail < least_tail and not rotten:
        return None
    merged = set(rotten)
    alive = tail + sum(sizes[place].alive for place in rotten)
    # From the smallest on: what has gathered swallows the next that is not far larger.
    for place in sorted(range(len(sizes)), key=lambda place: sizes[place].alive):
        if place not in merged and sizes[place].alive <= RATIO * alive:
            merged.add(place)
            alive += sizes[place].alive
    return tuple(sorted(merged))
