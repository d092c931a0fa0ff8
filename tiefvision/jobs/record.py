"""The record of a job: what it runs, how far it is, and how it ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "stopped", "failed", "done"]
"""A waiting job has been written down and its process is about to start."""

ENDED: tuple[State, ...] = ("stopped", "failed", "done")

GRACE = 30.0
"""Seconds that a stopped job has to end by itself. A stage finishes the batch it is at;
the longest, an epoch's validation on two cores, took eight."""


@dataclass(frozen=True)
class Step:
    """A command of a job.

    Attributes:
        name: What it does, in a few words for people.
        command: Program and arguments.
    """

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class JobRecord:
    """A job as its file describes it.

    Attributes:
        id: Name of its folder, as `tiefvision.jobs.folders.new_id` makes it.
        kind: What the job is for, such as "locator".
        steps: Commands, run one after the other until one fails.
        state: How far it is.
        step: Number of the current or last step, from 1; 0 before the first.
        started: When it was started, in seconds since 1970.
        ended: When it ended; None before that, and where nobody was left to tell.
        code: Exit code of the last step, minus the signal that ended it; None before.
        message: A sentence about the end; "" before it.
        stopping: Whether it was asked to stop and has not yet ended.
        grace: Seconds that it then has to end by itself.
        group: Process group of all its processes; None before it has any.
        about: What the makers of the job want to remember, of JSON types.
    """

    id: str
    kind: str
    steps: tuple[Step, ...]
    state: State = "waiting"
    step: int = 0
    started: float = 0.0
    ended: float | None = None
    code: int | None = None
    message: str = ""
    stopping: bool = False
    grace: float = GRACE
    group: int | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens."""
        return self.state in ENDED

    @property
    def step_name(self) -> str:
        """Name of the current or last step; "" before the first."""
        return self.steps[self.step - 1].name if self.step else ""

    def to_json(self) -> str:
        """The record as indented JSON."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "JobRecord":
        """Parse the result of ``to_json``. Raises ValueError if it is none."""
        try:
            values = json.loads(text)
            steps = tuple(
                Step(one["name"], tuple(one["command"])) for one in values["steps"]
            )
            return cls(**{**values, "steps": steps})
        except (TypeError, KeyError) as error:
            raise ValueError("not the record of a job") from error

    def to_dict(self) -> dict[str, Any]:
        """What a person or program is told, as values of JSON types."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "stopping": self.stopping,
            "step": self.step,
            "steps": [step.name for step in self.steps],
            "started": self.started,
            "ended": self.ended,
            "code": self.code,
            "message": self.message,
            "about": dict(self.about),
        }
