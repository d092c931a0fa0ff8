import numpy as np
import pytest
import torch
from torch import nn

from tiefvision.training.loop import (
    Schedule,
    Snapshot,
    Task,
    VolatileMemory,
    fit,
    seeded,
)

STEPS = 4


class Killed(Exception):
    """Raised to interrupt a run."""


def small_network(seed):
    """A network with batch normalisation, whose running statistics are state, too."""
    with seeded(seed):
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))


def regression_task(module, selected_by="score", killed_after=None):
    """The task of learning a linear rule; it raises ``Killed`` after some batches."""
    done = 0

    def batches(generator):
        nonlocal done
        for _ in range(STEPS):
            if done == killed_after:
                raise Killed
            done += 1
            inputs = generator.standard_normal((8, 3)).astype(np.float32)
            yield torch.from_numpy(inputs)

    def loss(inputs):
        return {"loss": (module(inputs)[:, 0] - inputs.sum(dim=1)).square().mean()}

    @torch.no_grad()
    def validate():
        inputs = torch.linspace(-1, 1, 30).reshape(10, 3)
        return {"score": -float(loss(inputs)["loss"])}

    return Task(module, batches, loss, validate, selected_by)


def copies(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_same_weights(module, other):
    first, second = module.state_dict(), other.state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


SCHEDULE = Schedule(epochs=5, learning_rate=0.05)


@pytest.mark.parametrize("selected_by", ["", "score"])
@pytest.mark.parametrize("batches_done", [0, 1, 2 * STEPS, 3 * STEPS + 2])
def test_a_continued_run_ends_with_the_same_weights(selected_by, batches_done):
    undisturbed = small_network(seed=1)
    expected = fit(regression_task(undisturbed, selected_by), SCHEDULE, STEPS, seed=7)

    memory = VolatileMemory()
    first = regression_task(small_network(seed=1), selected_by, batches_done)
    with pytest.raises(Killed):
        fit(first, SCHEDULE, STEPS, seed=7, memory=memory)
    assert memory.snapshot.epoch == batches_done // STEPS
    # The new network has other weights: all must come from the memory.
    resumed = small_network(seed=2)
    history = fit(
        regression_task(resumed, selected_by), SCHEDULE, STEPS, seed=7, memory=memory
    )

    assert history == expected
    assert_same_weights(resumed, undisturbed)


def test_a_finished_run_is_not_trained_again():
    memory = VolatileMemory()
    trained = small_network(seed=1)
    history = fit(regression_task(trained), SCHEDULE, STEPS, seed=7, memory=memory)
    again = small_network(seed=2)
    task = regression_task(again, killed_after=0)
    assert fit(task, SCHEDULE, STEPS, seed=7, memory=memory) == history
    assert_same_weights(again, trained)


def test_the_seed_determines_the_examples():
    runs = {}
    for name, seed in (("first", 7), ("same", 7), ("other", 8)):
        runs[name] = small_network(seed=1)
        fit(regression_task(runs[name]), SCHEDULE, STEPS, seed=seed)
    assert_same_weights(runs["first"], runs["same"])
    assert not torch.equal(runs["first"][0].weight, runs["other"][0].weight)


def test_every_epoch_draws_other_examples():
    drawn = []
    module = nn.Linear(1, 1)

    def batches(generator):
        drawn.append(generator.random())
        return iter(())

    fit(Task(module, batches, dict), Schedule(3, 0.1), steps=0, seed=0)
    assert len(set(drawn)) == 3


def test_the_loss_falls_and_the_history_shows_it():
    module = small_network(seed=1)
    history = fit(regression_task(module), SCHEDULE, STEPS, seed=7)
    assert [row["epoch"] for row in history] == [0, 1, 2, 3, 4, 5]
    assert "loss" not in history[0]  # nothing was trained before the first epoch
    assert history[-1]["loss"] < 0.5 * history[1]["loss"]
    assert history[-1]["score"] > history[0]["score"]
    assert not module.training


def test_the_figures_of_an_epoch_are_means_over_its_batches():
    weight = nn.Parameter(torch.zeros(1))
    module = nn.ParameterList([weight])

    def loss(batch):
        return {"loss": weight.sum() * 0, "seen": torch.tensor(float(batch))}

    task = Task(module, lambda generator: iter([1, 2, 6]), loss)
    history = fit(task, Schedule(1, 0.1), steps=3, seed=0)
    assert history == [{"epoch": 0.0}, {"epoch": 1.0, "loss": 0.0, "seen": 3.0}]


def scored_task(module, scores):
    """A task that changes the weights in every epoch and validates to ``scores``."""
    remaining = iter(scores)
    seen = []

    def validate():
        seen.append(copies(module))
        return {"score": next(remaining)}

    task = Task(
        module,
        lambda generator: iter([None]),
        lambda batch: {"loss": module.weight.sum()},
        validate,
        selection_figure="score",
    )
    return task, seen


@pytest.mark.parametrize(
    ("scores", "kept"),
    [
        ([0.1, 0.5, 0.9, 0.4], 2),
        ([0.1, 0.9, 0.5, 0.9], 3),  # the later of equal ones
        ([0.1, 0.2, 0.3, 0.4], 3),
        ([0.8, 0.3, 0.2, 0.5], 0),  # training made it worse
    ],
)
def test_the_weights_of_the_best_epoch_are_kept(scores, kept):
    module = nn.Linear(2, 1)
    task, seen = scored_task(module, scores)
    fit(task, Schedule(3, 0.1), steps=1, seed=0)
    weights = [row["weight"].tolist() for row in seen]
    assert len({str(row) for row in weights}) == 4
    assert module.weight.tolist() == weights[kept]


def test_the_best_epoch_survives_a_resumption():
    module = nn.Linear(2, 1)
    task, seen = scored_task(module, [0.1, 0.9, 0.5])
    memory = VolatileMemory()
    with pytest.raises(RuntimeError, match="StopIteration"):
        fit(_stopping(task), Schedule(4, 0.1), steps=1, seed=0, memory=memory)
    assert memory.snapshot.epoch == 2
    again = nn.Linear(2, 1)
    rest, _ = scored_task(again, [0.3, 0.2])
    fit(rest, Schedule(4, 0.1), steps=1, seed=0, memory=memory)
    assert torch.equal(again.weight, seen[1]["weight"])


@pytest.mark.parametrize(
    ("scores", "patience", "kept"),
    [
        ([0.1, 0.9, 0.5, 0.4], 2, 1),
        ([0.9, 0.5], 1, 0),
        ([0.1, 0.9, 0.5, 0.9, 0.2, 0.3], 2, 3),  # an equal figure counts as better
        ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3], 0, 0),  # to the end
    ],
)
def test_patience_ends_training_and_keeps_the_best(scores, patience, kept):
    module = nn.Linear(2, 1)
    task, seen = scored_task(module, scores)
    # The number of scores is exact: a further epoch would raise, and none may be left.
    history = fit(task, Schedule(6, 0.1, patience=patience), steps=1, seed=0)
    assert [row["score"] for row in history] == scores
    assert torch.equal(module.weight, seen[kept]["weight"])


