"""Whether the server works, what it serves with, and its metrics."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tiefvision.errors import TiefVisionError
from tiefvision.version import __version__
from tiefvision.web.services import Served

router = APIRouter(tags=["server"])


class Health(BaseModel):
    """Whether the server works."""

    status: str = Field(description='"ok"')
    waiting: int = Field(description="Requests that run or wait for the networks.")


class Version(BaseModel):
    """What the server serves with."""

    version: str
    models: str = Field(description="Name of the models.")
    fingerprints: dict[str, str] = Field(description="Digests of the models by name.")
    catalogue: dict[str, Any] | None = Field(
        description="Folder, counts and rankers of what is searched; null for none."
    )


@router.get("/health")
def health(services: Served) -> Health:
    """Tell that the server answers, and how much waits."""
    return Health(status="ok", waiting=services.worker.inside)


@router.get("/version")
def version(services: Served) -> Version:
    """Tell release, models and catalogue."""
    finder = services.finder
    catalogue = None
    try:
        indexed = finder.indexed
        catalogue = {
            "kind": indexed.name,
            "folder": str(indexed.root),
            "photos": indexed.photos,
            "items": indexed.items,
            "rankers": list(indexed.rankers),
            "changed": indexed.made,
        }
    except TiefVisionError:
        pass
    return Version(
        version=__version__,
        models=finder.models.label,
        fingerprints=dict(finder.models.digests()),
        catalogue=catalogue,
    )


@router.get("/metrics", response_class=Response)
def metrics(services: Served) -> Response:
    """Tell the metrics in the text format of Prometheus."""
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4")
