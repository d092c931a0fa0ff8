"""axe-core finds nothing to mend on any page, in any state that people see."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import SIZES, Visit
from tests.web.browser.driving import choose, is_as_wide_as_the_window
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
