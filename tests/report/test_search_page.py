import pytest

from tiefvision.report.search_page import ExampleHit, SearchBlock, render_searches

HOSTILE = "\"'><script>alert(1)</script>"


def block(photo, name="coat", box=(10, 10, 90, 200), note="", hits=2):
    found = tuple(
        ExampleHit(photo, None, f"{name}-{number}", 0.9, True) for number in range(hits)
    )
    return SearchBlock(photo, box, name, f"by {name}", note, found)


def test_each_garment_has_its_query_and_hits(photo_file, parse):
    blocks = [block(photo_file), block(photo_file, "skirt", note="No box was found.")]
    page = parse(render_searches(blocks, "Two garments"))
    assert page.tags.count("article") == 2 and page.tags.count("img") == 6
    assert page.text.index("coat-1") < page.text.index("skirt-0")
    assert page.text.count("No box was found.") == 1


def test_whether_a_hit_is_right_is_not_shown(photo_file):
    html = render_searches([block(photo_file)], "One")
    assert "✓" not in html and 'class="right"' not in html


def test_hostile_names_stay_text(photo_file, parse):
    page = parse(render_searches([block(photo_file, HOSTILE, note=HOSTILE)], HOSTILE))
    assert page.text.count(HOSTILE) == 7  # title, h1, category, ranker, note, two hits


@pytest.mark.parametrize(
    ("box", "expected"), [(None, "whole photograph"), ((0, 0, 9, 9), "garment")]
)
def test_a_search_without_category_says_with_what(photo_file, parse, box, expected):
    page = parse(render_searches([block(photo_file, "", box)], "One"))
    assert f"{expected} ranked by" in page.text


def test_nothing_to_show_is_a_page_too(photo_file, tmp_path, parse):
    assert "No photograph" in parse(render_searches([], "None")).text
    empty = render_searches([block(tmp_path / "gone.jpg", hits=0)], "One")
    assert "Nothing found" in parse(empty).text
