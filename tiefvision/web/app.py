"""The application: routes, guards, errors, and what goes on from start to end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from tiefvision.version import __version__
from tiefvision.web import api, pages
from tiefvision.web.counting import Counting
from tiefvision.web.guard import Guard
from tiefvision.web.problems import RESPONSES, add_handlers, describe_problems
from tiefvision.web.services import Services, make_services
from tiefvision.web.settings import ServeSettings
from tiefvision.web.warming import warm_up

if TYPE_CHECKING:
    from tiefvision.finder import Finder

STATIC = Path(__file__).parent / "static"

DESCRIPTION = """Find the garments of a photograph, and what a catalogue holds of them.

Boxes are x0, y0, x1, y1 in pixels of the photograph after EXIF rotation. A photograph
is uploaded once and named by its reference from then on. Errors are problem+json."""


def create_app(finder: "Finder", settings: ServeSettings | None = None) -> FastAPI:
    """The web application of a finder.

    Args:
        finder: locates, embeds and searches; the application uses it in a thread of its
            own and closes it at the end.
        settings: settings of the application; the defaults if None.
    """
    settings = settings or ServeSettings()
    services = make_services(finder, settings)
    app = FastAPI(
        title="TiefVision",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # Swagger's page loads scripts from elsewhere
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=_lifespan(services),
        responses=RESPONSES,
    )
    app.state.services = services
    for subject in api.SUBJECTS:
        app.include_router(subject.router, prefix="/api")
    for one in pages.PAGES:
        app.include_router(one.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_handlers(app)
    describe_problems(app)
    app.add_middleware(Counting, metrics=services.metrics)
    app.add_middleware(Guard, settings=settings)
    return app


def _lifespan(
    services: Services,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        services.worker.submit(warm_up, services.finder)
        yield
        services.worker.close()
        services.finder.close()

    return lifespan
