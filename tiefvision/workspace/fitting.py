"""Training that can be interrupted: snapshots lie in the unfinished artifact."""

from collections.abc import Callable, Mapping
from typing import Any

from tiefvision.store.artifact import ArtifactWriter
from tiefvision.training.curves import ShowingMemory, growing_curves
from tiefvision.training.loop import Figures, Schedule, Snapshot, Task, fit
from tiefvision.workspace.job import Job
from tiefvision.workspace.networks import network_tensors


def fit_and_store(
    job: Job,
    task: Task,
    schedule: Schedule,
    steps: int,
    encoder: Mapping[str, str],
    details: Mapping[str, Any],
    learnt: Callable[[], Mapping[str, Any]] = dict,
    settle: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Train a network and write its weights as the artifact of a job.

    Every epoch appends a line to ``reports/<stage>.csv`` and, if TensorBoard is
    installed, its figures to ``reports/tensorboard/<stage>``. Of several processes that
    train together the first one writes.

    Args:
        job: job that writes the artifact.
        task: network, training data and loss.
        schedule: length and learning rates.
        steps: batches per epoch.
        encoder: identity of the encoder that made the feature maps.
        details: settings from which the module can be built again, of JSON types.
        learnt: further details, which are known once the module is trained.
        settle: changes the module once it is trained, before its weights are written.

    Returns:
        The figures before training, "before", and of the last epoch, "last".
    """
    if not task.processes.is_first:
        history = fit(task, schedule, steps, job.resources.seed)
        return {"before": history[0], "last": history[-1]}
    report = job.report_path
    table, scalars = report.with_suffix(".csv"), report.parent / "tensorboard"
    with (
        job.write() as writer,
        growing_curves(table, scalars / report.stem, schedule, steps) as show,
    ):
        memory = WriterMemory(writer)
        history = fit(
            task,
            schedule,
            steps,
            job.resources.seed,
            ShowingMemory(memory, show),
            job.resources.track,
        )
        settle()
        writer.write(
            tensors=network_tensors(task.module),
            records={"training/history": history},
            delete=memory.keys,
        )
        writer.finish(encoder=encoder, details={**details, **learnt()})
    return {"before": history[0], "last": history[-1]}


class WriterMemory:
    """A ``Memory`` whose snapshot lies in the artifact in the making."""

    _STATE = "checkpoint/state"
    _HISTORY = "checkpoint/history"
    keys = (_STATE, _HISTORY)

    def __init__(self, writer: ArtifactWriter) -> None:
        self._writer = writer

    def recall(self) -> Snapshot | None:
        """The snapshot of an interrupted run; None if there is none."""
        if not self._writer.has(self._STATE):
            return None
        tensors = self._writer.tensors(self._STATE)
        history: list[Figures] = self._writer.record(self._HISTORY)
        return Snapshot(len(history) - 1, tensors, tuple(history))

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the stored snapshot in one commit."""
        self._writer.write(
            tensors={self._STATE: snapshot.tensors},
            records={self._HISTORY: list(snapshot.history)},
        )
