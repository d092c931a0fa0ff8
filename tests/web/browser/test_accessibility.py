"""axe-core finds nothing to mend on any page, in any state that people see."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.web.browser.conftest import SIZES, Visit
from tests.web.browser.driving import choose, is_as_wide_as_the_window
from tiefvision.catalogue.searcher import Hit
from tiefvision.locating.evidence import Evidence
from tiefvision.photos.working import open_photo
from tiefvision.records import Garment
from tiefvision.report.locating_page import LocatedPhoto, photo_card, render_located
from tiefvision.report.pictures import garment_marking
from tiefvision.report.search_page import SearchBlock, SearchedPhoto, render_searches
from tiefvision.web.rendering import ENTRIES

PATHS = [
    *(entry.path for entry in ENTRIES),
    "/search?photo=sample-0",
    "/compare?photo=sample-0",
    "/search?photo=sample-0&whole=1",
    "/search?photo=sample-0&box=10,10,90,90&where=item == 'none'",
]


@pytest.fixture(scope="module")
def site(shared_site: str) -> str:
    return shared_site


def violations_of(page: Any) -> list[str]:
    """What axe-core finds, in a line each; page and screenshot are kept for it."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe-core is missing: pip install axe-playwright-python",
    )
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page(
    visit: Visit, size: str, dark: bool, street: Path, tmp_path: Path
) -> None:
    found = {}
    for number, path in enumerate(PATHS):
        page = visit(path, size, dark)
        page.screenshot(path=tmp_path / f"{number}.png", full_page=True)
        found[path] = violations_of(page)
        if not is_as_wide_as_the_window(page):
            found[path].append("it is wider than the window")
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_pages_that_say_what_is_wrong(visit: Visit, complaints: list[str]) -> None:
    for path, status in (("/nothing", "404"), ("/search?photo=sample-0&k=0", "422")):
        page = visit(path)
        assert violations_of(page) == []
        assert page.locator("main p").first.inner_text().endswith(".")
        assert status in complaints.pop()


def test_a_message(visit: Visit, tmp_path: Path, complaints: list[str]) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no photograph")
    page = visit("/search")
    choose(page, text)
    page.locator("#toast.shown").wait_for()
    page.wait_for_timeout(300)  # it fades in
    assert violations_of(page) == []
    assert "422" in complaints.pop()


def test_pages_that_commands_write(
    visit: Visit, tmp_path: Path, photo_pages: dict[str, str]
) -> None:
    found = {}
    for name, html in photo_pages.items():
        file = tmp_path / f"{name}.html"
        file.write_text(html, encoding="utf-8")
        for size in SIZES:
            page = visit(str(file), size, address="file://")
            found[name, size] = violations_of(page)
            if not is_as_wide_as_the_window(page):
                found[name, size].append("it is wider than the window")
    assert {key: lines for key, lines in found.items() if lines} == {}


@pytest.fixture
def photo_pages(street: Path) -> dict[str, str]:
    """The pages of a search and of located garments, of one photograph."""
    working = open_photo(street)
    garment = Garment("lower", (5.0, 5.0, 60.0, 90.0), 0.9)
    marking = garment_marking(garment)
    hit = Hit(1, "coat-1", "coat.jpg", 0.9, "lower", 0.1, box_in_image=(0, 0, 30, 40))
    block = SearchBlock(marking, "skirt", "lower", "", True, ((hit, street),) * 3)
    searched = SearchedPhoto((street,), (marking,), (block,))
    evidence = Evidence(np.zeros((2, 2), np.float32), np.empty((0, 4)), np.empty(0))
    located = LocatedPhoto(street.name, working, (garment,), evidence, (garment,))
    terms = [("Models", "the models that ship")]
    return {
        "search": render_searches([searched], "Search results", terms),
        "locate": render_located([photo_card(located)], 1, "Garments found", terms),
    }
