"""The page of two rankers as a person uses it."""

from pathlib import Path

import pytest

from tests.web.browser.conftest import Visit


def lists_of(page) -> list[list[str]]:
    """Photographs that each ranker lists, in their order."""
    return [
        side.locator(".hit img").evaluate_all(
            "pictures => pictures.map((one) => one.getAttribute('src'))"
        )
        for side in page.locator(".beside > section").all()
    ]


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_an_uploaded_photograph_is_compared(
    visit: Visit, street: Path, size: str
) -> None:
    page = visit("/compare", size)
    page.locator("#file").set_input_files(street)
    page.wait_for_url("**/compare?*photo=upload-*")
    left, right = lists_of(page)
    assert left and len(left) == len(right)
    assert page.locator(".agreement .lead").inner_text().endswith(".")
    # The page is no wider than the window.
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_a_long_name_of_a_ranker_makes_the_page_no_wider(
    visit: Visit, size: str
) -> None:
    page = visit("/compare?photo=sample-0&whole=1", size)
    page.evaluate(
        """name => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const node = walker.currentNode;
            node.data = node.data.replace(/cosine|deeprank/g, name);
          }
        }""",
        "mildnet_mobilenet_v2_skip_5-" + "a_long_suffix" * 3,
    )
    assert "a_long_suffix" in page.locator(".beside h3").first.inner_text()
    assert "a_long_suffix" in page.locator(".beside figcaption").first.inner_text()
    select = page.locator("select[name=left]")
    assert "a_long_suffix" in str(select.text_content())
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    # Nor does a list of names reach over what lies beside it.
    place = page.locator(".asking").bounding_box()
    width = select.bounding_box()
    assert width["x"] + width["width"] <= place["x"] + place["width"] + 1


def test_another_ranker_lists_anew_and_a_result_is_compared_in_turn(
    visit: Visit,
) -> None:
    page = visit("/compare?photo=sample-0&whole=1")
    _, right = lists_of(page)
    page.locator("select[name=left]").select_option("deeprank")
    page.wait_for_url("**left=deeprank*")
    again, same = lists_of(page)
    assert again == right == same
    assert "in the same order" in page.locator(".agreement .lead").inner_text()
    page.locator(".hit a.again").first.click()
    page.wait_for_url("**photo=row-*")
    assert lists_of(page) != [again, same]


def test_the_keyboard_alone_compares_with_a_sample(visit: Visit) -> None:
    page = visit("/compare")
    page.locator(".samples a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**photo=sample-0*")
    assert len(lists_of(page)) == 2
