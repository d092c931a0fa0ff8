"""Errors as answers: problem+json (RFC 9457) for programs, a page for people."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from tiefvision.errors import (
    BadUsage,
    MissingArtifact,
    StaleArtifact,
    StorageFull,
    TiefVisionError,
    UnreadablePhoto,
)
from tiefvision.jobs.folders import UnknownJob
from tiefvision.storage import os_error_text
from tiefvision.web.rendering import page
from tiefvision.web.worker import Busy

logger = logging.getLogger(__name__)

RETRY_AFTER = 1
"""Seconds after which a request that was refused may come again."""


class NotFound(TiefVisionError):
    """Something that a request names and that is not there."""


STATUS: dict[type[TiefVisionError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    UnreadablePhoto: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadUsage: HTTPStatus.BAD_REQUEST,
    MissingArtifact: HTTPStatus.CONFLICT,
    StaleArtifact: HTTPStatus.CONFLICT,
    StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    UnknownJob: HTTPStatus.NOT_FOUND,  # behind BadUsage, of which it is one
}
"""Status of each kind of error; of others it is 409."""


class Problem(BaseModel):
    """An error as RFC 9457 writes it."""

    type: str = "about:blank"
    title: str = Field(description="Name of the status.")
    status: int
    detail: str = Field(description="A sentence that says what is wrong.")
    fix: str = Field("", description="A sentence that says what corrects it.")


MEDIA_TYPE = "application/problem+json"

RESPONSES: dict[int | str, dict[str, object]] = {
    code: {
        "description": HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code in (400, 401, 403, 404, 409, 413, 422, 429, 507)
}
"""Problems that any request may come to, for the OpenAPI description."""


def describe_problems(app: FastAPI) -> None:
    """Let the description of an application hold the form of its problems.

    FastAPI adds the forms of answers by itself, but calls each application/json.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        description = described()
        forms = description.setdefault("components", {}).setdefault("schemas", {})
        forms.setdefault(Problem.__name__, Problem.model_json_schema())
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def add_handlers(app: FastAPI) -> None:
    """Let every error of an application become an answer."""
    app.add_exception_handler(TiefVisionError, _on_own)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Busy, _on_busy)
    app.add_exception_handler(ClientDisconnect, _on_gone)
    app.add_exception_handler(OSError, _on_system)
    app.add_exception_handler(Exception, _on_defect)


def answer(
    request: Request, status: int, detail: str, fix: str = "", retry: bool = False
) -> Response:
    """An error as an answer, in the form that the client reads."""
    headers = {"Retry-After": str(RETRY_AFTER)} if retry else {}
    title = HTTPStatus(status).phrase
    if _wants_page(request):
        response: Response = page(
            request, "problem", title=title, detail=detail, fix=fix
        )
        response.status_code = status
        response.headers.update(headers)
        return response
    problem = Problem(title=title, status=status, detail=detail, fix=fix)
    return JSONResponse(problem.model_dump(), status, headers, media_type=MEDIA_TYPE)


def _wants_page(request: Request) -> bool:
    path, accepted = request.url.path, request.headers.get("accept", "")
    return not path.startswith("/api") and "text/html" in accepted


def _on_own(request: Request, error: Exception) -> Response:
    assert isinstance(error, TiefVisionError)
    status = HTTPStatus.CONFLICT
    for kind, code in STATUS.items():
        if isinstance(error, kind):
            status = code
    detail = "\n".join((error.message, *error.reasons))
    return answer(request, status, detail, error.fix)


def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = []
    for one in error.errors()[:5]:
        place = ".".join(str(part) for part in one["loc"][1:])
        faults.append(f"{place or 'The request'}: {one['msg']}.")
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return answer(
        request, status, " ".join(faults), "The description is /api/openapi.json."
    )


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "There is no such page or resource."
    response = answer(request, error.status_code, detail)
    response.headers.update(error.headers or {})
    return response


def _on_busy(request: Request, error: Exception) -> Response:
    return answer(
        request,
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many searches wait already.",
        "Try again in a second.",
        retry=True,
    )


def _on_gone(request: Request, error: Exception) -> Response:
    # Nobody reads it, but it is counted as what it is: no defect of the server.
    return answer(request, HTTPStatus.BAD_REQUEST, "The request broke off.")


def _on_system(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    logger.warning("%s", os_error_text(error))
    return answer(request, HTTPStatus.INSUFFICIENT_STORAGE, os_error_text(error))


def _on_defect(request: Request, error: Exception) -> Response:
    logger.error("A defect in %s", request.url.path, exc_info=error)
    return answer(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "This is a defect of the server; its log tells more.",
    )
