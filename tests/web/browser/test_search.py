"""The search page as a person uses it."""

from pathlib import Path

import pytest

from tests.web.browser.conftest import Visit


def results_of(page) -> list[str]:
    """Photographs of the results, in their order."""
    shown = page.locator("#results .hit img").evaluate_all(
        "pictures => pictures.map((one) => one.getAttribute('src'))"
    )
    assert shown
    return shown


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_an_uploaded_photograph_is_searched(
    visit: Visit, street: Path, size: str
) -> None:
    page = visit("/", size)
    page.locator("#file").set_input_files(street)
    page.wait_for_url("**/search?photo=upload-*")
    assert results_of(page)
