"""What a sampling is: a way to draw triplets from the photographs of a split.

The settings of a sampling are a frozen dataclass, whose fields have a default, a help
text and a range. The command line and the recipes of training read the same fields.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from tiefvision.errors import BadUsage
from tiefvision.records import Photo, Triplet, View
from tiefvision.triplets.sampling import ViewTriplet

Scorers = Mapping[str, NDArray[np.float32]]
"""Similarity tables by the name of the scorer: row and column i belong to photograph i,
(N, N) float32, higher is closer. A scorer is a ranker, or the network in training."""

Draw = Callable[[Sequence[Photo], Any, Scorers, np.random.Generator], list[ViewTriplet]]
"""(photographs of a split, settings, scorers, generator) -> triplets."""


@dataclass(frozen=True)
class Settings:
    """What every sampling can be told."""

    count: Annotated[int, "number of triplets; 0: as many as the sampling gives", 0] = 0


@dataclass(frozen=True)
class ScorerSettings(Settings):
    """What samplings that read scorers can be told as well."""

    weights: Annotated[str, "weights of the scorers, as 0.7,0.3; empty: equal"] = ""


def no_notes(photos: Sequence[Photo], settings: Any) -> list[str]:
    """Nothing to say about the photographs."""
    return []


@dataclass(frozen=True)
class Sampling:
    """A way to draw triplets.

    Attributes:
        name: name on the command line.
        summary: what is drawn, in a sentence without a full stop.
        source: system, paper and section, or code, that it is taken from.
        settings: frozen dataclass of the settings, a subclass of ``Settings``.
        draw: function that draws the triplets; the same generator gives the same ones.
        scorers: names of the scorers that it reads unless others are given; empty for a
            sampling that reads none.
        notes: function from photographs and settings to sentences about what differs
            from the source, such as ranks that a small catalogue does not have.
    """

    name: str
    summary: str
    source: str
    settings: type[Settings]
    draw: Draw
    scorers: tuple[str, ...] = ()
    notes: Callable[[Sequence[Photo], Any], list[str]] = no_notes

    def with_settings(self, given: Mapping[str, str]) -> Settings:
        """The settings of the sampling, some of them given as text.

        Args:
            given: values by the name of the field; the others keep their default.

        Raises:
            BadUsage: A setting is unknown, no number, or out of its range.
        """
        known = describe_settings(self.settings)
        values = {}
        for name, text in given.items():
            if name not in known:
                raise BadUsage(
                    f"The sampling {self.name} has no setting {name}.",
                    f"Use {', '.join(known)}.",
                )
            values[name] = known[name].parse(text)
        return self.settings(**values)


@dataclass(frozen=True)
class Field:
    """A setting: its name, type, default, help text and range.

    Attributes:
        name: name of the field.
        kind: ``int``, ``float`` or ``str``.
        default: value that it has unless another is given.
        text: help text.
        least: least value of a number; None for none.
        most: largest value of a number; None for none.
    """

    name: str
    kind: type[Any]
    default: Any
    text: str
    least: float | None = None
    most: float | None = None

    def parse(self, text: str) -> Any:
        """The value that a text stands for. Raises BadUsage."""
        try:
            value = self.kind(text)
        except ValueError:
            raise BadUsage(f"{self.name}={text} is no {self._expected}.") from None
        if self.kind is str:
            return value
        below = self.least is not None and value < self.least
        if below or (self.most is not None and value > self.most) or value != value:
            raise BadUsage(f"{self.name}={text} is no {self._expected}.")
        return value

    @property
    def _expected(self) -> str:
        number = "whole number" if self.kind is int else "number"
        if self.most is not None:
            return f"{number} from {self.least:g} to {self.most:g}"
        return f"{number} of {self.least:g} or more"


def describe_settings(settings: type[Settings]) -> dict[str, Field]:
    """The fields of the settings of a sampling, by name."""
    hints = get_type_hints(settings, include_extras=True)
    described = {}
    for item in fields(settings):
        kind, text, *ends = get_args(hints[item.name])
        described[item.name] = Field(item.name, kind, item.default, text, *ends)
    return described


def settings_to_dict(settings: Settings) -> dict[str, Any]:
    """Settings as values of JSON types."""
    return asdict(settings)


def scorer_weights(scorers: Scorers, settings: ScorerSettings) -> NDArray[np.float64]:
    """The weights of the scorers in the order of the mapping, (S,); their sum is 1.

    Raises:
        BadUsage: There is no scorer, or the weights are not one number of 0 or more a
            scorer.
    """
    if not scorers:
        raise BadUsage("The sampling needs a scorer.", "Add --scorer cosine")
    texts = settings.weights.split(",") if settings.weights else ["1"] * len(scorers)
    try:
        weights = np.array([float(text) for text in texts])
    except ValueError:
        weights = np.empty(0)
    usable = len(weights) == len(scorers) and np.isfinite(weights).all()
    if not usable or weights.min() < 0 or weights.sum() == 0:
        raise BadUsage(
            f"weights={settings.weights} are no weights of {', '.join(scorers)}.",
            "Give a number of 0 or more for each, separated by commas.",
        )
    return np.asarray(weights / weights.sum())


def combine_scorers(scorers: Scorers, settings: ScorerSettings) -> NDArray[np.float32]:
    """The weighted mean of the scorers, (N, N) float32.

    Deep Ranking calls such a combination golden features.
    """
    weights = scorer_weights(scorers, settings)
    if len(scorers) == 1:
        return next(iter(scorers.values()))  # not a copy
    total = np.zeros_like(next(iter(scorers.values())))
    for weight, table in zip(weights, scorers.values(), strict=True):
        total += np.float32(weight) * table
    return total


def to_triplets(
    photos: Sequence[Photo],
    rows: NDArray[np.int64],
    sources: Sequence[str] | None = None,
) -> list[ViewTriplet]:
    """Triplets of unchanged views.

    A positive that is the query itself is its mirror image, as in a triplets.csv.

    Args:
        photos: N photographs.
        rows: numbers of query, positive and negative, (T, 3) int64.
        sources: what proposed the positive of each triplet; None for nothing.
    """
    views = [View(photo.path) for photo in photos]
    mirrors = {row: View(photos[row].path, True) for row in set(rows[:, 0].tolist())}
    named = sources or [""] * len(rows)
    return [
        ViewTriplet(
            views[query],
            mirrors[query] if positive == query else views[positive],
            views[negative],
            source,
        )
        for (query, positive, negative), source in zip(
            rows.tolist(), named, strict=True
        )
    ]


def as_judged(triplets: Sequence[ViewTriplet]) -> list[Triplet]:
    """Triplets as a triplets.csv holds them, by the paths of their photographs."""
    return [Triplet(*(view.path for view in triplet.views())) for triplet in triplets]


def repeat_rows(
    total: int, each: int, count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """The row that each triplet starts from.

    Args:
        total: number of rows, at least one.
        each: triplets that a row gives.
        count: number of triplets wanted. 0 takes every row ``each`` times, in order;
            otherwise rows come in random order, and none comes again before all did.
        generator: random generator of the order.

    Returns:
        Numbers in [0, ``total``), (T,) int64.
    """
    if not count:
        return np.repeat(np.arange(total), each)
    passes = [generator.permutation(total) for _ in range(-(-count // total))]
    return np.concatenate(passes)[:count]
