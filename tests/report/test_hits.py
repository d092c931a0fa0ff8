from dataclasses import dataclass, field

import pytest

from tiefvision.report.hits import (
    ExampleHit,
    example_figures,
    hit_figure,
    hit_markings,
    hit_name,
    product_link,
    query_figure,
)
from tiefvision.report.pictures import Marking, picture_figure


@dataclass(frozen=True)
class Hit:
    """As ``catalogue.searcher.Hit``, which lies in a higher layer."""

    rank: int = 2
    item: str = "coat-1"
    photo: str = "shop/coat.jpg"
    similarity: float = 0.91234
    category: str = "outer"
    match: float | None = 0.05
    more_variants: int = 2
    columns: dict[str, str | float] = field(default_factory=dict)
    file_state: str = "gone"
    box_in_image: tuple[float, ...] | None = (10.0, 20.0, 50.0, 80.0)


PRODUCT = {"title": "Loden", "price": 79.0, "link": "https://shop.example/1?a=b&c"}


def picture_of(hit):
    return picture_figure("/p/1", hit_name(hit), (100, 200), hit_markings(hit))


def examples(photo_file):
    return [
        ExampleHit(photo_file, None, "coat-1", 0.91234, right=False),
        ExampleHit(photo_file, (0, 0, 9, 9), "coat-2", 0.8, right=True),
    ]


def test_a_hit_tells_all_that_is_known():
    hit = Hit(columns=PRODUCT)
    figure = hit_figure(hit, picture_of(hit), ("cosine rank 41",), "/search?row=7")
    assert (figure.rank, figure.similarity) == ("2", "0.912")
    assert (figure.match, figure.state) == ("weak 0.05", "weak")
    assert (figure.title, figure.price, figure.link) == (
        "Loden",
        "79",
        PRODUCT["link"],
    )
    assert (figure.more_variants, figure.file_state) == ("+2 colours", "gone")
    assert figure.picture.alternative == "2. coat-1, coat.jpg"


def test_a_hit_is_rendered_with_box_links_and_words(macro):
    hit = Hit(columns=PRODUCT)
    figure = hit_figure(hit, picture_of(hit), ("cosine rank 41",), "/search?row=7")
    shown = macro("hit", figure)
    text = " ".join("".join(shown.itertext()).split())
    for words in ("2. 0.912", "weak 0.05", "Loden", "79", "+2 colours", "file gone"):
        assert words in text
    assert "cosine rank 41" in text and "coat-1" in text
    links = {a.get("href"): a for a in shown.iter("a")}
    assert set(links) == {"/search?row=7", PRODUCT["link"]}
    assert links[PRODUCT["link"]].get("rel") == "noopener noreferrer"
    drawing = next(shown.iter("svg"))
    assert drawing.get("viewBox") == "0 0 100 200"
    edge, box = drawing.iter("rect")
    assert (edge.get("class"), box.get("class")) == (
        "edge group-outer",
        "box group-outer",
    )
    sides = [box.get(name) for name in ("x", "y", "width", "height")]
    assert sides == ["10.0", "20.0", "40.0", "60.0"]


def test_what_is_not_known_of_a_hit_takes_no_room(macro):
    hit = Hit(match=None, more_variants=0, file_state="", box_in_image=None)
    shown = macro("hit", hit_figure(hit, picture_of(hit)))
    tags = [element.tag for element in shown.iter()]
    assert "a" not in tags and "svg" not in tags and "small" not in tags
    assert shown.get("class") == "hit"


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "data:text/html,x", "//shop.example", "shop.example"),
        *(
            "http://",
            "https:///x",
            "http://[",
            "https://a\nb",
            "",
            "file:///etc/passwd",
        ),
    ],
)
def test_only_addresses_of_the_web_become_links(address):
    assert product_link({"url": address}) == ""
    assert product_link({"url": address, "link": "http://a.example"}) == (
        "http://a.example"
    )


def test_a_number_in_a_column_of_links_is_none():
    assert product_link({"url": 4.0, "link": ""}) == ""


@pytest.mark.parametrize(
    ("match", "words", "state"),
    [
        (0.6, "likely 0.60", ""),
        (0.2, "maybe 0.20", ""),
        (0.1999, "weak 0.20", "weak"),
        (None, "", ""),
    ],
)
def test_a_hit_that_is_hardly_the_product_is_weak(match, words, state):
    figure = hit_figure(Hit(match=match), picture_of(Hit()))
    assert (figure.match, figure.state) == (words, state)


def test_the_right_example_is_marked(photo_file):
    first, second = example_figures(examples(photo_file), 60, judged=True)
    assert (first.similarity, first.item, first.state) == ("0.912", "coat-1", "")
    assert (second.similarity, second.item, second.state) == (
        "0.800",
        "coat-2",
        "right",
    )
    assert len(first.picture.boxes) == 0 and len(second.picture.boxes) == 1


def test_nothing_is_marked_where_nobody_has_judged(photo_file):
    hits = example_figures(examples(photo_file), 60, judged=False)
    assert [hit.state for hit in hits] == ["", ""]


def test_a_mirrored_query_says_so_and_has_mirrored_boxes(photo_file):
    asked = [Marking((10, 20, 50, 80), "skirt")]
    assert query_figure(photo_file, asked).name == "street.png"
    mirrored = query_figure(photo_file, asked, mirrored=True)
    assert mirrored.name == "street.png (mirrored)"
    (box,) = mirrored.picture.boxes  # in 240 x 320 pixels
    assert (box.x, box.y, box.width, box.height) == (190, 20, 40, 60)
    assert box.state == "group-lower strong"


def test_places_are_counted_from_the_end_where_told(photo_file):
    _, second = example_figures(examples(photo_file), 60, judged=True)
    assert second.picture.alternative == "2. coat-2, street.png"
    _, second = example_figures(examples(photo_file), 60, judged=True, from_end=True)
    assert second.picture.alternative == "2. from the end: coat-2, street.png"


def test_the_right_hit_is_framed_and_ticked(photo_file, macro):
    row = macro("hits", example_figures(examples(photo_file), 60, judged=True))
    figures = list(row.iter("figure"))
    assert [figure.attrib.get("class") for figure in figures] == ["hit", "hit right"]
    scores = [figure.findtext("figcaption//span[@title]") for figure in figures]
    assert scores == ["0.912", "0.800 ✓"]


def test_no_hits_are_said_to_be_none(macro):
    assert macro("hits", ()).findtext("p") == "Nothing found."