def test_patience_without_a_selecting_figure_has_no_effect():
    module = nn.Linear(2, 1)
    task, _ = scored_task(module, [0.9, 0.5, 0.1, 0.1])
    task = Task(task.module, task.batches, task.loss, task.validate)
    history = fit(task, Schedule(3, 0.1, patience=1), steps=1, seed=0)
    assert len(history) == 4


def test_patience_stops_an_interrupted_run_at_the_same_epoch():
    scores = [0.1, 0.9, 0.5, 0.4, 0.3]
    schedule = Schedule(9, 0.1, patience=3)
    with seeded(1):
        module, again = nn.Linear(2, 1), nn.Linear(2, 1)
        again.load_state_dict(module.state_dict())
    task, _ = scored_task(module, scores)
    expected = fit(task, schedule, steps=1, seed=0)
    assert len(expected) == 5

    memory = VolatileMemory()
    first, _ = scored_task(again, scores[:3])
    with pytest.raises(RuntimeError, match="StopIteration"):
        fit(_stopping(first), schedule, steps=1, seed=0, memory=memory)
    resumed = nn.Linear(2, 1)
    rest, _ = scored_task(resumed, scores[3:])
    assert fit(rest, schedule, steps=1, seed=0, memory=memory) == expected
    assert_same_weights(resumed, module)
    # A further run trains no epoch: there is no score left.
    done, _ = scored_task(nn.Linear(2, 1), [])
    assert fit(done, schedule, steps=1, seed=0, memory=memory) == expected


