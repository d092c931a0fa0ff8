"""The new model against the old one, on photographs that neither was trained on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tiefvision.files import read_file, replace_text
from tiefvision.jobs.retraining.places import VERDICT, again_folder
from tiefvision.workspace.artifacts import Workspace


@dataclass(frozen=True)
class ComparedFigure:
    """A figure of both models.

    Attributes:
        name: What is measured, for people.
        old: Figure of the model that was there.
        new: Figure of the new one.
        low: Lower end of the 95 % interval of new minus old; None where it is unknown.
        high: Upper end.
        less_is_better: Whether a smaller figure is the better one.
    """

    name: str
    old: float
    new: float
    low: float | None = None
    high: float | None = None
    less_is_better: bool = False

    @property
    def difference(self) -> float:
        """New minus old."""
        return self.new - self.old

    @property
    def is_certain(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return (
            self.low is not None
            and self.high is not None
            and (self.low > 0 or self.high < 0)
        )


@dataclass(frozen=True)
class Verdict:
    """The comparison of a new model with the old one.

    Attributes:
        kind: What was trained again.
        measured_on: The photographs, in words.
        figures: The first is the one that decides.
        sentence: What the figures come to.
    """

    kind: str
    measured_on: str
    figures: tuple[ComparedFigure, ...]
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The comparison as values of JSON types."""
        return {
            **asdict(self),
            "figures": [
                {**asdict(one), "difference": one.difference} for one in self.figures
            ],
        }


def verdict_of(
    kind: str, measured_on: str, figures: Sequence[ComparedFigure]
) -> Verdict:
    """The comparison, with a sentence about the figure that decides.

    Args:
        kind: What was trained again.
        measured_on: The photographs, in words.
        figures: The first is the one that decides; none if nothing was measured.
    """
    sentence = _in_words(kind, measured_on, figures)
    return Verdict(kind, measured_on, tuple(figures), sentence)


def write_verdict(workspace: Workspace, job: str, verdict: Verdict) -> None:
    """Write the comparison beside the new model."""
    text = json.dumps(verdict.to_dict(), indent=1, ensure_ascii=False)
    replace_text(again_folder(workspace, job) / VERDICT, text)


def read_verdict(workspace: Workspace, job: str) -> Verdict | None:
    """The comparison of a job; None if there is none. Raises BadUsage for a bad id."""
    try:
        values = json.loads(read_file(again_folder(workspace, job) / VERDICT))
        return _from_dict(values)
    except (OSError, ValueError, KeyError, TypeError):  # not judged, or damaged
        return None


def _from_dict(values: Mapping[str, Any]) -> Verdict:
    figures = (
        {key: value for key, value in one.items() if key != "difference"}
        for one in values["figures"]
    )
    return Verdict(
        **{**values, "figures": tuple(ComparedFigure(**one) for one in figures)}
    )


def _in_words(kind: str, measured_on: str, figures: Sequence[ComparedFigure]) -> str:
    if not figures:
        return f"The new {kind} could not be compared with the old one."
    first = figures[0]
    told = f"{first.name} {first.new:.3f} after {first.old:.3f}, on {measured_on}"
    if not first.difference:
        return f"The new {kind} is as good as the old one: {told}."
    if not first.is_certain:
        return (
            f"The new {kind} differs from the old one by no more than chance: {told}."
        )
    is_better = (first.difference > 0) != first.less_is_better
    how = "better" if is_better else "worse"
    return f"The new {kind} is {how} than the old one: {told}."
