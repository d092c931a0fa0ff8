"""Templates rendered to HTML, and how many cards fit into a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from markupsafe import Markup

from tiefvision.escaping import escaped
from tiefvision.report.colours import classes

if TYPE_CHECKING:  # imported where a page is made: most commands make none
    from jinja2 import Environment

__all__ = [
    "MAX_PAGE_BYTES",
    "Fitted",
    "Markup",
    "environment",
    "fit_in_page",
    "render",
    "render_page",
    "style_sheet",
]

MAX_PAGE_BYTES = 4_500_000
"""Limit of the part of a page that grows with the data. Browsers and mail programs
still open a page of 5 MB at once; the rest is room for tables and curves."""


def render(template: str, **values: object) -> Markup:
    """A template of ``report/templates``, filled in; all text is escaped.

    So are, as in the terminal, the characters of a file name that are not shown as they
    are: a new line, what turns the direction of a page, a byte that is not UTF-8.

    Args:
        template: name of its file without ".html.j2".
        values: view models, under the names that the template uses.

    Raises:
        jinja2.UndefinedError: the template uses a name that was not given.
    """
    html = _environment().get_template(f"{template}.html.j2").render(values)
    return Markup(html)


def render_page(template: str, **values: object) -> str:
    """A whole page: ``render`` as a plain string.

    Text that is joined to ``Markup`` is escaped; nobody expects that of a page.
    """
    return str(render(template, **values))


def style_sheet() -> str:
    """The style sheet of all pages, for a server that serves it as a file."""
    return _environment().get_template("style.css.j2").render()


def environment(*packages: str) -> "Environment":
    """An environment whose templates are those of packages, and of this one.

    Args:
        packages: dotted names of packages with a folder "templates"; the first one
            that has a template provides it.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loaders = [PackageLoader(name) for name in (*packages, "tiefvision.report")]
    made = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.globals["colours"] = classes()
    return made


@cache
def _environment() -> "Environment":
    return environment()


def _visible(value: object) -> object:
    """What a template shows of a value: markup as it is, a text on one line."""
    if isinstance(value, Markup) or not isinstance(value, str | PurePath):
        return value
    return escaped(str(value))


@dataclass(frozen=True)
class Fitted:
    """Cards that fit into a page.

    Attributes:
        cards: the cards shown.
        count: number of cards there are, shown or not.
        left_out: a sentence on those not shown; "" where all are.
    """

    cards: tuple[Markup, ...]
    count: int
    left_out: str


def fit_in_page(
    cards: Iterable[Markup], count: int, name: str, taken: int = 0
) -> Fitted:
    """Cards up to `MAX_PAGE_BYTES`.

    Args:
        cards: made one by one, up to the first that does not fit.
        count: number of cards there are.
        name: what they show, in the plural.
        taken: bytes of other parts of the page that grow with the data.
    """
    kept: list[Markup] = []
    size = taken
    for card in cards:
        size += len(card.encode())
        if size > MAX_PAGE_BYTES:
            break
        kept.append(card)
    missing = count - len(kept)
    left_out = f"Left out to keep this page small: {missing} of {count} {name}."
    return Fitted(tuple(kept), count, left_out if missing else "")
