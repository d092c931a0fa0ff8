"""The triplet editor as a person uses it, at a desk and on a telephone."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import SIZES, Visit
from tiefvision.labels.records import Judgement
from tiefvision.labels.workspaces import labels_of
from tiefvision.workspace.artifacts import Workspace

pytestmark = pytest.mark.parametrize("size", SIZES)


@pytest.fixture
def page(visit: Visit, size: str) -> Any:
    """The page with a question."""
    opened = visit("/triplets", size)
    opened.locator(".question").wait_for()
    return opened


def judgements(run: Path) -> list[Judgement]:
    return labels_of(Workspace(run)).judgements()


def pair(page: Any) -> list[str]:
    """References of the two candidates."""
    found: list[str] = page.locator("[data-photo]").evaluate_all(
        "(all) => all.map((one) => one.dataset.photo)"
    )
    return found


def counted(page: Any, count: int) -> None:
    """Wait until the page tells so many judgements."""
    page.locator("#judged strong", has_text=str(count)).first.wait_for()
    page.locator("#question:not(.saving)").wait_for()


def test_a_click_judges_and_the_next_question_comes(page: Any, run: Path) -> None:
    before = pair(page)
    page.locator(".candidate").nth(1).click()
    counted(page, 1)
    (said,) = judgements(run)
    assert not said.neither
    assert pair(page) != before
    with page.expect_download() as download:
        page.locator('a[href="/api/labels/triplets.csv"]').click()
    query, positive, negative = (one.photo.path for one in photos_of(said))
    table = Path(download.value.path()).read_text("utf-8")
    assert table == f"query,positive,negative\n{query},{positive},{negative}\n"


def photos_of(said: Judgement) -> tuple[Any, ...]:
    return said.reference, said.closer, said.further


def test_with_the_keyboard_alone(page: Any, run: Path) -> None:
    press = page.keyboard.press
    page.locator('[data-field="who"]').fill("Ben")
    page.locator('[data-field="who"]').blur()
    for count, key in enumerate("12", start=1):
        press(key)
        counted(page, count)
    assert [one.who for one in judgements(run)] == ["Ben", "Ben"]
    press("0")
    page.locator("#judged", has_text="1 times no difference").wait_for()
    page.locator("#question:not(.saving)").wait_for()
    assert [one.neither for one in judgements(run)] == [False, False, True]
    press("u")
    page.locator("#judged:not(:has-text('no difference'))").wait_for()
    assert len(judgements(run)) == 2


def test_another_photograph_is_asked_about(page: Any) -> None:
    asked = page.locator(".question").get_attribute("data-reference")
    page.keyboard.press("n")
    page.locator(f'.question:not([data-reference="{asked}"])').wait_for()


def test_a_contradiction_is_shown_and_taken_back(
    visit: Visit, page: Any, run: Path, size: str
) -> None:
    page.keyboard.press("1")
    counted(page, 1)
    (first,) = judgements(run)
    reference, closer, further = photos_of(first)
    store = labels_of(Workspace(run))
    store.save_judgement(Judgement(reference, further, closer, who="Eve"))
    page.reload()
    assert page.locator("h2", has_text="Contradictions").is_visible()
    row = page.locator(".said", has_text="Eve")
    assert row.locator("img").count() == 3
    row.locator("button").click()
    page.locator("h2", has_text="Contradictions").wait_for(state="detached")
    assert judgements(run) == [first]


def test_nothing_is_wider_than_the_window(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
