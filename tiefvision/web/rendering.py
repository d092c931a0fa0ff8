"""Pages and fragments of HTML, from the templates of this part and of the reports."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from tiefvision.report.markup import environment
from tiefvision.version import __version__
from tiefvision.wording import counted, value_text

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Entry:
    """A page in the navigation: its address and name."""

    path: str
    name: str


ENTRIES = (
    Entry("/search", "Search"),
    Entry("/gallery", "Gallery"),
    Entry("/compare", "Compare"),
    Entry("/boxes", "Boxes"),
    Entry("/triplets", "Triplets"),
    Entry("/training", "Training"),
)
"""The pages, in the order of the navigation."""


def page(request: Request, template: str, **values: Any) -> HTMLResponse:
    """A whole page.

    Args:
        request: what is answered.
        template: name of a file of ``web/templates`` without ".html.j2".
        values: view models, under the names that the template uses.
    """
    return fragment(
        template, path=request.url.path, entries=ENTRIES, version=__version__, **values
    )


def fragment(template: str, **values: Any) -> HTMLResponse:
    """A part of a page, which a script puts in place."""
    found = _environment().get_template(f"{template}.html.j2")
    return HTMLResponse(found.render(values))


@cache
def _environment() -> "Environment":
    made = environment("tiefvision.web")
    made.globals |= {"counted": counted, "text": value_text}
    return made
