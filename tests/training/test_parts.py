"""Batches in parts, hinges of a mean, dropout, and several processes."""

import json
import socket

import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.training.loop import Schedule, Task, VolatileMemory, fit, seeded
from tiefvision.training.optimisers import MOMENTS, Optimiser
from tiefvision.training.processes import ALONE
from tiefvision.training.schedules import SteppedSchedule

STEPS = 3
SCHEDULE = SteppedSchedule(epochs=2, learning_rate=0.05, parts=2)


def network(dropout=0.0):
    with seeded(1):
        return nn.Sequential(nn.Linear(3, 8), nn.Dropout(dropout), nn.Linear(8, 1))


def batches(generator):
    for _ in range(STEPS):
        yield torch.from_numpy(generator.standard_normal((6, 3)).astype(np.float32))


def in_parts(sizes):
    return lambda batch: [(part, len(part) / len(batch)) for part in batch.split(sizes)]


def task_of(module, **options):
    def loss(inputs):
        return {"loss": (module(inputs)[:, 0] - inputs.sum(dim=1)).square().mean()}

    return Task(module, batches, loss, **options)


def weights_of(module):
    return torch.cat([one.detach().flatten() for one in module.parameters()])


@pytest.mark.parametrize("optimiser", MOMENTS)
def test_parts_of_a_batch_train_as_the_batch(optimiser):
    whole, parts = network(), network()
    chosen = {"optimiser": Optimiser(optimiser)}
    expected = fit(task_of(whole, **chosen), SCHEDULE, STEPS, seed=0)
    cut = task_of(parts, parts=in_parts([4, 1, 1]), **chosen)
    history = fit(cut, SCHEDULE, STEPS, seed=0)
    torch.testing.assert_close(weights_of(parts), weights_of(whole))
    assert history[-1]["loss"] == pytest.approx(expected[-1]["loss"], rel=1e-4)


@pytest.mark.parametrize("sizes", [[1, 1], [2]])
def test_a_hinge_is_applied_to_the_mean_of_all_parts(sizes):
    module = nn.Linear(1, 1, bias=False)
    weight = module.weight.item()
    moved = []

    def drawn(generator):
        for values in ([-4.0, 1.0], [4.0, -1.0]):
            yield torch.tensor(values)[:, None]
            moved.append(module.weight.item())

    task = Task(
        module,
        drawn,
        lambda part: {"loss": part.mean() + module.weight.sum()},
        optimiser=Optimiser("sgd", momentum=0.0),
        parts=in_parts(sizes),
        hinged=True,
    )
    with torch.no_grad():
        module.weight.zero_()
    assert weight != 0
    (_, row) = fit(task, SteppedSchedule(1, 0.5, weight_decay=0.0), 2, seed=0)
    # The mean of the first batch is -1.5: nothing is learnt. That of the second is 1.5.
    assert moved == [0.0, -0.5]
    assert row["loss"] == pytest.approx((0 + 1.5) / 2)


@pytest.mark.parametrize("optimiser", MOMENTS)
def test_dropout_and_moments_go_on_after_a_kill(optimiser):
    chosen = {"optimiser": Optimiser(optimiser)}
    undisturbed, first, second = network(0.5), network(0.5), network(0.5)
    long = SteppedSchedule(3, 0.05)
    expected = fit(task_of(undisturbed, **chosen), long, STEPS, seed=0)

    class Killed(Exception):
        pass

    class Dying(VolatileMemory):
        def remember(self, snapshot):
            super().remember(snapshot)
            if snapshot.epoch == 2:
                raise Killed

    memory = Dying()
    with pytest.raises(Killed):
        fit(task_of(first, **chosen), long, STEPS, seed=0, memory=memory)
    torch.rand(7)  # another process has another state of the global generator
    kept = VolatileMemory(memory.snapshot)
    assert fit(task_of(second, **chosen), long, STEPS, seed=0, memory=kept) == expected
    assert torch.equal(weights_of(second), weights_of(undisturbed))


def test_dropout_differs_from_epoch_to_epoch():
    dropped = []
    module = nn.Dropout(0.5)
    weight = nn.Parameter(torch.ones(1))
    both = nn.ModuleDict({"dropout": module, "weight": nn.ParameterList([weight])})

    def loss(batch):
        kept = module(torch.ones(64))
        dropped.append(kept.tolist())
        return {"loss": kept.sum() * weight.sum()}

    fit(Task(both, lambda g: [None], loss), Schedule(3, 0.1), 1, seed=0)
    assert len({str(row) for row in dropped}) == 3


def test_a_momentum_of_zero_keeps_no_buffer():
    memory = VolatileMemory()
    task = task_of(network(), optimiser=Optimiser("sgd", momentum=0.0))
    fit(task, SCHEDULE, STEPS, seed=0, memory=memory)
    assert not any(name.startswith("moments/") for name in memory.snapshot.tensors)


def test_one_process_is_alone():
    module = network()
    assert ALONE.shared(module) is module and ALONE.is_first
    assert ALONE.mean({"loss": 2.0}) == {"loss": 2.0}
    assert ALONE.total(torch.ones(2)).tolist() == [1, 1]
    assert ALONE.from_first(lambda: 5) == 5


WORKER = """
import json, os
os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1",
                  MASTER_PORT=str(port))
import numpy as np
import torch
from torch import nn
from tiefvision.training.loop import Task, VolatileMemory, fit, seeded
from tiefvision.training.optimisers import Optimiser
from tiefvision.training.processes import joined_processes
from tiefvision.training.schedules import SteppedSchedule

def batches(generator):
    for _ in range(3):
        yield torch.from_numpy(generator.standard_normal((6, 3)).astype(np.float32))

with joined_processes(torch.device("cpu")) as joined, seeded(1 + rank):
    module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.0), nn.Linear(8, 1))
    together = joined.shared(module)

    def parts(batch):
        own = batch[:4] if rank == 0 else batch[4:]
        return [(own, len(own) / len(batch) * 2)]

    def loss(inputs):
        error = together(inputs)[:, 0] - inputs.sum(dim=1)
        return {"loss": error.square().mean()}

    memory = VolatileMemory()
    task = Task(module, batches, loss, optimiser=Optimiser("nesterov"), parts=parts,
                processes=joined)
    history = fit(task, SteppedSchedule(2, 0.05, parts=2), 3, 0, memory)
    assert memory.recall() is not None
    again = fit(task, SteppedSchedule(2, 0.05, parts=2), 3, 0,
                memory if rank == 0 else None)
    assert again == history
    weights = torch.cat([one.detach().flatten() for one in module.parameters()])
    print(json.dumps([history, weights.tolist(), joined.total(torch.ones(1)).tolist()]))
"""


def test_two_processes_train_as_one(processes):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = [processes.start(WORKER, rank=rank, port=port) for rank in (0, 1)]
    ended = [one.wait() for one in both]
    assert [one.code for one in ended] == [0, 0], [one.stderr for one in ended]
    first, second = (json.loads(one.stdout) for one in ended)
    assert first == second and first[2] == [2.0]
    alone = network()
    task = task_of(alone, optimiser=Optimiser("nesterov"))
    expected = fit(task, SCHEDULE, STEPS, seed=0)
    assert first[1] == pytest.approx(weights_of(alone).tolist(), rel=1e-4, abs=1e-6)
    losses = [row["loss"] for row in first[0][1:]]
    assert losses == pytest.approx([row["loss"] for row in expected[1:]], rel=1e-4)
