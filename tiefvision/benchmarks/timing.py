"""Timing of functions ("works") that are to be compared with each other.

The speed of a machine changes within seconds, with its temperature and its other load.
Works are therefore run in turns, round by round, instead of one after the other, and
compared within a round.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

Work = Callable[[], object]
"""A function without arguments whose time is measured."""

SHORT = 0.1
"""Seconds below which a work is run a second time, for the caches."""


@dataclass(frozen=True)
class Repetition:
    """How often works are repeated.

    Attributes:
        seconds: time after which no further round of all works begins.
        least: least number of rounds, even if they take longer.
        most: largest number of rounds.
        rest: seconds of idleness before each work. Threads of OpenBLAS spin for 100 ms
            behind a product of NumPy, those of OpenMP for 10 ms behind one of torch,
            and would take a core from the library that is timed next.
    """

    seconds: float = 2.0
    least: int = 3
    most: int = 15
    rest: float = 0.12


@dataclass(frozen=True)
class Timings:
    """The times of a work.

    Attributes:
        rounds: seconds of each round.
    """

    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Median seconds of a round."""
        return median(self.rounds)

    @property
    def best(self) -> float:
        """Seconds of the shortest round, the one least disturbed by other load."""
        return min(self.rounds)


def times_faster(work: Timings, other: Timings) -> float:
    """How many times faster a work is than another that was timed in turns with it.

    The median over rounds of the ratio within a round, in which other load on the
    machine meets both.
    """
    pairs = zip(work.rounds, other.rounds, strict=True)
    return median(theirs / own for own, theirs in pairs)


def time_in_turns(
    works: Mapping[str, Work],
    device: torch.device,
    repetition: Repetition | None = None,
) -> dict[str, Timings]:
    """Time works in turns: every round runs each of them.

    A work that is new or takes less than ``SHORT`` runs twice, and the second run
    counts: the first one compiles, and brings back into the caches what other works
    have displaced.

    Args:
        works: works by name.
        device: torch device whose queue is awaited after each work.
        repetition: number of rounds; the defaults if None.

    Returns:
        The times of each work, by name.
    """
    repetition = repetition or Repetition()
    rounds: dict[str, list[float]] = {name: [] for name in works}
    started = time.perf_counter()
    for number in range(repetition.most):
        late = time.perf_counter() - started > repetition.seconds
        if late and number >= repetition.least:
            break
        for name, work in works.items():
            time.sleep(repetition.rest)
            if not rounds[name] or rounds[name][-1] < SHORT:
                _run(work, device)
            rounds[name].append(_run(work, device))
    return {name: Timings(tuple(seconds)) for name, seconds in rounds.items()}


def _run(work: Work, device: torch.device) -> float:
    """Seconds of running a work once."""
    begun = time.perf_counter()
    work()
    _finish(device)
    return time.perf_counter() - begun


def _finish(device: torch.device) -> None:
    """Wait until an accelerator has finished its queued operations."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
