"""Pages of a real server in headless Chromium; tests fail by what a page complains of.

Skipped where playwright or a browser is missing.
"""

import shutil
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Commands of the system that are tried, before playwright's own browser."""

SIZES: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1400, "height": 900}},
    "narrow": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
"""A desk and a telephone; options of a browser's context."""

PATIENCE = 120_000
"""Milliseconds that a page may take, since the machine may be busy."""

LIMIT = 600
"""Seconds after which a test counts as hung: some calls of a browser wait for ever."""

Visit = Callable[..., Any]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Every test of this folder drives a browser."""
    item.add_marker(pytest.mark.browser)


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """A browser that does not answer fails its test, and does not stop all others."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"the browser did not answer within {LIMIT} s")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser; the tests are skipped where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: pip install playwright"
    )
    with playwright.sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        try:
            browser = driver.chromium.launch(executable_path=found)
        except playwright.Error as error:
            if found:  # and does not start
                raise
            reason = str(error).strip().splitlines()[0]
            pytest.skip(f"no browser ({reason}): apt-get install chromium")
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What pages write to the console as errors, throw, or are refused.

    A test that provokes one checks it and takes it from the list.
    """
    heard: list[str] = []
    yield heard
    assert heard == []


@pytest.fixture
def visit(chromium: Any, site: str, complaints: list[str]) -> Iterator[Visit]:
    """Opens a path of the server, in a new window: ``visit("/search", "narrow")``."""
    contexts = []

    def open_page(
        path: str, size: str = "wide", dark: bool = False, address: str = site
    ) -> Any:
        scheme = "dark" if dark else "light"
        context = chromium.new_context(color_scheme=scheme, **SIZES[size])
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on(
            "console",
            lambda said: complaints.append(said.text) if said.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}{path}", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
