import re
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tiefvision.escaping import UNSAFE
from tiefvision.report import markup
from tiefvision.report.markup import Markup, fit_in_page, render, render_page

HOSTILE = "\"><script>alert('1')</script>&"


def page_of(title):
    searches = fit_in_page([], 0, "searches")
    return render_page("search", title=title, terms=(), searches=searches)


def test_text_is_escaped_and_markup_is_not():
    found = render("headed_card", heading=HOSTILE, card=Markup("<b>x</b>"))
    assert "<script" not in found and "<b>x</b>" in found
    assert "&gt;&lt;script&gt;" in found


def test_a_page_is_a_plain_string():
    assert type(page_of("any")) is str


def test_a_title_cannot_leave_its_element(parse):
    page = parse(page_of(f"</title>{HOSTILE}"))
    assert page.text.count(f"</title>{HOSTILE}") == 2


def test_the_browser_is_told_to_run_no_scripts_and_to_load_nothing(parse):
    page = parse(page_of("any"))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert ("content", policy) in page.attributes


def test_a_file_name_that_is_no_utf8_can_be_written():
    name = b"dress-\xff.jpg".decode("utf-8", "surrogateescape")
    assert rb"dress-\udcff.jpg" in page_of(name).encode("utf-8")


def test_characters_that_change_what_is_around_them_are_shown_as_escapes():
    page = page_of("new\nline \x1b[31m \x9b \u202egpj.exe 👗.jpg")
    assert r"new\nline \x1b[31m \x9b \u202egpj.exe 👗.jpg" in page
    assert not UNSAFE.search(page.replace("\n", ""))


def test_what_a_template_lacks_is_an_error():
    with pytest.raises(UndefinedError, match="card"):
        render("headed_card", heading="any")


@pytest.mark.parametrize(("limit", "kept"), [(100, 3), (24, 3), (23, 2), (7, 0)])
def test_cards_that_do_not_fit_are_counted(monkeypatch, limit, kept):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", limit)
    cards = [Markup(f"<i>{letter}</i>") for letter in "abc"]  # 8 bytes each
    found = fit_in_page(iter(cards), 3, "hits")
    assert list(found.cards) == cards[:kept] and found.count == 3
    assert (f"{3 - kept} of 3 hits" in found.left_out) == (kept < 3)


def test_bytes_are_counted_not_characters(monkeypatch):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", 10)
    assert "1 of 1" in fit_in_page([Markup("é" * 6)], 1, "hits").left_out


def test_what_else_grows_is_counted(monkeypatch):
    monkeypatch.setattr(markup, "MAX_PAGE_BYTES", 10)
    cards = [Markup("x" * 4), Markup("y" * 4)]
    assert fit_in_page(cards, 2, "hits", taken=2).left_out == ""
    assert "1 of 2" in fit_in_page(cards, 2, "hits", taken=3).left_out


def test_templates_are_loaded_where_a_page_is_made():
    """``locate`` imports the page's module whether or not a page is asked for."""
    code = "import tiefvision.report.locating_page, sys; print('jinja2' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "False"


STATES = """
    agreed ahead behind best confusion difference numbers reference right second small
    strong summary void wanted weak
"""
"""Classes that view models choose."""


def test_every_class_of_the_templates_has_a_style():
    """Whoever edits the style sheet does not lose the look of another page."""
    folder = Path(markup.__file__).parent / "templates"
    texts = [file.read_text("utf-8") for file in folder.glob("*.html.j2")]
    told = " ".join(re.findall(r'class="([^"]*)"', " ".join(texts)))
    told = re.sub(r"{%.*?%}|{{.*?}}", " ", told)
    # What ends in a value, such as "t{{ number }}", is the value's business.
    names = {*told.split(), *STATES.split()} - {"t"}
    sheet = re.sub(r"{[^}]*}", " ", markup.style_sheet())
    selectors = set(re.findall(r"\.([a-z][\w-]*)", sheet))
    assert len(names) > 40
    assert names - selectors == set()
