"""Seconds that works take, measured side by side.

The speed of a machine drifts from second to second, with heat and neighbours. What is
to be compared is therefore measured in turns, never one after the other.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

Work = Callable[[], object]


@dataclass(frozen=True)
class Patience:
    """How long works are repeated.

    Attributes:
        seconds: After these no other round is begun, of all works together.
        least: Rounds that are measured even if they take longer.
        most: Rounds after which the median is known well enough.
    """

    seconds: float = 1.0
    least: int = 3
    most: int = 20


@dataclass(frozen=True)
class Timings:
    """Seconds of every round of a work, after one round that warms up."""

    rounds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(self.rounds)

    @property
    def best(self) -> float:
        """The shortest: what the machine can do when nothing disturbs it."""
        return min(self.rounds)


def time_in_turns(
    works: Mapping[str, Work], device: torch.device, patience: Patience | None = None
) -> dict[str, Timings]:
    """Time works round by round, each once a round, by name."""
    patience = patience or Patience()
    for work in works.values():
        work()
    _finish(device)
    rounds: dict[str, list[float]] = {name: [] for name in works}
    started = time.perf_counter()
    for number in range(patience.most):
        late = time.perf_counter() - started > patience.seconds
        if late and number >= patience.least:
            break
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            _finish(device)
            rounds[name].append(time.perf_counter() - begun)
    return {name: Timings(tuple(seconds)) for name, seconds in rounds.items()}


def _finish(device: torch.device) -> None:
    """Wait for what an accelerator still has in its queue."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
