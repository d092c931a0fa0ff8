"""The triplet editor: which of two photographs is closer to a third?"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.web.label_records import Reference
from tiefvision.web.label_views import QuestionView, judged_view, question_view
from tiefvision.web.parameters import Name
from tiefvision.web.questions import next_question
from tiefvision.web.rendering import fragment, page
from tiefvision.web.services import Served, Services

router = APIRouter()

Photo = Annotated[Reference | None, Query()]
Ranker = Annotated[Name, Query()]


@router.get("/triplets")
def triplets_page(
    request: Request, services: Served, reference: Photo = None, ranker: Ranker = ""
) -> Response:
    """Ask the next question, and tell what was judged so far."""
    question, missing = None, ""
    try:
        question = _question(services, ranker, reference or "", "")
    except (MissingArtifact, StaleArtifact) as error:
        missing = str(error)
    return page(
        request,
        "triplets",
        title="Triplets",
        question=question,
        missing=missing,
        judged=judged_view(services.labelling),
    )


@router.get("/triplets/question")
def question_fragment(
    services: Served,
    reference: Photo = None,
    after: Photo = None,
    ranker: Ranker = "",
) -> Response:
    """Send the next question alone, for the script of the page."""
    question = _question(services, ranker, reference or "", after or "")
    return fragment("question", question=question)


@router.get("/triplets/judged")
def judged_fragment(services: Served) -> Response:
    """Send what was judged so far, for the script of the page."""
    return fragment("judged", judged=judged_view(services.labelling))


def _question(
    services: Services, ranker: str, reference: str, after: str
) -> QuestionView | None:
    found = next_question(services, ranker, reference, after)
    return question_view(services, found) if found else None