def _stopping(task):
    """Turn running out of scores into a RuntimeError, which ends the run."""

    def validate():
        try:
            return task.validate()
        except StopIteration:
            raise RuntimeError("StopIteration") from None

    return Task(task.module, task.batches, task.loss, validate, task.selection_figure)


def test_without_a_selecting_figure_the_last_weights_are_kept():
    module = nn.Linear(2, 1)
    task, seen = scored_task(module, [0.9, 0.5, 0.1])
    task = Task(task.module, task.batches, task.loss, task.validate)
    fit(task, Schedule(2, 0.1), steps=1, seed=0)
    assert torch.equal(module.weight, seen[2]["weight"])


def test_snapshots_share_no_memory_with_the_module():
    module = nn.Linear(2, 1)
    task, _ = scored_task(module, [0.1, 0.2])
    memory = VolatileMemory()
    fit(task, Schedule(1, 0.1), steps=1, seed=0, memory=memory)
    kept = {name: array.copy() for name, array in memory.snapshot.tensors.items()}
    with torch.no_grad():
        module.weight.add_(1.0)
    for name, array in memory.snapshot.tensors.items():
        assert np.array_equal(array, kept[name])


def test_the_first_snapshot_is_taken_before_training():
    remembered = []

    class Recorder(VolatileMemory):
        def remember(self, snapshot: Snapshot) -> None:
            remembered.append(snapshot)

    module = nn.Linear(2, 1)
    before = module.weight.detach().clone().numpy()
    task, _ = scored_task(module, [0.1, 0.2, 0.3])
    fit(task, Schedule(2, 0.1), steps=1, seed=0, memory=Recorder())
    assert [snapshot.epoch for snapshot in remembered] == [0, 1, 2]
    assert np.array_equal(remembered[0].tensors["module/weight"], before)


def test_the_learning_rate_rises_and_falls():
    schedule = Schedule(epochs=1, learning_rate=1.0, warm_up=0.1)
    rates = [schedule.rate(step, 20) for step in range(21)]
    assert rates[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert rates[11] == pytest.approx(0.5)  # half way down: (11 - 2) / 18
    assert rates[5] == pytest.approx(0.5 * (1 + np.cos(np.pi / 6)))
    assert rates[20] == pytest.approx(0.0)
    assert max(rates) == 1.0
    assert np.all(np.diff(rates[2:]) < 0)


def test_the_learning_rate_of_the_shortest_runs():
    schedule = Schedule(epochs=1, learning_rate=0.2)
    assert schedule.rate(0, 1) == pytest.approx(0.1)
    assert schedule.rate(0, 0) == pytest.approx(0.1)
    assert schedule.rate(5, 2) == pytest.approx(0.0)  # past the end


def test_the_loop_uses_the_schedule():
    module = nn.Linear(1, 1, bias=False)
    before = []

    def batches(generator):
        for _ in range(2):
            before.append(module.weight.item())
            yield None

    task = Task(module, batches, lambda batch: {"loss": module(torch.ones(1))})
    schedule = Schedule(epochs=2, learning_rate=0.1, weight_decay=0.0, warm_up=0.5)
    fit(task, schedule, steps=2, seed=0)
    # With a constant gradient every step of Adam is as long as its learning rate.
    moved = -np.diff([*before, module.weight.item()])
    assert moved == pytest.approx([0.1 / 3, 0.2 / 3, 0.1, 0.05], abs=1e-5)


def test_seeded_weights_leave_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with seeded(5):
        drawn = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with seeded(5):
        assert torch.equal(torch.rand(2), drawn)
