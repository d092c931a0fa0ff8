"""The schedule of merges: what is due, and what it costs over many changes."""

import math
import random

import pytest

from tiefvision.index.merging import (
    MOST_DEAD,
    RATIO,
    TAIL,
    SegmentSize,
    plan_merge,
)


def plan(*segments, tail=0):
    """The plan for segments, each (rows, dead)."""
    return plan_merge([SegmentSize(*segment) for segment in segments], tail, 100)


@pytest.mark.parametrize(
    ("segments", "tail", "expected"),
    [
        ((), 0, None),
        ((), 99, None),
        ((), 100, ()),
        (((1000, 0),), 99, None),
        (((1000, 0),), 100, ()),
        (((400, 0),), 100, (0,)),  # of similar size
        (((401, 0),), 100, ()),
        (((1000, 0), (400, 0)), 100, (0, 1)),
        (((2000, 0), (400, 0)), 100, (0, 1)),  # 500 swallow 2,000
        (((2001, 0), (400, 0)), 100, (1,)),
        (((1000, 250),), 0, None),
        (((1000, 251),), 0, (0,)),  # built again without what was removed
        (((9000, 0), (1000, 251)), 0, (1,)),
        (((2000, 0), (1000, 251)), 0, (0, 1)),
        (((10, 10), (9000, 0)), 0, (0,)),
        (((1000, 1000),), 100, (0,)),
        (((0, 0),), 0, None),
    ],
)
def test_what_is_merged(segments, tail, expected):
    assert plan(*segments, tail=tail) == expected


def test_a_merge_leaves_nothing_due():
    draw = random.Random(0)
    for _ in range(300):
        sizes = [(rows := draw.randint(0, 5000), draw.randint(0, rows)) for _ in "abc"]
        tail = draw.randint(0, 300)
        merged = plan(*sizes, tail=tail)
        if merged is None:
            assert tail < 100
            continue
        kept = [size for place, size in enumerate(sizes) if place not in merged]
        alive = tail + sum(sizes[place][0] - sizes[place][1] for place in merged)
        assert plan(*kept, (alive, 0), tail=0) is None


class Simulation:
    """Rows that come and go, merged as they would be; counts what is built."""

    def __init__(self, start):
        self.segments = [[start, 0]] if start else []
        self.tail = self.built = self.most = self.most_dead = 0
        self.draw = random.Random(1)

    @property
    def alive(self):
        return self.tail + sum(rows - dead for rows, dead in self.segments)

    def remove(self):
        """One row, all equally likely."""
        place = self.draw.randrange(self.alive)
        for segment in self.segments:
            place -= segment[0] - segment[1]
            if place < 0:
                segment[1] += 1
                return
        self.tail -= 1

    def merge(self):
        sizes = [SegmentSize(*segment) for segment in self.segments]
        due = plan_merge(sizes, self.tail)
        if due is not None:
            rows = self.tail + sum(sizes[place].alive for place in due)
            self.built += rows
            kept = [s for place, s in enumerate(self.segments) if place not in due]
            self.segments, self.tail = [*kept, [rows, 0]], 0
        self.most = max(self.most, len(self.segments))
        dead = sum(dead for _, dead in self.segments)
        self.most_dead = max(self.most_dead, dead / max(self.alive, 1))


@pytest.mark.parametrize(
    ("start", "adding", "removing"),
    [(0, 1, 0), (100_000, 1, 1), (1_000_000, 1, 1), (300_000, 0, 1), (50_000, 1, 0)],
    ids=["only grows", "replaced once", "a tenth changes", "a third goes", "triples"],
)
def test_a_hundred_thousand_changes_cost_a_bounded_number_of_builds(
    start, adding, removing
):
    """Each change of a row builds few rows, and there are never many segments."""
    simulation, changes = Simulation(start), 100_000
    for _ in range(changes // 100):
        for _ in range(100):
            if removing:
                simulation.remove()
            if adding:
                simulation.tail += 1
        simulation.merge()
    powers = math.log(max(simulation.alive, start) / TAIL, RATIO)
    assert simulation.most <= powers + 2
    assert simulation.tail < TAIL
    assert simulation.most_dead <= MOST_DEAD / (1 - MOST_DEAD) + 0.01
    # Growth builds a row once a power; what is removed lets segments be built again.
    rewritten = removing * changes / MOST_DEAD
    assert simulation.built <= 2 * changes * adding * (powers + 1) + rewritten
