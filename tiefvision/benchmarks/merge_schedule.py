"""A day of changes on paper: how often segments are merged, and what it costs.

Nothing is built: the schedule of ``index/merging.py`` is run on numbers of rows, with
the time that a graph of so many rows takes, so that catalogues can be planned that are
too large to try.
"""

from dataclasses import dataclass, field

import numpy as np

from tiefvision.index.merging import TAIL, SegmentSize, plan_merge

DAY = 86_400.0


@dataclass(frozen=True)
class Plan:
    """A catalogue and its day.

    Attributes:
        rows: number of rows at the beginning, all in one graph.
        changes_an_hour: rate of changes; half of them give a row another vector, the
            others add and remove rows in turns.
        rows_a_second: number of rows that are built into graphs in a second.
        seconds: length of the simulation.
        tail: new rows from which they become a segment.
        seed: seed of which rows are removed.
    """

    rows: int
    changes_an_hour: float
    rows_a_second: float
    seconds: float = DAY
    tail: int = TAIL
    seed: int = 0


@dataclass
class Outcome:
    """What a day came to.

    Attributes:
        merges: number of merges.
        built: number of rows that were built into graphs.
        busy: seconds in which a merge ran.
        longest: longest merge in seconds.
        most_segments: largest number of segments at a time.
        most_new: largest number of rows that were compared exactly.
        most_rows: largest number of rows in graphs, with removed ones and those of a
            graph that is being built.
    """

    merges: int = 0
    built: int = 0
    busy: float = 0.0
    longest: float = 0.0
    most_segments: int = 1
    most_new: int = 0
    most_rows: int = 0


@dataclass
class _State:
    segments: list[SegmentSize]
    new: int = 0
    random: np.random.Generator = field(default_factory=np.random.default_rng)

    def change(self, count: int) -> None:
        """Some changes: three of four add a row, three of four remove one."""
        moved = 3 * count // 4
        alive = np.array([*(size.alive for size in self.segments), self.new])
        gone = self.random.multinomial(moved, alive / max(alive.sum(), 1))
        self.segments = [
            SegmentSize(size.rows, min(size.rows, size.dead + int(dead)))
            for size, dead in zip(self.segments, gone, strict=False)
        ]
        # Rows that came and went are passed over until the next merge.
        self.new += moved


def simulate(plan: Plan) -> Outcome:
    """Run the schedule for the changes of a plan.

    While a merge runs, changes go on; the next one begins when it has ended.
    """
    state = _State([SegmentSize(plan.rows, 0)], 0, np.random.default_rng(plan.seed))
    outcome, now = Outcome(most_rows=plan.rows), 0.0
    step = plan.tail / 4 / plan.changes_an_hour * 3600
    while now < plan.seconds:
        chosen = plan_merge(state.segments, state.new, plan.tail)
        if chosen is None:
            state.change(int(step * plan.changes_an_hour / 3600))
            now += step
            outcome.most_new = max(outcome.most_new, state.new)
            continue
        merged = state.new + sum(state.segments[place].alive for place in chosen)
        rows = sum(size.rows for size in state.segments)
        duration = merged / plan.rows_a_second
        state.segments = [
            size for place, size in enumerate(state.segments) if place not in chosen
        ] + [SegmentSize(merged, 0)]
        state.new = 0
        state.change(int(duration * plan.changes_an_hour / 3600))
        now += duration
        _note(outcome, state, merged, rows, duration)
    return outcome


def _note(
    outcome: Outcome, state: _State, merged: int, rows: int, duration: float
) -> None:
    outcome.merges += 1
    outcome.built += merged
    outcome.busy += duration
    outcome.longest = max(outcome.longest, duration)
    outcome.most_segments = max(outcome.most_segments, len(state.segments))
    outcome.most_new = max(outcome.most_new, state.new)
    outcome.most_rows = max(outcome.most_rows, rows + merged)
