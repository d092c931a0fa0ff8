"""The one training loop: classifier, regressors and rankers all go through it.

A run is cut into epochs. Whatever an epoch draws at random comes from (seed, epoch),
and the whole state is remembered between epochs, so a run that was killed and goes on
ends with the same weights as one that was not.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tiefvision.progress import Track, untracked

Figures = dict[str, float]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        epochs: Passes over the training photographs.
        learning_rate: The highest, reached after the warm-up; then half a cosine to 0.
        weight_decay: Of AdamW (Loshchilov & Hutter, arXiv:1711.05101).
        warm_up: Share of the steps over which the rate grows from 0.
        patience: Epochs without a better one after which training stops early; 0 goes
            on to the end.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 1e-4
    warm_up: float = 0.1
    patience: int = 0

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step, counted from 0, out of ``steps``."""
        rising = max(1.0, self.warm_up * steps)
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        done = (step - rising) / max(1.0, steps - rising)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


@dataclass(frozen=True)
class Snapshot:
    """Everything that training needs to go on after an epoch.

    Attributes:
        epoch: Epochs finished.
        tensors: Weights, the best weights so far, and the optimiser's moments.
        history: Figures of every epoch finished.
    """

    epoch: int
    tensors: Mapping[str, NDArray[Any]]
    history: tuple[Figures, ...]


class Memory(Protocol):
    """Where snapshots survive a killed run."""

    def recall(self) -> Snapshot | None:
        """The last one remembered."""

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the last one."""


@dataclass
class Forgetful:
    """A memory that lasts as long as the process."""

    snapshot: Snapshot | None = field(default=None)

    def recall(self) -> Snapshot | None:
        """The last one remembered."""
        return self.snapshot

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the last one."""
        self.snapshot = snapshot


@dataclass(frozen=True)
class Task:
    """What is trained, apart from how long.

    Attributes:
        module: Trained in place.
        batches: The batches of an epoch, drawn from the generator given.
        loss: Of a batch: "loss", which is minimised, and figures to watch.
        validate: Figures on photographs that are not trained on.
        better: The figure of ``validate`` whose highest value picks the weights that
            are kept; without it the last are.
        rates: Factors of the learning rate of the parameters whose names begin so;
            1 for all others.
    """

    module: nn.Module
    batches: Callable[[np.random.Generator], Iterable[Any]]
    loss: Callable[[Any], Mapping[str, Tensor]]
    validate: Callable[[], Figures] | None = None
    better: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from a seed, and leave the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def fit(
    task: Task,
    schedule: Schedule,
    steps: int,
    seed: int,
    memory: Memory | None = None,
    track: Track = untracked,
) -> list[Figures]:
    """Train a module in place.

    Args:
        task: What to train.
        schedule: How long and how fast.
        steps: Batches of an epoch.
        seed: Of the order and the choice of examples.
        memory: Where the state goes after each epoch.
        track: Shows progress, epoch by epoch.

    Returns:
        The figures of every epoch; row 0 is the validation before training.
    """
    memory = memory or Forgetful()
    optimiser = make_optimiser(task, schedule)
    snapshot = memory.recall()
    if snapshot is None:
        start = {"epoch": 0.0} | (task.validate() if task.validate else {})
        # Training may make things worse: then what it began with is kept.
        best = _weights(task.module) if task.better else {}
        snapshot = Snapshot(0, _pack(task.module, optimiser, best), (start,))
        memory.remember(snapshot)
    best = _unpack(snapshot.tensors, task.module, optimiser)
    history = list(snapshot.history)
    for epoch in range(snapshot.epoch, schedule.epochs):
        if schedule.patience and _since_best(task, history) >= schedule.patience:
            break
        batches = track(
            task.batches(np.random.default_rng([seed, epoch])),
            f"epoch {epoch + 1} of {schedule.epochs}",
            steps,
        )
        figures = _run_epoch(task, schedule, optimiser, steps, epoch, batches)
        history.append(figures)
        if task.better and figures[task.better] >= max(
            row[task.better] for row in history
        ):
            best = _weights(task.module)
        tensors = _pack(task.module, optimiser, best)
        memory.remember(Snapshot(epoch + 1, tensors, tuple(history)))
    if best:
        task.module.load_state_dict(
            {name: torch.from_numpy(array.copy()) for name, array in best.items()}
        )
    return history


def make_optimiser(task: Task, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW over the parameters of a task; the schedule sets its rate step by step."""
    return torch.optim.AdamW(
        _parameter_groups(task), weight_decay=schedule.weight_decay
    )


def take_step(
    task: Task, optimiser: torch.optim.Optimizer, batch: Any
) -> Mapping[str, Tensor]:
    """Learn from one batch; returns its loss and figures, as they were before."""
    figures = task.loss(batch)
    optimiser.zero_grad()
    torch.autograd.backward(figures["loss"])
    optimiser.step()
    return figures


def _since_best(task: Task, history: Sequence[Figures]) -> int:
    """Epochs since the one whose weights are kept; 0 where no figure picks them."""
    if not task.better:
        return 0
    figures = [row[task.better] for row in history]
    return figures[::-1].index(max(figures))


def _parameter_groups(task: Task) -> list[dict[str, Any]]:
    """Parameters by the factor of their learning rate; frozen ones are left out."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in task.module.named_parameters():
        factors = (rate for start, rate in task.rates.items() if name.startswith(start))
        if parameter.requires_grad:
            groups.setdefault(next(factors, 1.0), []).append(parameter)
    return [{"params": group, "factor": factor} for factor, group in groups.items()]


def _run_epoch(
    task: Task,
    schedule: Schedule,
    optimiser: torch.optim.Optimizer,
    steps: int,
    epoch: int,
    batches: Iterable[Any],
) -> Figures:
    sums: Figures = {}
    task.module.train()
    done = 0
    for batch in batches:
        for group in optimiser.param_groups:
            step = epoch * steps + done
            rate = schedule.rate(step, schedule.epochs * steps)
            group["lr"] = rate * group["factor"]
        figures = take_step(task, optimiser, batch)
        done += 1
        for name, value in figures.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
    task.module.eval()
    means = {name: value / max(1, done) for name, value in sums.items()}
    validated = task.validate() if task.validate else {}
    return {"epoch": epoch + 1.0} | means | validated


def _weights(module: nn.Module) -> dict[str, NDArray[Any]]:
    return {
        name: tensor.detach().cpu().numpy().copy()
        for name, tensor in module.state_dict().items()
    }


def _pack(
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    best: Mapping[str, NDArray[Any]],
) -> dict[str, NDArray[Any]]:
    tensors = {f"module/{name}": value for name, value in _weights(module).items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    for number, moments in optimiser.state_dict()["state"].items():
        for name, tensor in moments.items():
            tensors[f"moments/{number}/{name}"] = tensor.cpu().numpy().copy()
    return tensors


def _unpack(
    tensors: Mapping[str, NDArray[Any]],
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> dict[str, NDArray[Any]]:
    """Restore module and optimiser in place; returns the best weights so far."""
    best: dict[str, NDArray[Any]] = {}
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    for key, array in tensors.items():
        part, name = key.split("/", 1)
        if part == "best":
            best[name] = array
        elif part == "module":
            weights[name] = torch.from_numpy(array.copy())
        else:
            number, moment = name.split("/")
            moments.setdefault(int(number), {})[moment] = torch.from_numpy(array.copy())
    module.load_state_dict(weights)
    state = optimiser.state_dict()
    optimiser.load_state_dict({**state, "state": moments})
    return best
