"""The box editor as a person uses it, at a desk and on a telephone."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import SIZES, Visit
from tiefvision.labels.records import PhotoLabel
from tiefvision.labels.workspaces import labels_of
from tiefvision.workspace.artifacts import Workspace

pytestmark = pytest.mark.parametrize("size", SIZES)


@pytest.fixture
def page(visit: Visit, size: str) -> Any:
    """The editor with the first photograph to label, and one box in it."""
    opened = visit("/boxes", size)
    opened.locator(".boxing").wait_for()
    while opened.locator(".box-row").count():
        opened.locator(".box-row .remove").first.click()
    opened.locator('[data-do="add"]').click()
    return opened


def photo_of(page: Any) -> str:
    return str(page.locator(".boxing").get_attribute("data-photo"))


def box_of(page: Any) -> list[float]:
    """The chosen box: x0, y0, x1, y1 in pixels of the photograph."""
    x, y, width, height = page.locator(".stage .chosen .box").evaluate(
        "(one) => ['x', 'y', 'width', 'height'].map((n) => one[n].baseVal.value)"
    )
    return [x, y, x + width, y + height]


def save(page: Any, how: str = "save") -> None:
    """Press a button of the editor, and wait for the next photograph."""
    before = photo_of(page)
    page.locator(f'[data-do="{how}"]').first.click()
    next_one(page, before)


def next_one(page: Any, before: str) -> None:
    page.locator(f'.boxing:not([data-photo="{before}"])').wait_for()
    page.locator("#editor:not(.saving)").wait_for()


def labels(run: Path) -> list[PhotoLabel]:
    return labels_of(Workspace(run)).labels()


def drag_handle(page: Any, side: str, dx: int, dy: int) -> None:
    knob = page.locator(f".stage .handle.{side} .knob")
    knob.scroll_into_view_if_needed()
    place = knob.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def test_a_box_is_corrected_saved_and_exported(page: Any, run: Path) -> None:
    before = box_of(page)
    drag_handle(page, "se", -20, -30)
    after = box_of(page)
    assert after[:2] == before[:2]
    assert after[2] < before[2]
    assert after[3] < before[3]
    row = page.locator(".box-row")
    row.locator("select").select_option("lower")
    row.locator("input").fill("skirt")
    page.locator('[data-field="who"]').fill("Anna")
    save(page)
    assert "1 of 12" in page.locator(".labelling-progress").inner_text()
    (label,) = labels(run)
    (garment,) = label.garments
    assert (garment.category, garment.label, label.who) == ("lower", "skirt", "Anna")
    assert garment.box_in_image == pytest.approx(after, abs=0.01)
    link = page.locator('a[href="/api/labels/export.json"]')
    with page.expect_download() as download:
        link.click()
    assert '"name": "skirt"' in Path(download.value.path()).read_text("utf-8")


def test_with_the_keyboard_alone(page: Any, run: Path) -> None:
    first = photo_of(page)
    press = page.keyboard.press
    start = box_of(page)
    press("ArrowRight")
    moved = box_of(page)
    assert moved[0] - start[0] == pytest.approx(moved[2] - start[2])
    assert moved[0] > start[0]
    press("Shift+ArrowDown")
    assert box_of(page)[3] > moved[3]
    assert box_of(page)[1] == moved[1]
    press("4")  # lower
    press("n")
    assert page.locator(".box-row").count() == 2
    press("Delete")
    assert page.locator(".box-row").count() == 1
    press("Enter")
    next_one(page, first)
    second = photo_of(page)
    press("0")
    next_one(page, second)
    third = photo_of(page)
    press("s")
    next_one(page, third)
    assert [(one.state, [g.category for g in one.garments]) for one in labels(run)] == [
        ("boxes", ["lower"]),
        ("nothing", []),
        ("skipped", []),
    ]
    progress = page.locator(".labelling-progress").inner_text()
    assert "2 of 12" in progress
    assert "1 skipped" in progress


def test_tab_chooses_boxes(page: Any) -> None:
    page.locator('[data-do="add"]').click()
    page.locator(".stage [data-box='0']").focus()
    assert page.locator(".box-row").nth(0).get_attribute("class").endswith("chosen")
    page.keyboard.press("Tab")
    assert page.locator(".box-row").nth(1).get_attribute("class").endswith("chosen")
    assert page.evaluate("document.activeElement.dataset.box") == "1"


def test_edits_are_undone_then_saves(page: Any, run: Path) -> None:
    photo, start = photo_of(page), box_of(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("u")
    assert box_of(page) == start
    save(page)
    assert len(labels(run)) == 1
    page.keyboard.press("u")
    page.locator(f'.boxing[data-photo="{photo}"]').wait_for()
    page.locator("#editor:not(.saving)").wait_for()
    assert labels(run) == []
    assert "0 of 12" in page.locator(".labelling-progress").inner_text()


def test_a_new_box_is_drawn(page: Any, size: str) -> None:
    stage = page.locator(".stage")
    stage.scroll_into_view_if_needed()
    place = stage.bounding_box()
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    page.mouse.down()
    page.mouse.move(place["x"] + 60, place["y"] + 80, steps=4)
    page.mouse.up()
    assert page.locator(".box-row").count() == 2
    assert page.locator(".box-row select").nth(1).input_value() == "upper"


def test_letters_in_a_field_are_no_shortcuts(page: Any, run: Path) -> None:
    photo = photo_of(page)
    page.locator(".box-row select").select_option("upper")
    field = page.locator(".box-row input")
    field.focus()
    page.keyboard.type("sun n0?")
    assert field.input_value() == "sun n0?"
    assert photo_of(page) == photo
    page.keyboard.press("Enter")
    next_one(page, photo)
    assert labels(run)[0].garments[0].label == "sun n0?"


def test_the_shortcuts_are_listed(page: Any) -> None:
    page.keyboard.press("?")
    listed = page.locator("#shortcuts")
    assert listed.is_visible()
    for word in ("Delete", "Enter", "outfit", "skip", "undo"):
        assert word in listed.inner_text()
    page.keyboard.press("Escape")
    assert not listed.is_visible()
    page.locator("#help").click()
    assert listed.is_visible()


def test_a_save_that_fails_is_told_and_loses_nothing(
    page: Any, run: Path, complaints: list[str]
) -> None:
    (run / "labels.sqlite").write_bytes(b"no labels " * 200)
    photo, before = photo_of(page), box_of(page)
    page.locator('[data-do="save"]').click()
    page.locator("#toast.shown").wait_for()
    assert "holds no labels that can be read" in page.locator("#toast").inner_text()
    page.locator("#editor:not(.saving)").wait_for()
    assert (photo_of(page), box_of(page)) == (photo, before)
    (run / "labels.sqlite").unlink()
    save(page)
    assert len(labels(run)) == 1
    assert all("409" in one for one in complaints)
    complaints.clear()


def test_nothing_is_wider_than_the_window(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
