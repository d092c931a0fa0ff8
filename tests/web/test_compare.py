"""Two rankers side by side, and the report pages of the workspace."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import tiefvision
from tiefvision.web.comparing import agreement, most_moved

SAME = "of them at the same rank."


def links(page: str) -> list[str]:
    return [link.replace("&amp;", "&") for link in re.findall('href="([^"]*)"', page)]


def test_both_rankers_list_what_the_finder_finds(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    asked = f"/compare?photo={uploaded}&whole=1&left=cosine&right=deeprank&k=3"
    page = client.get(asked).text
    finder = tiefvision.load(run, device="cpu")
    ranks = {}
    for ranker in ("cosine", "deeprank"):
        (answer,) = finder.search(street, whole=True, ranker=ranker, k=100)
        ranks[ranker] = {hit.item: hit.rank for hit in answer.hits}
        _, _, shown = page.partition(f'aria-label="Results by {ranker}"')
        shown, _, _ = shown.partition("</section>")
        assert shown.count("<figure") == 3
        for hit in answer.hits[:3]:
            assert f"{hit.similarity:.3f}" in shown
            assert f"/pictures/row-{hit.row}" in shown
    first = [[*of_items][:3] for of_items in ranks.values()]
    assert agreement(*first) in page
    for item in {*first[0], *first[1]}:
        move = f"cosine {ranks['cosine'][item]} → deeprank {ranks['deeprank'][item]}"
        assert move in page


def test_every_link_of_the_page_leads_somewhere(
    client: TestClient, uploaded: str
) -> None:
    page = client.get(f"/compare?photo={uploaded}&k=2").text
    assert page.count('aria-current="true"') == 1
    found = [link for link in links(page) if link.startswith("/")]
    assert any("photo=row-" in link for link in found)
    assert any(link.startswith("/search?") and "ranker=" in link for link in found)
    for link in found:
        assert client.get(link).status_code == 200, link
    for source in re.findall(r'src="(/[^"]*)"', page):
        assert client.get(source.replace("&amp;", "&")).status_code == 200, source


def test_a_row_of_the_catalogue_is_a_query_and_finds_itself(client: TestClient) -> None:
    page = client.get("/compare?photo=row-0&whole=1&k=1").text
    assert "Both list the same 1 in the same order." in page


def test_without_a_photograph_some_are_offered(client: TestClient) -> None:
    page = client.get("/compare").text
    (first, *_) = [link for link in links(page) if "photo=sample-" in link]
    assert first.startswith("/compare?")
    assert client.get(first).status_code == 200
    assert 'name="left"' in page and 'name="right"' in page


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("photo=upload-0", 404, "no longer here"),
        ("photo=row-0&left=hue", 400, "hue"),
        ("photo=row-0&right=mean", 409, "mean"),
        ("photo=row-0&box=1,2,3", 422, "box"),
        ("photo=row-0&other=1", 422, "other"),
        ("photo=row-0&whole=1&where=cost < 5", 400, "cost"),
    ],
)
def test_what_cannot_be_compared_is_told(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/compare?{query}")
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_an_empty_workspace_says_what_to_do(serve, shipped, tmp_path: Path) -> None:
    page = serve(tmp_path / "empty").get("/compare").text
    assert "There is nothing to search yet." in page and "tiefvision index" in page


def test_reports_are_served_in_a_sandbox(client: TestClient, run: Path) -> None:
    reports = run / "reports"
    assert "/reports/compare" in links(client.get("/compare").text)
    answer = client.get("/reports/compare")
    assert answer.content == (reports / "compare.html").read_bytes()
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("sandbox; default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        *("compare.html", "ingest", "nothing", "%2e%2e", "compare%00", "x" * 300),
        *("..%2Fcompare", "..%2Fsecret", "%2Fetc%2Fpasswd"),
    ],
)
def test_only_pages_that_the_folder_lists_are_served(
    client: TestClient, run: Path, name: str
) -> None:
    (run / "secret.html").write_text("hidden words")
    answer = client.get(f"/reports/{name}")
    assert answer.status_code in (404, 422), answer.text
    assert "hidden words" not in answer.text


def test_a_workspace_without_reports_lists_none(client: TestClient, run: Path) -> None:
    for file in (run / "reports").glob("*.html"):
        file.unlink()
    assert "Reports of this workspace" not in client.get("/compare").text


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("ab", "ab", "Both list the same 2 in the same order."),
        (
            "ab",
            "ba",
            f"2 of the first 2 are in both lists, none {SAME}",
        ),
        (
            "abc",
            "axy",
            f"1 of the first 3 is in both lists, 1 {SAME}",
        ),
        ("ab", "xy", "None of the first 2 is in both lists."),
        ("abc", "a", f"1 of the first 3 is in both lists, 1 {SAME}"),
        ("", "", "Both lists are empty."),
    ],
)
def test_the_agreement_is_a_sentence(left: str, right: str, told: str) -> None:
    assert agreement([*left], [*right]) == told


def test_the_items_that_moved_most_are_among_those_shown() -> None:
    left = {"a": 1, "b": 2, "c": 3, "d": 9}
    right = {"b": 1, "d": 2, "a": 3, "c": 9, "e": 10}
    # d moved by 7, c (not shown by either) by 6, a by 2, b by 1; e counts as 5th left.
    assert most_moved((left, right), 2) == ["d", "a", "b"]
    assert most_moved((left, left), 3) == []
    assert most_moved(({}, {"x": 1}), 3) == []
