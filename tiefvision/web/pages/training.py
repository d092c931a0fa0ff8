"""The training page: train a model again, watch it, and put it in use."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from tiefvision.web.rendering import fragment, page
from tiefvision.web.services import Served
from tiefvision.web.training_views import job_views, lessons

router = APIRouter()


@router.get("/training")
def training_page(request: Request, services: Served) -> Response:
    """Show what can be trained again, and the jobs."""
    jobs = job_views(services)
    return page(
        request, "training", title="Training", jobs=jobs, lessons=lessons(services)
    )


@router.get("/training/jobs")
def training_jobs(services: Served) -> Response:
    """Send buttons and jobs alone, for the script of the page."""
    return fragment("jobs", jobs=job_views(services), lessons=lessons(services))
