"""The training loop of all networks: locators, rankers and encoders.

The random generators of an epoch, that of dropout among them, are seeded with (seed,
epoch), and the complete state is stored after every epoch. A run that is killed and
continued therefore ends with the same weights as an uninterrupted run.
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
from tiefvision.training.optimisers import Optimiser
from tiefvision.training.processes import ALONE, Processes

Figures = dict[str, float]
"""Figures of an epoch by name: "epoch", means over its batches, and validation."""


@dataclass(frozen=True)
class Schedule:
    """Length and learning rates of a training run.

    The learning rate grows linearly during the warm-up, then falls to 0 along half a
    cosine.

    Attributes:
        epochs: passes over the training data.
        learning_rate: highest learning rate, reached at the end of the warm-up.
        weight_decay: weight decay of the optimiser; see ``Optimiser.make``.
        warm_up: share of all steps, in [0, 1], that the warm-up takes.
        patience: epochs without improvement after which training stops; 0 never stops
            early.
    """

    epochs: int
    learning_rate: float
    weight_decay: float = 1e-4
    warm_up: float = 0.1
    patience: int = 0

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step.

        Args:
            step: number of the step, from 0.
            steps: number of steps of all epochs together.
        """
        rising = max(1.0, self.warm_up * steps)
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        done = (step - rising) / max(1.0, steps - rising)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


@dataclass(frozen=True)
class Snapshot:
    """The state of a training run after an epoch, complete enough to continue from.

    Attributes:
        epoch: number of finished epochs.
        tensors: weights ("module/..."), best weights so far ("best/...") and moments of
            the optimiser ("moments/...").
        history: figures of epoch 0 (validation before training) and of every finished
            epoch.
    """

    epoch: int
    tensors: Mapping[str, NDArray[Any]]
    history: tuple[Figures, ...]


class Memory(Protocol):
    """A store for the last snapshot, so that a killed run can be continued."""

    def recall(self) -> Snapshot | None:
        """The stored snapshot; None if there is none."""

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the stored snapshot."""


@dataclass
class VolatileMemory:
    """A memory in the process; the snapshot is lost when the process ends."""

    snapshot: Snapshot | None = field(default=None)

    def recall(self) -> Snapshot | None:
        """The stored snapshot; None if there is none."""
        return self.snapshot

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the stored snapshot."""
        self.snapshot = snapshot


def whole(batch: Any) -> Iterable[tuple[Any, float]]:
    """A batch as its only part."""
    return ((batch, 1.0),)


@dataclass(frozen=True)
class Task:
    """A network with its training data and its loss.

    Attributes:
        module: network, trained in place.
        batches: draws the batches of one epoch with a random generator.
        loss: computes the figures of a batch; "loss" is minimised, the others are
            recorded.
        validate: computes figures on the validation data; None if there are none.
        selection_figure: name of the figure of ``validate`` whose highest value selects
            the weights that are kept; "" keeps the last weights.
        rates: learning-rate factors by prefix of parameter names; 1 for parameters
            that match no prefix.
        optimiser: optimiser of the weights.
        parts: divides a batch into parts that are computed one after the other, each
            with its share of the loss. The gradients of a step are their sum, so that a
            batch need not fit into memory as a whole.
        hinged: whether the loss of a batch is max(0, "loss"), applied once all its
            parts are known.
        processes: processes that train together; "loss" calls the module that
            ``Processes.shared`` returns.
    """

    module: nn.Module
    batches: Callable[[np.random.Generator], Iterable[Any]]
    loss: Callable[[Any], Mapping[str, Tensor]]
    validate: Callable[[], Figures] | None = None
    selection_figure: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)
    optimiser: Optimiser = field(default_factory=Optimiser)
    parts: Callable[[Any], Iterable[tuple[Any, float]]] = whole
    hinged: bool = False
    processes: Processes = ALONE


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random generator in the block and restore its state afterwards.

    Initial weights are drawn in such a block.
    """
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
    """Train the network of a task in place, and continue an interrupted run.

    If ``task.selection_figure`` is set, the network ends with the weights of the best
    epoch, or with the initial weights if no epoch was better.

    Args:
        task: network, training data and loss.
        schedule: length and learning rates.
        steps: batches per epoch.
        seed: seed of the order and the choice of examples.
        memory: store of the state after each epoch; in the process if None.
        track: shows the progress of each epoch.

    Returns:
        The figures of every epoch; row 0 has those of the validation before training.
    """
    memory = memory or VolatileMemory()
    optimiser = make_optimiser(task, schedule)
    snapshot = task.processes.from_first(memory.recall)
    if snapshot is None:
        task.module.eval()  # without dropout, as after every epoch
        start = {"epoch": 0.0} | (task.validate() if task.validate else {})
        # If no epoch is better than the initial weights, these are kept.
        best = _weights(task.module) if task.selection_figure else {}
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
        drawn = [seed, epoch, task.processes.rank]
        with seeded(int(np.random.default_rng(drawn).integers(2**62))):
            figures = _run_epoch(task, schedule, optimiser, steps, epoch, batches)
        history.append(figures)
        if task.selection_figure and figures[task.selection_figure] >= max(
            row[task.selection_figure] for row in history
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
    """The optimiser of the trainable parameters of a task.

    The training loop sets the learning rate of every step.
    """
    return task.optimiser.make(_parameter_groups(task), schedule.weight_decay)


def take_step(task: Task, optimiser: torch.optim.Optimizer, batch: Any) -> Figures:
    """Update the weights by one batch; returns its figures from before the update.

    With several processes the figures are those of the whole batch.
    """
    figures: Figures = {}
    optimiser.zero_grad()
    for part, share in task.parts(batch):
        values = task.loss(part)
        torch.autograd.backward(values["loss"] * share)
        for name, value in values.items():
            figures[name] = figures.get(name, 0.0) + share * float(value.detach())
    figures = task.processes.mean(figures)
    if task.hinged and figures["loss"] <= 0:
        figures["loss"] = 0.0
        # Zeros, not None: momentum goes on as after any other gradient of zero.
        optimiser.zero_grad(set_to_none=False)
    optimiser.step()
    return figures


def _since_best(task: Task, history: Sequence[Figures]) -> int:
    """Epochs since the best one; 0 if the task has no figure that selects weights."""
    if not task.selection_figure:
        return 0
    figures = [row[task.selection_figure] for row in history]
    return figures[::-1].index(max(figures))


def _parameter_groups(task: Task) -> list[dict[str, Any]]:
    """Trainable parameters in groups of equal learning-rate factor."""
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
            sums[name] = sums.get(name, 0.0) + value
    task.module.eval()
    task.processes.align(task.module)
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
            if tensor is not None:  # the buffer of a momentum of 0
                tensors[f"moments/{number}/{name}"] = tensor.cpu().numpy().copy()
    return tensors


def _unpack(
    tensors: Mapping[str, NDArray[Any]],
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> dict[str, NDArray[Any]]:
    """Restore module and optimiser in place; return the best weights so far."""
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
