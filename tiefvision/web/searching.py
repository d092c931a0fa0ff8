"""Searches on the thread of the networks, with the time that each step takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tiefvision.datasets.files import photo_file
from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.web.parameters import SearchParameters
from tiefvision.web.services import Services

if TYPE_CHECKING:
    from tiefvision.catalogue.answers import Answer
    from tiefvision.catalogue.open_photo import OpenPhoto
    from tiefvision.catalogue.queries import Query
    from tiefvision.catalogue.searcher import Hit


def located(services: Services, reference: str) -> "OpenPhoto":
    """An opened photograph whose garments are located.

    Raises:
        NotFound, UnreadablePhoto, Busy.
    """
    return services.worker.do(_locate, services, reference)


def missing_catalogue(services: Services) -> str:
    """Why nothing can be searched, with the command that helps; "" if it can."""
    try:
        services.finder.indexed  # noqa: B018 - raises where there is nothing
    except (MissingArtifact, StaleArtifact) as error:
        return str(error)
    return ""


def hit_sizes(services: Services) -> Callable[["Hit"], tuple[int, int]]:
    """A function from a hit to width and height of its photograph, 0 if unknown."""
    root = services.finder.indexed.root
    return lambda hit: services.pictures.size_of(photo_file(root, hit.photo))


def search(services: Services, asked: SearchParameters) -> "tuple[Answer, ...]":
    """The answers for the garments of a photograph, or of several together.

    Raises:
        BadUsage: Parameters contradict each other, or name what is unknown.
        NotFound, UnreadablePhoto, MissingArtifact, StaleArtifact, Busy.
    """
    asked.require_photo()
    services.finder.require_searchable(asked.ranker, asked.category)
    return services.worker.do(_search, services, asked)


def _open(services: Services, reference: str) -> "OpenPhoto":
    if services.shelf.is_open(reference):
        return services.shelf.open(reference)
    with services.metrics.timed("decode"):
        return services.shelf.open(reference)


def _locate(services: Services, reference: str) -> "OpenPhoto":
    photo = _open(services, reference)
    if not photo.is_located:
        with services.metrics.timed("locate"):
            photo.to_search  # noqa: B018 - computed once, at its first use
    return photo


def _search(services: Services, asked: SearchParameters) -> "tuple[Answer, ...]":
    box = asked.box_in_image
    is_located = box is None and not asked.whole
    get = _locate if is_located else _open
    photos = [get(services, reference) for reference in asked.photo]
    for photo in photos:
        for query in _queries(services, photo, asked):
            if not photo.is_described(query.box_in_image):
                with services.metrics.timed("embed"):
                    photo.described(query.box_in_image)
    with services.metrics.timed("search"):
        if len(photos) > 1:
            return services.finder.search_together(photos, **asked.how)
        return services.finder.search(photos[0], box, **asked.how)


def _queries(
    services: Services, photo: "OpenPhoto", asked: SearchParameters
) -> "list[Query]":
    """What ``Finder.search`` will search for, which is described before."""
    from tiefvision.catalogue.queries import queries_as_asked, queries_of_garments

    size = photo.width, photo.height
    given = queries_as_asked(asked.box_in_image, asked.whole, size, asked.category)
    if given:
        return given
    telling = services.finder.locator.telling
    return queries_of_garments(photo.to_search, telling, asked.category)


def ranks_elsewhere(
    services: Services, asked: SearchParameters, answer: "Answer"
) -> dict[str, tuple[str, ...]]:
    """The ranks of an answer's items by the other rankers that are indexed.

    Args:
        services: what the application serves with.
        asked: what was searched for, in one photograph.
        answer: answer of the search.

    Returns:
        For each item a text for each other ranker, such as "cosine rank 41".

    Raises:
        As ``search`` does.
    """
    rankers = services.finder.searchable_rankers
    others = [name for name in rankers if name != answer.ranker]
    return services.worker.do(_ranks, services, asked, answer, others)


def _ranks(
    services: Services, asked: SearchParameters, answer: "Answer", rankers: list[str]
) -> dict[str, tuple[str, ...]]:
    photo = _open(services, asked.photo[0])
    items = [hit.item for hit in answer.hits]
    limits: dict[str, Any] = {
        "any_category": asked.any_category,
        "where": asked.where,
    }
    ranks = {
        name: services.finder.rank_of(photo, answer.query, items, name, **limits)
        for name in rankers
    }
    return {
        item: tuple(_rank_text(name, ranks[name][item]) for name in rankers)
        for item in items
    }


def _rank_text(ranker: str, rank: int | None) -> str:
    return f"{ranker} rank {'over 200' if rank is None else rank}"
