"""The search page as a person uses it, at a desk and on a telephone."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.web.browser.conftest import SIZES, Visit
from tests.web.browser.driving import (
    FOCUSED,
    choose,
    chosen_box,
    drag,
    drag_by_finger,
    drop,
    is_as_wide_as_the_window,
    paste,
    results_of,
    tab_to,
    wait_for_box,
    when_settled,
)

pytestmark = pytest.mark.parametrize("size", SIZES)

SEARCHED = "**/search?photo=*"


@pytest.fixture(scope="module")
def site(shared_site: str) -> str:
    return shared_site


@pytest.fixture
def searched(visit: Visit, street: Path, size: str) -> Any:
    """The page of an uploaded photograph."""
    page = visit("/", size)
    choose(page, street)
    page.wait_for_url(SEARCHED)
    return page


def test_what_is_chosen_dropped_or_pasted_is_searched(
    visit: Visit, street: Path, size: str
) -> None:
    found = []
    for give in (choose, drop, paste):
        page = visit("/", size)
        give(page, street)
        page.wait_for_url(SEARCHED)
        assert page.locator("#tabs a").count() >= 1
        assert is_as_wide_as_the_window(page)
        found.append(results_of(page))
    assert len(found[0]) >= 2
    assert found[0] == found[1] == found[2]


def test_a_sample_and_a_result_search_by_a_click(visit: Visit, size: str) -> None:
    page = visit("/", size)
    page.locator(".samples a").first.click()
    page.wait_for_url("**/search?photo=sample-0*")
    first = page.locator("#results .hit a.again").first
    row = first.locator("img").get_attribute("src").split("/")[2].split("?")[0]
    first.click()
    page.wait_for_url(f"**/search?photo={row}*")
    assert results_of(page)


def test_a_garment_is_chosen_by_its_tab(searched: Any) -> None:
    page = searched
    tabs = page.locator("#tabs a")
    tabs.last.click()  # the whole photograph
    page.wait_for_url("**whole=1*")
    assert tabs.last.get_attribute("aria-current") == "true"
    assert "box=" not in page.url
    whole = results_of(page)
    tabs.first.click()
    page.wait_for_url("**box=*")
    assert tabs.first.get_attribute("aria-current") == "true"
    assert "whole" not in page.url
    assert results_of(page) != whole


def test_a_redrawn_box_is_searched_and_its_address_shows_the_same(
    searched: Any, visit: Visit, size: str
) -> None:
    page = searched
    page.locator("#tabs a").last.click()  # no box is in the way
    page.wait_for_url("**whole=1*")
    before = results_of(page)
    width, height = page.evaluate(
        "(({ width, height }) => [width, height])"
        "(document.querySelector('#stage svg').viewBox.baseVal)"
    )
    move = drag if size == "wide" else drag_by_finger
    # From a corner, where no garment is.
    move(page, (0.01, 0.01), (0.7, 0.6))
    assert wait_for_box(page) == pytest.approx(
        [0.01 * width, 0.01 * height, 0.7 * width, 0.6 * height], abs=0.02 * width
    )
    after = results_of(page)
    assert after != before
    again = visit(page.url.removeprefix(page.evaluate("location.origin")), size)
    assert results_of(again) == after
    assert again.locator("#stage .chosen").count() == 1


def test_a_box_is_dragged_and_the_results_follow(searched: Any) -> None:
    page = searched
    box = chosen_box(page)
    place = page.locator("#stage .handle.se .reach").bounding_box()
    middle = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 30, middle[1] - 30, steps=4)
    page.mouse.up()
    changed = wait_for_box(page)
    assert changed[:2] == box[:2]
    assert changed[2] < box[2] and changed[3] < box[3]


def test_a_condition_filters_and_a_wrong_one_is_explained(
    searched: Any, complaints: list[str]
) -> None:
    page = searched
    found = results_of(page)
    field = page.locator("input[name=where]")
    item = page.locator("#results .hit .name").nth(1).inner_text().strip()
    field.fill(f"item == '{item}'")
    field.press("Enter")
    page.wait_for_url("**where=*")
    fewer = results_of(page)
    assert fewer[1:] and set(fewer) < set(found)
    field.fill("price <")
    field.press("Enter")
    page.locator("#toast.shown").wait_for()
    assert "condition" in page.locator("#toast").inner_text()
    assert results_of(page) == fewer  # what was found stays
    assert "400" in complaints.pop()


def test_changes_that_come_quickly_add_up(searched: Any) -> None:
    page = searched
    page.evaluate("""() => {
        document.querySelector("[name=any_category]").click();
        document.querySelector("#tabs a:last-child").click();
    }""")
    page.wait_for_url(lambda url: "any_category=1" in url and "whole=1" in url)
    assert results_of(page)


def test_a_failed_upload_is_explained(
    visit: Visit, tmp_path: Path, size: str, complaints: list[str]
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no photograph")
    buffer = io.BytesIO()
    Image.effect_noise((300, 300), 90).convert("RGB").save(buffer, "JPEG")
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 3])
    page = visit("/", size)
    for file in (text, broken):
        choose(page, file)
        page.locator("#toast.shown").wait_for()
        sentence = page.locator("#toast").inner_text()
        assert sentence.endswith("."), sentence
        assert page.evaluate("location.pathname") == "/search"
        assert "422" in complaints.pop()
        page.evaluate("document.getElementById('toast').classList.remove('shown')")
    assert page.locator("body.loading").count() == 0


def test_the_keyboard_alone_searches(visit: Visit, street: Path, size: str) -> None:
    page = visit("/", size)
    page.on("filechooser", lambda chooser: chooser.set_files(street))
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.id") == "file"
    page.keyboard.press("Enter")
    page.wait_for_url(SEARCHED)

    tab_to(page, "#stage [data-box]")
    page.keyboard.press("Enter")
    x0, y0, x1, _ = wait_for_box(page)
    page.keyboard.press("Shift+ArrowLeft")  # smaller, so that it can be moved
    smaller = wait_for_box(page)
    assert smaller[:2] == [x0, y0] and smaller[2] < x1
    page.keyboard.press("ArrowRight")
    moved = wait_for_box(page)
    assert moved[0] > x0 and moved[2] > smaller[2]
    assert page.evaluate(f"{FOCUSED}.closest('[data-box]') !== null")
    when_settled(page)

    tab_to(page, "input[name=where]")
    page.keyboard.type("item != 'x'")
    page.keyboard.press("Enter")
    page.wait_for_url("**where=*")
    when_settled(page)

    tab_to(page, "#results .hit a.again")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?photo=row-*")
