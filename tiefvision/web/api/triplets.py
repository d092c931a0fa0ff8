"""Triplets: what to ask, what was answered, and what does not fit."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tiefvision.labels.agreement import contradictions, double_judgements
from tiefvision.labels.records import Judgement, KnownPhoto
from tiefvision.web.label_records import (
    JudgementRecord,
    Reference,
    TripletToSave,
    judgement_record,
)
from tiefvision.web.parameters import Name
from tiefvision.web.questions import next_question
from tiefvision.web.services import Served, Services

router = APIRouter(prefix="/labels", tags=["labels"])

Optional = Annotated[Reference | None, Query()]


class Judgements(BaseModel):
    """Judgements that count, in the order of their saves."""

    judgements: list[JudgementRecord]
    doubles: list[list[int]] = Field(
        description="Numbers of judgements that say the same of the same photographs."
    )
    contradictions: list[list[int]] = Field(
        description="Numbers of judgements that cannot all be right."
    )


class CandidateRecord(BaseModel):
    """One of the two photographs of a question."""

    photo: str
    item: str
    ranks: dict[str, int | None] = Field(
        description="Rank by each ranker; null where it is not among the first."
    )


class QuestionRecord(BaseModel):
    """Which of two photographs is closer to the reference?"""

    reference: str
    box: tuple[float, float, float, float] | None
    category: str
    candidates: list[CandidateRecord]
    answered: int = Field(description="Judgements about the reference so far.")


class Asked(BaseModel):
    """The next question."""

    question: QuestionRecord | None = Field(description="Null where none is left.")


@router.get("/triplets")
def list_judgements(services: Served) -> Judgements:
    """List the judgements, and those that were given twice or contradict others."""
    labelling = services.labelling
    judgements = labelling.store.judgements()
    return Judgements(
        judgements=[judgement_record(labelling, one) for one in judgements],
        doubles=_numbers(double_judgements(judgements)),
        contradictions=_numbers(contradictions(judgements)),
    )


@router.post("/triplets")
def save_judgement(sent: TripletToSave, services: Served) -> JudgementRecord:
    """Save a judgement; the answer says that it is on the disk."""
    labelling = services.labelling
    reference, closer, further = (
        _kept(services, one) for one in (sent.reference, sent.closer, sent.further)
    )
    judgement = Judgement(reference, closer, further, sent.neither, sent.who)
    saved = labelling.store.save_judgement(judgement)
    return judgement_record(labelling, saved)


@router.get("/question")
def question(
    services: Served,
    ranker: Annotated[Name, Query()] = "",
    reference: Optional = None,
    after: Optional = None,
) -> Asked:
    """Tell which question to ask next: where two rankers disagree most."""
    found = next_question(services, ranker, reference or "", after or "")
    if found is None:
        return Asked(question=None)
    return Asked(
        question=QuestionRecord(
            reference=found.reference,
            box=found.box,
            category=found.category,
            candidates=[
                CandidateRecord(photo=one.reference, item=one.item, ranks=one.ranks)
                for one in found.candidates
            ],
            answered=found.answered,
        )
    )


def _kept(services: Services, reference: str) -> KnownPhoto:
    """A photograph as labels name it; the file of an upload is kept with them."""
    file = services.shelf.file_of(reference)
    known = services.labelling.known(reference, file)
    services.labelling.keep_upload(known, file)
    return known


def _numbers(groups: list[tuple[Judgement, ...]]) -> list[list[int]]:
    return [[one.number for one in group] for group in groups]
