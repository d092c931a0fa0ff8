"""HTML as values: text is escaped on its way in, so that no name can become markup."""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tiefvision.report.style import STYLE

MAX_PAGE_BYTES = 4_500_000
"""Of the part of a page that grows with the data. Browsers and mail programs still
open a page of 5 MB at once; the rest is room for tables and curves."""

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""A page needs nothing from elsewhere and runs no scripts; the browser enforces it."""

_EMPTY_ELEMENTS = frozenset({"img", "meta"})


@dataclass(frozen=True)
class Markup:
    """HTML that is safe to put into a page as it is."""

    html: str


def element(
    tag: str, attributes: Mapping[str, object], *children: Markup | str
) -> Markup:
    """One element; its attributes and those of its children that are text are escaped.

    >>> element("b", {"title": '"'}, "1 < 2", Markup("<i></i>")).html
    '<b title="&quot;">1 &lt; 2<i></i></b>'
    """
    named = "".join(f' {name}="{_escape(v)}"' for name, v in attributes.items())
    if tag in _EMPTY_ELEMENTS:
        return Markup(f"<{tag}{named}>")
    return Markup(f"<{tag}{named}>{join(children).html}</{tag}>")


def join(parts: Iterable[Markup | str]) -> Markup:
    """Parts one after the other; text is escaped."""
    return Markup(
        "".join(
            part.html if isinstance(part, Markup) else _escape(part) for part in parts
        )
    )


def section(heading: str, *parts: Markup | str) -> Markup:
    """A part of a page under a heading."""
    return element("section", {}, element("h2", {}, heading), *parts)


def legend(names: Mapping[str, int]) -> Markup:
    """Names beside the colours of their numbers."""
    return element(
        "ul",
        {"class": "legend"},
        *(
            element("li", {"class": series_class(number)}, name)
            for name, number in names.items()
        ),
    )


def series_class(number: int) -> str:
    """The CSS class that colours the ranker or curve of this number, from 0."""
    return f"series-{number % 6}"


def render_page(title: str, *sections: Markup) -> str:
    """A whole HTML document with its style, under its title."""
    head = element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": POLICY}),
        element(
            "meta",
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        ),
        element("title", {}, title),
        element("style", {}, Markup(STYLE)),
    )
    main = element("main", {}, element("h1", {}, title), *sections)
    page = element("html", {"lang": "en"}, head, element("body", {}, main))
    return f"<!doctype html>\n{page.html}\n"


def fit_in_page(
    parts: Iterable[Markup], count: int, name: str, taken: int = 0
) -> Markup:
    """Parts up to `MAX_PAGE_BYTES`, and a sentence on how many are left out.

    Args:
        parts: Made one by one, up to the first that does not fit.
        count: How many there are.
        name: What they are, in the plural.
        taken: Bytes of other parts that grow with the data.
    """
    kept: list[Markup] = []
    size = taken
    for part in parts:
        size += len(part.html.encode())
        if size > MAX_PAGE_BYTES:
            break
        kept.append(part)
    if len(kept) == count:
        return join(kept)
    left_out = (
        f"Left out to keep this page small: {count - len(kept)} of {count} {name}."
    )
    return join([*kept, element("p", {"class": "quiet"}, left_out)])


def _escape(value: object) -> str:
    """Escaped for text and quoted attributes.

    File names may hold bytes that are no UTF-8; Python keeps them as surrogates, which
    no file can be written with.
    """
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return html.escape(text, quote=True)
