import pytest

from tiefvision.report import markup
from tiefvision.report.markup import Markup, element, fit_in_page, render_page

HOSTILE = "\"><script>alert('1')</script>&"


def test_text_and_attributes_are_escaped_and_markup_is_not():
    found = element("p", {"title": HOSTILE}, HOSTILE, element("b", {}, "x")).html
    assert "<script" not in found and "<b>x</b>" in found
    assert found.count("&quot;&gt;&lt;script&gt;") == 2


def test_a_title_cannot_leave_its_element(parse):
    page = parse(render_page(f"</title>{HOSTILE}"))
    assert page.text.count(f"</title>{HOSTILE}") == 2


def test_a_file_name_that_is_no_utf8_can_be_written():
    name = b"dress-\xff.jpg".decode("utf-8", "surrogateescape")
    assert b"dress-?.jpg" in render_page(name).encode("utf-8")


@pytest.mark.parametrize(("limit", "kept"), [(100, 3), (24, 3), (23, 2), (7, 0)])
def test_parts_that_do_not_fit_are_counted(monkeypatch, limit, kept):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", limit)
    parts = [element("i", {}, letter) for letter in "abc"]  # 8 bytes each
    found = fit_in_page(iter(parts), 3, "hits").html
    assert found.count("<i>") == kept
    assert (f"{3 - kept} of 3 hits" in found) == (kept < 3)


def test_bytes_are_counted_not_characters(monkeypatch):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", 10)
    assert "1 of 1" in fit_in_page([Markup("é" * 6)], 1, "hits").html


def test_what_else_grows_is_counted(monkeypatch):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", 10)
    parts = [Markup("x" * 4), Markup("y" * 4)]
    assert fit_in_page(parts, 2, "hits", taken=2).html == "xxxxyyyy"
    assert "1 of 2" in fit_in_page(parts, 2, "hits", taken=3).html
