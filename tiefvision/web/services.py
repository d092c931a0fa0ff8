"""What the routes share: the finder, its thread, photographs, pictures, metrics."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from tiefvision.web.labelling import Labelling
from tiefvision.web.metrics import Metrics
from tiefvision.web.pictures import Pictures
from tiefvision.web.rows import Rows
from tiefvision.web.samples import Samples
from tiefvision.web.settings import ServeSettings
from tiefvision.web.shelf import Shelf
from tiefvision.web.uploads import FOLDER, Uploads
from tiefvision.web.worker import Worker

if TYPE_CHECKING:
    from tiefvision.finder import Finder


@dataclass(frozen=True, eq=False)
class Services:
    """What an application serves with.

    Attributes:
        finder: locates, embeds and searches; only ``worker`` may use its networks.
        settings: settings of the application.
        worker: thread of the networks.
        uploads: uploaded photographs.
        samples: street photographs that are offered.
        shelf: photographs by reference.
        pictures: small pictures of files.
        labelling: labels, and the photographs that can be labelled.
        metrics: metrics of this application.
    """

    finder: "Finder"
    settings: ServeSettings
    worker: Worker
    uploads: Uploads
    samples: Samples
    shelf: Shelf
    pictures: Pictures
    labelling: Labelling
    metrics: Metrics


def make_services(finder: "Finder", settings: ServeSettings) -> Services:
    """The services of a new application."""
    worker = Worker(settings.most_waiting)
    uploads = Uploads(finder.workspace.root / FOLDER, settings.kept_uploads)
    samples = Samples(finder.workspace, settings.samples)
    labelling = Labelling(finder, uploads)
    sources = {
        "photo": labelling.file_of,
        "upload": uploads.file_of,
        "sample": samples.file_of,
        "row": Rows(finder).file_of,
    }
    shelf = Shelf(finder, sources, settings.open_photos)
    metrics = Metrics(lambda: worker.inside)
    return Services(
        finder,
        settings,
        worker,
        uploads,
        samples,
        shelf,
        Pictures(),
        labelling,
        metrics,
    )


def services_of(request: Request) -> Services:
    """The services of the application that a request came to."""
    services: Services = request.app.state.services
    return services


Served = Annotated[Services, Depends(services_of)]
"""The services, as an argument of a route."""
