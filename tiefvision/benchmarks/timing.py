"""Timing of functions ("works") that are to be compared with each other.

The speed of a machine changes within seconds, with its temperature and its other load.
Works are therefore run in turns, round by round, instead of one after the other.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

Work = Callable[[], object]
"""A function without arguments whose time is measured."""


@dataclass(frozen=True)
class Repetition:
    """How often works are repeated.

    Attributes:
        seconds: time after which no further round of all works begins.
        least: least number of rounds, even if they take longer.
        most: largest number of rounds.
    """

    seconds: float = 1.0
    least: int = 3
    most: int = 20


@dataclass(frozen=True)
class Timings:
    """The times of a work, without the round that warms up.

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


def time_in_turns(
    works: Mapping[str, Work],
    device: torch.device,
    repetition: Repetition | None = None,
) -> dict[str, Timings]:
    """Time works in turns: every round runs each of them once.

    Args:
        works: works by name; each runs once before the first round, to warm up.
        device: torch device whose queue is awaited after each work.
        repetition: number of rounds; the defaults if None.

    Returns:
        The times of each work, by name.
    """
    repetition = repetition or Repetition()
    for work in works.values():
        work()
    _finish(device)
    rounds: dict[str, list[float]] = {name: [] for name in works}
    started = time.perf_counter()
    for number in range(repetition.most):
        late = time.perf_counter() - started > repetition.seconds
        if late and number >= repetition.least:
            break
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            _finish(device)
            rounds[name].append(time.perf_counter() - begun)
    return {name: Timings(tuple(seconds)) for name, seconds in rounds.items()}


def _finish(device: torch.device) -> None:
    """Wait until an accelerator has finished its queued operations."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
