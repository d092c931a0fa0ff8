"""The gallery as a person uses it: filter, add, change, remove."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import tiefvision
from tests.web.browser.conftest import Visit
from tests.web.browser.driving import when_settled
from tests.web.conftest import Listen


@pytest.fixture
def site(
    shipped: Path, street_photos: list[Path], tmp_path: Path, listen: Listen
) -> str:
    """The address of a server whose catalogue is a folder of two photographs."""
    folder, workspace = tmp_path / "shop", tmp_path / "shop-run"
    folder.mkdir()
    for name, photo in zip(("coat", "hat"), street_photos, strict=False):
        shutil.copy(photo, folder / f"{name}.jpg")
    (folder / "items.csv").write_text("file,title,season\ncoat.jpg,Red coat,fw\n")
    with tiefvision.load(workspace, device="cpu") as finder:
        finder.index(folder)
    return listen(workspace)


def cards(page: Any) -> Any:
    return page.locator("#items .hit")


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_a_photograph_is_added_found_changed_and_removed(
    visit: Visit,
    complaints: list[str],
    street_photos: list[Path],
    tmp_path: Path,
    size: str,
) -> None:
    page = visit("/gallery", size)
    assert cards(page).count() == 2
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photograph")
    page.locator("#file").set_input_files([street_photos[2], broken])
    page.get_by_text("1 of 2 added.").wait_for()
    assert "broken.jpg" in page.locator("#adding .failed").inner_text()
    assert cards(page).count() == 3
    new = page.locator("#items .hit.new")
    number = new.get_attribute("data-row")

    new.get_by_role("button", name="Change").click()
    page.locator("#dialog input[name=price]").fill("cheap")
    page.locator("#dialog .primary").click()
    page.locator("#dialog .wrong").wait_for()
    assert "is not a number" in page.locator("#dialog .wrong").inner_text()
    # The browser's console tells both refusals.
    assert [said.split("status of ")[1][:3] for said in complaints] == ["422", "400"]
    complaints.clear()
    page.locator("#dialog input[name=price]").fill("49.90")
    page.locator("#dialog input[name=title]").fill("Green hat")
    page.keyboard.press("Enter")
    page.locator("#items .price", has_text="49.9").wait_for()
    changed = cards(page).filter(has_text="Green hat")
    assert changed.get_attribute("data-row") != number

    page.locator("#filters input[name=where]").fill("price < 50")
    page.keyboard.press("Enter")
    page.locator("#range", has_text="1 to 1 of 1 photograph").wait_for()
    page.reload()
    assert cards(page).count() == 1

    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Remove Green hat").click()
    page.get_by_text("Green hat is removed.").wait_for()
    page.goto(page.url.partition("?")[0])
    assert cards(page).count() == 2
    cards(page).filter(has_text="Red coat").locator("a.again").click()
    page.wait_for_url("**/search?photo=row-*")
    page.locator("#results .hit").first.wait_for()


def test_filters_show_what_they_choose_and_where_a_condition_is_wrong(
    visit: Visit,
) -> None:
    page = visit("/gallery")
    page.locator("#column").select_option("season")
    page.locator("#value").select_option("fw")
    page.locator("#range", has_text="1 to 1 of 1 photograph").wait_for()
    assert "column=season&value=fw" in page.url
    page.locator("#filters input[name=where]").fill("price <")
    page.keyboard.press("Enter")
    page.locator("#cards .wrong pre").wait_for()
    assert page.locator("#cards .wrong pre").inner_text().splitlines()[1].endswith("^")


def test_a_column_chosen_beside_a_search_becomes_its_condition(
    visit: Visit, street: Path
) -> None:
    page = visit("/search?whole=1")
    page.locator("#file").set_input_files(street)
    page.wait_for_url("**photo=upload-*")
    hits = page.locator("#results .hit:not(.crop)")
    assert hits.count() == 2
    page.locator('select[data-column="season"]').select_option("fw")
    page.wait_for_url("**where=*")
    assert page.locator("input[name=where]").input_value() == "[season] == 'fw'"
    when_settled(page)
    assert [text.split("\n")[1] for text in hits.all_inner_texts()] == ["Red coat"]
    page.reload()
    assert page.locator('select[data-column="season"]').input_value() == "fw"
    page.locator("input[name=where]").fill("")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "where=" not in address)
    assert page.locator('select[data-column="season"]').input_value() == ""


def test_boxes_of_a_search_are_saved_as_labels(visit: Visit, street: Path) -> None:
    page = visit("/search?whole=1")
    page.locator("#file").set_input_files(street)
    page.wait_for_url("**photo=upload-*")
    svg = page.locator("#stage svg").first
    place = svg.bounding_box()
    page.mouse.move(place["x"] + 4, place["y"] + 4)
    page.mouse.down()
    page.mouse.move(place["x"] + 90, place["y"] + 120, steps=3)
    page.mouse.up()
    page.locator("#save").click()
    page.get_by_text("Say first what the drawn box shows.").wait_for()
    page.locator("#group").select_option(label="outfit")
    page.locator("#save").click()
    page.get_by_text("The boxes are saved as labels.").wait_for()
