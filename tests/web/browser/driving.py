"""What the tests of the pages do with them."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

FOCUSED = "document.activeElement"


def when_settled(page: Any) -> None:
    """Wait until the results are those of the last change."""
    page.locator("#results:not([aria-busy])").wait_for(state="attached")


def results_of(page: Any) -> list[str]:
    """Addresses of the pictures of the results, the part that searched first."""
    when_settled(page)
    return page.locator("#results img").evaluate_all(
        "pictures => pictures.map((one) => one.getAttribute('src'))"
    )


def chosen_box(page: Any) -> list[float]:
    """The box that searches: x0, y0, x1, y1 in pixels of the photograph."""
    x, y, width, height = page.locator("#stage .chosen .box").evaluate(
        "(one) => ['x', 'y', 'width', 'height'].map((n) => one[n].baseVal.value)"
    )
    return [x, y, x + width, y + height]


def wait_for_box(page: Any) -> list[float]:
    """The chosen box, once the address holds it and the results are its own."""
    box = chosen_box(page)
    page.wait_for_url(lambda url: box_in(url) == pytest.approx(box, abs=0.1))
    when_settled(page)
    return box


def box_in(url: str) -> list[float] | None:
    """The box of an address."""
    box = parse_qs(urlsplit(url).query).get("box")
    return [float(part) for part in box[0].split(",")] if box else None


def transfer_of(page: Any, file: Path) -> Any:
    """A file as the browser hands it over when it is dropped or pasted."""
    content = base64.b64encode(file.read_bytes()).decode()
    return page.evaluate_handle(
        """([content, name]) => {
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
            return transfer;
        }""",
        [content, file.name],
    )


def drop(page: Any, file: Path) -> None:
    """Drop a file onto the page."""
    transfer = transfer_of(page, file)
    for name in ("dragover", "drop"):
        page.dispatch_event("body", name, {"dataTransfer": transfer})


def paste(page: Any, file: Path) -> None:
    """Paste a file into the page."""
    page.evaluate(
        """(clipboardData) => document.body.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true }))""",
        transfer_of(page, file),
    )


def choose(page: Any, file: Path) -> None:
    """Choose a file with the button of the page."""
    page.locator("#file").set_input_files(file)


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over the photograph, from and to parts of its width and height."""
    svg = page.locator("#stage svg")
    svg.scroll_into_view_if_needed()
    place = svg.bounding_box()
    page.mouse.move(*_within(place, start))
    page.mouse.down()
    page.mouse.move(*_within(place, end), steps=5)
    page.mouse.up()


def drag_by_finger(
    page: Any, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """The same by finger."""
    svg = page.locator("#stage svg")
    svg.scroll_into_view_if_needed()
    place = svg.bounding_box()
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    touch = page.context.new_cdp_session(page)
    for kind, part in (
        *(("touchStart", start), ("touchMove", middle), ("touchMove", end)),
        ("touchEnd", None),
    ):
        points = [dict(zip("xy", _within(place, part), strict=True))] if part else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def _within(place: dict[str, float], part: tuple[float, float]) -> tuple[float, float]:
    return (
        place["x"] + part[0] * place["width"],
        place["y"] + part[1] * place["height"],
    )


def tab_to(page: Any, selector: str, most: int = 60) -> None:
    """Press Tab until what a selector names has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"(one) => {FOCUSED}.matches(one)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def is_as_wide_as_the_window(page: Any) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
