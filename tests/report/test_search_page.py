import pytest

from tests.report.test_hits import Hit
from tiefvision.report.pictures import Marking
from tiefvision.report.search_page import SearchBlock, SearchedPhoto, render_searches

HOSTILE = "\"'><script>alert(1)</script>"


def block(photo, name="skirt", box=(10, 10, 90, 200), hits=2, **told):
    found = tuple(
        (Hit(rank, f"{name}-{rank}", columns={"title": name}), photo)
        for rank in range(1, hits + 1)
    )
    marking = Marking(box, "lower", name) if box else None
    category = "lower" if name else ""
    values = {"note": "", "nothing_like_it": False} | told
    return SearchBlock(marking, name, category, hits=found, **values)


def searched(photo, *blocks, found=()):
    return SearchedPhoto((photo,), found, blocks)


def test_a_photograph_is_one_card_with_its_garments(photo_file, parse):
    photo = searched(
        photo_file,
        block(photo_file, "coat"),
        block(photo_file, "skirt", note="No box was found."),
        found=(Marking((0, 0, 240, 320), "outfit", kind=""),),
    )
    html = render_searches([photo], "One", [("Catalogue", "shop: 12 photographs")])
    page = parse(html)
    assert page.tags.count("article") == 1 and page.tags.count("section") == 2
    assert page.tags.count("img") == 1 + 2 * (1 + 2)  # query; crop and two hits
    # Three boxes over the query, with a dark line below each, and one over each hit.
    assert page.tags.count("rect") == 2 * (3 + 4)
    assert page.text.index("coat-2") < page.text.index("skirt-1")
    assert page.text.count("No box was found.") == 1
    assert "Catalogueshop: 12 photographs" in page.text
    for rank in ("1.", "2."):
        assert page.text.count(f"{rank} 0.912") == 2


def test_the_garment_that_searched_is_drawn_strong_and_once(photo_file):
    box = (10, 10, 90, 200)
    thin = Marking(box, "lower", kind=""), Marking((0, 0, 50, 50), "upper", kind="")
    html = render_searches(
        [searched(photo_file, block(photo_file, box=box, hits=0), found=thin)], "One"
    )
    assert html.count('class="box group-lower strong"') == 1
    assert html.count('class="box group-lower"') == 0
    assert html.count('class="box group-upper"') == 1


def test_nothing_like_it_is_an_answer(photo_file, parse):
    known = block(photo_file, nothing_like_it=True)
    said = "Nothing like it in this catalogue"
    assert said in parse(render_searches([searched(photo_file, known)], "One")).text
    other = searched(photo_file, block(photo_file))
    assert said not in parse(render_searches([other], "One")).text


def test_several_photographs_of_one_thing_are_all_shown(photo_file, parse):
    together = SearchedPhoto((photo_file, photo_file), (), (block(photo_file),))
    page = parse(render_searches([together], "One"))
    assert page.tags.count("img") == 2 + 2  # no crop: it may be of either
    assert page.text.count("street.png") == 2


def test_hostile_names_stay_text(photo_file, parse):
    hostile = searched(photo_file, block(photo_file, HOSTILE, note=HOSTILE))
    page = parse(render_searches([hostile], HOSTILE, [(HOSTILE, HOSTILE)]))
    # title, h1, label and value, box, garment, note; title and item of two hits
    assert page.text.count(HOSTILE) == 7 + 2 * 2


@pytest.mark.parametrize(
    ("box", "expected"), [(None, "whole photograph"), ((0, 0, 9, 9), "garment")]
)
def test_a_search_without_category_says_with_what(photo_file, parse, box, expected):
    html = render_searches([searched(photo_file, block(photo_file, "", box))], "One")
    assert f"{expected} searched" in parse(html).text


def test_nothing_to_show_is_a_page_too(photo_file, tmp_path, parse):
    assert "No photograph" in parse(render_searches([], "None")).text
    gone = tmp_path / "gone.jpg"
    empty = render_searches([searched(gone, block(gone, hits=0))], "One")
    assert "Nothing found" in parse(empty).text
