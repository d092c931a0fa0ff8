"""Training that survives being killed: its state lives in the unfinished artifact."""

from collections.abc import Mapping
from typing import Any

from tiefvision.store.artifact import ArtifactWriter
from tiefvision.training.curves import ShowingMemory, growing_curves
from tiefvision.training.loop import Figures, Schedule, Snapshot, Task, fit
from tiefvision.workspace.job import Job


def fit_and_store(
    job: Job,
    task: Task,
    schedule: Schedule,
    steps: int,
    encoder: Mapping[str, str],
    details: Mapping[str, Any],
) -> dict[str, Any]:
    """Train, and write the weights as the artifact of a job.

    Beside the stage's report its curves grow: ``reports/<stage>.csv``, an epoch a line.
    Where TensorBoard is installed they also grow in ``reports/tensorboard/<stage>``.

    Args:
        job: Whose artifact it is.
        task: What to train.
        schedule: How long and how fast.
        steps: Batches of an epoch.
        encoder: Identity of the encoder whose maps are learnt from.
        details: What is needed to build the module again.

    Returns:
        The figures before training and of the last epoch, for the report.
    """
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
        weights = {
            name: tensor.detach().cpu().numpy()
            for name, tensor in task.module.state_dict().items()
        }
        writer.write(
            tensors={"weights/module": weights},
            records={"training/history": history},
            delete=memory.keys,
        )
        writer.finish(encoder=encoder, details=details)
    return {"before": history[0], "last": history[-1]}


class WriterMemory:
    """Keeps the state of training in the artifact that training will finish."""

    _STATE = "checkpoint/state"
    _HISTORY = "checkpoint/history"
    keys = (_STATE, _HISTORY)

    def __init__(self, writer: ArtifactWriter) -> None:
        self._writer = writer

    def recall(self) -> Snapshot | None:
        """The last snapshot, if an earlier run was cut short."""
        if not self._writer.has(self._STATE):
            return None
        tensors = self._writer.tensors(self._STATE)
        history: list[Figures] = self._writer.record(self._HISTORY)
        return Snapshot(len(history) - 1, tensors, tuple(history))

    def remember(self, snapshot: Snapshot) -> None:
        """Replace the last snapshot in one commit."""
        self._writer.write(
            tensors={self._STATE: snapshot.tensors},
            records={self._HISTORY: list(snapshot.history)},
        )
