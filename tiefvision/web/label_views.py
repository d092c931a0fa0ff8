"""View models of the pages on which people label."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tiefvision.groups import GROUPS, LABELS, OUTFIT
from tiefvision.labels.agreement import contradictions, double_judgements
from tiefvision.labels.records import Judgement, KnownPhoto
from tiefvision.records import Garment
from tiefvision.report.colours import group_class
from tiefvision.web.api.labels import next_reference
from tiefvision.web.label_records import box_record
from tiefvision.web.labelling import Labelling
from tiefvision.web.questions import Candidate, Question
from tiefvision.web.searching import located
from tiefvision.web.services import Services
from tiefvision.web.views import STAGE_HEIGHT, garments_in_order

CANDIDATE_HEIGHT = 900
"""Pixels of the photographs of a question: about twice what is shown."""

THUMBNAIL_HEIGHT = 160
"""Pixels of the photographs in the list of what does not fit."""


@dataclass(frozen=True)
class GroupChoice:
    """A group that a box can have: its name, its key, and names within it."""

    name: str
    key: str
    state: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Editor:
    """A photograph whose boxes are edited.

    Attributes:
        reference: its reference.
        name: its path or name.
        source: address of the picture.
        width: pixels of the photograph.
        height: pixels of the photograph.
        boxes: boxes as JSON: "box", "group" and "name" of each.
        state: what was saved of it: a `State`, or "" for nothing.
        about: who saved it and when, or that the boxes were located.
    """

    reference: str
    name: str
    source: str
    width: int
    height: int
    boxes: str
    state: str
    about: str


@dataclass(frozen=True)
class Choice:
    """One of the two candidates of a question."""

    reference: str
    item: str
    source: str
    ranks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class QuestionView:
    """A question as the page shows it."""

    reference: str
    source: str
    width: int
    height: int
    box: tuple[float, float, float, float] | None
    state: str
    sought: str
    choices: tuple[Choice, Choice]
    answered: int


@dataclass(frozen=True)
class Said:
    """A judgement in a list: three pictures and a sentence."""

    number: int
    sources: tuple[str, str, str]
    names: tuple[str, str, str]
    neither: bool
    who: str
    at: str


@dataclass(frozen=True)
class Judged:
    """What was judged so far: how many, and what does not fit."""

    count: int
    neither: int
    photographs: int
    doubles: tuple[tuple[Said, ...], ...]
    contradictions: tuple[tuple[Said, ...], ...]


def editor_of(services: Services, reference: str = "") -> Editor | None:
    """A photograph with its saved boxes, or else those that are located.

    Args:
        services: services of the application.
        reference: its reference; "" for the next photograph to label.

    Returns:
        The photograph; None where all are labelled.

    Raises:
        NotFound, UnreadablePhoto, Busy.
    """
    reference = reference or next_reference(services) or ""
    if not reference:
        return None
    labelling = services.labelling
    known = labelling.known(reference, services.shelf.file_of(reference))
    label = labelling.store.label_of(known.key)
    if label and label.state != "skipped":
        garments: Iterable[Garment] = label.garments
        about = f"Saved by {label.who}, {label.at[:16].replace('T', ' ')} UTC."
    else:
        garments = garments_in_order(located(services, reference))
        about = "The boxes are those that were found; correct them."
    return Editor(
        reference,
        known.photo.path if known.origin != "upload" else "an upload",
        f"/pictures/{reference}?height={STAGE_HEIGHT}",
        known.photo.width,
        known.photo.height,
        json.dumps([box_record(one).model_dump() for one in garments]),
        label.state if label else "",
        about,
    )


def group_choices(labelling: Labelling) -> list[GroupChoice]:
    """The groups with the names that garments of them have, own ones first."""
    used: dict[str, set[str]] = defaultdict(set)
    for group, name in labelling.store.names():
        used[group].add(name)
    groups = [OUTFIT, *GROUPS]
    own = sorted(used.keys() - set(groups))
    return [
        GroupChoice(
            group,
            str(number) if number <= len(groups) else "",
            group_class(group),
            tuple(sorted({*used[group], *LABELS.get(group, ())} - {""})),
        )
        for number, group in enumerate([*groups, *own], start=1)
    ]


def question_view(services: Services, question: Question) -> QuestionView:
    """A question as the page shows it."""
    labelling, reference = services.labelling, question.reference
    known = labelling.known(reference, services.shelf.file_of(reference))
    first, second = question.candidates
    return QuestionView(
        reference,
        f"/pictures/{reference}?height={STAGE_HEIGHT}",
        known.photo.width,
        known.photo.height,
        question.box,
        group_class(question.category),
        question.category or "the photograph",
        (_choice(first), _choice(second)),
        question.answered,
    )


def judged_view(labelling: Labelling) -> Judged:
    """What was judged so far."""
    judgements = labelling.store.judgements()
    return Judged(
        sum(not one.neither for one in judgements),
        sum(one.neither for one in judgements),
        len({one.reference.key for one in judgements}),
        _groups(labelling, double_judgements(judgements)),
        _groups(labelling, contradictions(judgements)),
    )


def _choice(candidate: Candidate) -> Choice:
    return Choice(
        candidate.reference,
        candidate.item,
        f"/pictures/{candidate.reference}?height={CANDIDATE_HEIGHT}",
        tuple(
            (name, f"rank {rank}" if rank else "not among the first")
            for name, rank in candidate.ranks.items()
        ),
    )


def _groups(
    labelling: Labelling, groups: Iterable[tuple[Judgement, ...]]
) -> tuple[tuple[Said, ...], ...]:
    return tuple(tuple(_said(labelling, one) for one in group) for group in groups)


def _said(labelling: Labelling, judgement: Judgement) -> Said:
    photos = (judgement.reference, judgement.closer, judgement.further)
    first, second, third = ((_thumbnail(labelling, p), p.photo.path) for p in photos)
    return Said(
        judgement.number,
        (first[0], second[0], third[0]),
        (first[1], second[1], third[1]),
        judgement.neither,
        judgement.who,
        judgement.at[:16].replace("T", " "),
    )


def _thumbnail(labelling: Labelling, known: KnownPhoto) -> str:
    """Address of a small picture; "" where the photograph is gone."""
    reference = labelling.reference_of(known)
    return f"/pictures/{reference}?height={THUMBNAIL_HEIGHT}" if reference else ""
