"""View models of a query and of what was found for it, as pictures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol
from urllib.parse import urlsplit

from tiefvision.photos.reading import PhotoFile
from tiefvision.ranking.matching import MAYBE, in_words
from tiefvision.records import Box
from tiefvision.report.pictures import Marking, PictureFigure, photo_figure
from tiefvision.wording import value_text

QUERY_HEIGHT = 440
"""Pixels; the query is shown larger than its hits."""

LINK_COLUMNS = ("url", "link")
"""Columns of items.csv that may hold the page of a product."""

NOTHING_LIKE_IT = "Nothing like it in this catalogue. The closest are:"
"""Said where no result may be the very product."""


class Found(Protocol):
    """What a hit of a search tells; ``catalogue.searcher.Hit`` does."""

    @property
    def rank(self) -> int:
        """Rank, from 1."""

    @property
    def item(self) -> str:
        """Identifier of the item."""

    @property
    def photo(self) -> str:
        """Path of the photograph."""

    @property
    def similarity(self) -> float:
        """Cosine in [-1, 1]."""

    @property
    def category(self) -> str:
        """Category of the garment in the photograph; "" if unknown."""

    @property
    def match(self) -> float | None:
        """Probability that it is the very product; None if nobody knows."""

    @property
    def more_variants(self) -> int:
        """Number of further variants of the item."""

    @property
    def columns(self) -> Mapping[str, str | float]:
        """Further facts, such as title and price."""

    @property
    def file_state(self) -> str:
        """ "gone" or "changed", or ""."""

    @property
    def box_in_image(self) -> Box | None:
        """What was compared, in pixels of the photograph; None for all."""


@dataclass(frozen=True)
class ExampleHit:
    """One photograph found.

    Attributes:
        photo: file of the photograph.
        box_in_image: what was compared, in pixels of the photograph as it is in the
            file; None for the whole photograph.
        item: name of the item that the photograph shows.
        similarity: cosine in [-1, 1].
        right: whether the item is the one that the query asked for.
        category: category of what was compared; "" if unknown.
    """

    photo: Path
    box_in_image: Box | None
    item: str
    similarity: float
    right: bool
    category: str = ""


@dataclass(frozen=True)
class QueryFigure:
    """The photograph that asks.

    Attributes:
        picture: the photograph, with the boxes of its garments.
        name: name of the file, and whether its mirror image asks.
    """

    picture: PictureFigure
    name: str


@dataclass(frozen=True)
class HitFigure:
    """A photograph found; every text may be "" for what is not known.

    Attributes:
        picture: the photograph, with the box that was compared.
        rank: rank, from 1, as text.
        item: identifier of the item.
        similarity: cosine as text.
        match: how likely it is the very product, in a word and a figure.
        state: CSS classes: "right" where it is known to be the right one, "weak" where
            it is hardly the very product.
        title: title of the product.
        price: price of the product.
        link: address of the product's page, http or https.
        more_variants: other colours of the item, as in "+2 colours".
        file_state: what became of its file, "gone" or "changed".
        elsewhere: ranks by other rankers, as in "cosine rank 41".
        search_link: address of the search with this photograph.
    """

    picture: PictureFigure
    rank: str
    item: str
    similarity: str
    match: str = ""
    state: str = ""
    title: str = ""
    price: str = ""
    link: str = ""
    more_variants: str = ""
    file_state: str = ""
    elsewhere: tuple[str, ...] = ()
    search_link: str = ""


@dataclass(frozen=True)
class GarmentFigure:
    """One garment and its results, as a page shows them.

    Attributes:
        sought: name of the garment, or what else was searched with.
        state: CSS class of the garment's colour.
        hits: results, the closest first.
        crop: the part that searched; None if it is not shown.
        about: a remark beside the name; "" for none.
        note: a sentence on what went otherwise than usual; "" for none.
        nothing_like_it: a sentence if no result may be the very product; else "".
    """

    sought: str
    state: str
    hits: tuple[HitFigure, ...]
    crop: PictureFigure | None = None
    about: str = ""
    note: str = ""
    nothing_like_it: str = ""


def query_figure(
    query: PhotoFile, markings: Iterable[Marking], mirrored: bool = False
) -> QueryFigure:
    """The photograph that asks, with the name of its file.

    Args:
        query: file of the photograph, or its content.
        markings: boxes of its garments, in pixels of the photograph as it is in the
            file; that which searched is strong.
        mirrored: whether the mirror image asks.
    """
    name = "standard input" if isinstance(query, bytes) else query.name
    shown = f"{name} (mirrored)" if mirrored else name
    picture = photo_figure(query, f"query {shown}", QUERY_HEIGHT, markings, mirrored)
    return QueryFigure(picture, shown)


def hit_figure(
    hit: Found,
    picture: PictureFigure,
    elsewhere: Sequence[str] = (),
    search_link: str = "",
) -> HitFigure:
    """One result of a search.

    Args:
        hit: the result.
        picture: its photograph, with the box that was compared.
        elsewhere: ranks by other rankers, as in "cosine rank 41".
        search_link: address of the search with this photograph; "" for none.
    """
    return HitFigure(
        picture=picture,
        rank=str(hit.rank),
        item=hit.item,
        similarity=f"{hit.similarity:.3f}",
        match=match_text(hit.match),
        state="weak" if is_weak(hit.match) else "",
        title=column_text(hit.columns, "title"),
        price=column_text(hit.columns, "price"),
        link=product_link(hit.columns),
        more_variants=variants_text(hit.more_variants),
        file_state=hit.file_state,
        elsewhere=tuple(elsewhere),
        search_link=search_link,
    )


def hit_markings(hit: Found) -> list[Marking]:
    """The box that was compared in the photograph of a result; [] for all of it."""
    box = hit.box_in_image
    return [Marking(box, hit.category, hit.category, kind="")] if box else []


def hit_name(hit: Found) -> str:
    """A result in words: rank, item and name of its file."""
    return f"{hit.rank}. {hit.item}, {PurePath(hit.photo).name}"


def example_figures(
    hits: Sequence[ExampleHit], height: int, *, judged: bool, from_end: bool = False
) -> tuple[HitFigure, ...]:
    """Photographs found, in their order.

    Args:
        hits: what was found, the closest first; with ``from_end`` the farthest first.
        height: height of a thumbnail in pixels.
        judged: whether the right ones are marked.
        from_end: whether ranks are counted from the end of the list.
    """
    place = "{}. from the end:" if from_end else "{}."
    return tuple(
        HitFigure(
            photo_figure(
                hit.photo,
                f"{place.format(rank)} {hit.item}, {hit.photo.name}",
                height,
                [Marking(hit.box_in_image, hit.category)] if hit.box_in_image else (),
            ),
            f"−{rank}" if from_end else str(rank),  # noqa: RUF001 - a minus sign
            hit.item,
            f"{hit.similarity:.3f}",
            state="right" if judged and hit.right else "",
        )
        for rank, hit in enumerate(hits, start=1)
    )


def is_weak(match: float | None) -> bool:
    """Whether a result is hardly the very product; False if nobody knows."""
    return match is not None and match < MAYBE


def match_text(match: float | None) -> str:
    """How likely a result is the very product; "" if nobody knows.

    >>> match_text(0.81), match_text(0.05), match_text(None)
    ('likely 0.81', 'weak 0.05', '')
    """
    if match is None:
        return ""
    return f"{'weak' if is_weak(match) else in_words(match)} {match:.2f}"


def variants_text(count: int) -> str:
    """Other colours of an item.

    >>> variants_text(0), variants_text(1), variants_text(2)
    ('', '+1 colour', '+2 colours')
    """
    return f"+{count} colour{'s' if count > 1 else ''}" if count else ""


def column_text(columns: Mapping[str, str | float], name: str) -> str:
    """A column of items.csv; whole numbers without a point, "" if it is missing.

    >>> column_text({"price": 40.0}, "price"), column_text({}, "price")
    ('40', '')
    """
    return value_text(columns.get(name, ""))


def product_link(columns: Mapping[str, str | float]) -> str:
    """The page of a product; "" if no column holds an http or https address.

    >>> product_link({"url": "https://shop.example/1"}), product_link({"url": "x:y"})
    ('https://shop.example/1', '')
    """
    for name in LINK_COLUMNS:
        address = column_text(columns, name).strip()
        try:
            parts = urlsplit(address)
        except ValueError:  # as for "http://["
            continue
        if parts.scheme in ("http", "https") and parts.netloc and address.isprintable():
            return address
    return ""
