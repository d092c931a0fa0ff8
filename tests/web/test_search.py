"""Searches by the interface and by the page: the answers of the Finder."""

import html
import io
import re
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

import tiefvision
from tiefvision.catalogue.answer_records import answer_record, garment_record
from tiefvision.records import Box
from tiefvision.web.parameters import SearchParameters, box_text, parse_box
from tiefvision.web.views import garments_in_order


def test_an_upload_is_located_as_the_finder_does(
    client: TestClient, run: Path, street: Path
) -> None:
    answer = client.post("/api/photos", content=street.read_bytes()).json()
    photo = tiefvision.load(run, device="cpu").open(street)
    assert (answer["width"], answer["height"]) == (photo.width, photo.height)
    assert answer["garments"] == [garment_record(one) for one in photo.garments]
    again = client.get(f"/api/photos/{answer['photo']}").json()
    assert again == answer


def test_a_search_answers_as_the_finder_does(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    finder = tiefvision.load(run, device="cpu")
    cases = [
        ("", {}),
        ("whole=1&k=3", {"whole": True, "k": 3}),
        ("box=10,20,60,90&k=2", {"box": (10, 20, 60, 90), "k": 2}),
        ("ranker=cosine&whole=true", {"ranker": "cosine", "whole": True}),
        ("whole=1&where=item != 'x'", {"whole": True, "where": "item != 'x'"}),
    ]
    for query, how in cases:
        told = client.get(f"/api/search?photo={uploaded}&{query}").json()
        expected = [answer_record(one) for one in finder.search(street, **how)]
        assert told == {"photo": [uploaded], "answers": expected}, query
    sent = client.post("/api/search?k=3", content=street.read_bytes()).json()
    assert sent == client.get(f"/api/search?photo={uploaded}&k=3").json()


@pytest.mark.parametrize(
    "box",
    [
        (107.0, 143.5, 384.0, 610.0),
        (1 / 3, 2e-5 / 3, 10 / 3, 999999.123456789),
        tuple(float(np.float32(one)) for one in (-12.3, 0.1, 383.6, 1e5 + 0.7)),
    ],
)
def test_a_box_is_read_as_it_was_written(box: Box) -> None:
    asked = SearchParameters(photo=["sample-0"], box=box_text(box))
    assert asked.box_in_image == box
    assert SearchParameters(box=box_text(None)).box_in_image is None
    assert box_text((1e-9, -0.0, 8.0, 9.0)) == "0,0,8,9"


def test_the_page_searches_with_the_very_boxes_that_were_located(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    finder = tiefvision.load(run, device="cpu")
    garments = garments_in_order(finder.open(street))
    page = client.get(f"/search?photo={uploaded}").text
    links = map(html.unescape, re.findall(r'href="/search\?(.*?)"', page))
    given = [one["box"][0] for one in map(parse_qs, links) if "box" in one]
    boxes = [one.box_in_image for one in garments]
    assert [parse_box(box) for box in given[: len(boxes)]] == boxes != []
    assert any(value != round(value, 1) for box in boxes for value in box)
    for answer in finder.search(street):
        asked = {"box": box_text(answer.box), "category": answer.category}
        found = client.get("/api/search", params={"photo": uploaded, **asked}).json()
        assert found["answers"][0]["results"] == answer_record(answer)["results"]


def test_several_photographs_search_together(
    client: TestClient, run: Path, street_photos: list[Path]
) -> None:
    finder = tiefvision.load(run, device="cpu")
    references = [
        client.post("/api/photos", content=file.read_bytes()).json()["photo"]
        for file in street_photos[:2]
    ]
    query = "&".join(f"photo={one}" for one in references)
    told = client.get(f"/api/search?{query}&whole=1&k=4").json()["answers"]
    together = finder.search_together(street_photos[:2], whole=True, k=4)
    assert told == [answer_record(one) for one in together]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "no photograph"),
        ("photo=upload-0", 404, "no longer here"),
        ("photo=upload-" + "0" * 32, 404, "no longer here"),
        ("photo=row-999999", 404, "no row"),
        ("photo=sample-999", 404, "no sample"),
        ("photo=file-1", 404, "no photograph"),
        ("photo=../etc/passwd", 422, "photo"),
        ("photo=sample-0&box=1,2,3", 422, "box"),
        ("photo=sample-0&box=30,20,10,40", 400, "reversed"),
        ("photo=sample-0&box=1,2,3,4", 400, "needs at least"),
        ("photo=sample-0&box=10,10,90,90&whole=1", 400, "A box holds"),
        ("photo=sample-0&k=0", 422, "k"),
        ("photo=sample-0&k=many", 422, "k"),
        ("photo=sample-0&ranker=hue", 400, "hue"),
        ("photo=sample-0&category=hat", 400, "hat"),
        ("photo=sample-0&where=price <", 400, "condition"),
        ("photo=sample-0&where=cost < 5", 400, "cost"),
        ("photo=sample-0&wher=1", 422, "wher"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_a_sentence(
    client: TestClient, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/api/search?{query}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert words in problem["detail"]


@pytest.mark.parametrize("content", [b"GIF89a", b"no photograph", b"\xff\xd8\xff\xe0"])
def test_what_is_no_photograph_is_refused_and_not_kept(
    client: TestClient, run: Path, content: bytes
) -> None:
    answer = client.post("/api/photos", content=content)
    assert answer.status_code == 422
    assert not (run / "uploads").exists()


def test_too_many_pixels_are_refused_before_they_are_decoded(
    client: TestClient,
) -> None:
    buffer = io.BytesIO()
    Image.new("1", (20000, 20000)).save(buffer, "PNG")
    answer = client.post("/api/photos", content=buffer.getvalue())
    assert answer.status_code == 422


def test_the_page_shows_garments_results_and_the_link_of_the_search(
    client: TestClient, uploaded: str
) -> None:
    page = client.get(f"/search?photo={uploaded}&k=3").text
    assert f'src="/pictures/{uploaded}' in page
    assert page.count('class="hit') >= 3
    for link in re.findall(r'href="(/search\?[^"]*)"', page):
        assert client.get(link.replace("&amp;", "&")).status_code == 200, link
    for source in re.findall(r'src="(/pictures/[^"]*)"', page):
        picture = client.get(source.replace("&amp;", "&"))
        assert picture.headers["content-type"] == "image/jpeg", source
    part = client.get(f"/search/results?photo={uploaded}&k=3&whole=1").text
    assert "<html" not in part
    assert part.count('class="hit') >= 3


def test_the_front_page_offers_street_photographs(client: TestClient) -> None:
    page = client.get("/").text
    samples = re.findall(r'href="(/search\?photo=sample-\d+)"', page)
    assert samples
    assert client.get(samples[0]).status_code == 200


def test_an_empty_workspace_says_what_to_do(
    serve, shipped: Path, tmp_path: Path
) -> None:
    client = serve(tmp_path / "empty")
    page = client.get("/search").text
    assert "There is nothing to search yet." in page
    assert "tiefvision index" in page
    answer = client.get("/api/search?photo=sample-0")
    assert answer.status_code == 409
    assert "tiefvision index" in answer.json()["fix"]


def test_a_page_that_is_not_there_is_a_page_for_people(client: TestClient) -> None:
    answer = client.get("/nothing", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "text/html" in answer.headers["content-type"]
    answer = client.get("/api/nothing", headers={"accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.put("/api/photos").status_code == 405


def test_why_compares_the_crops_cell_by_cell(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    finder = tiefvision.load(run, device="cpu")
    box = (10.0, 20.0, 90.0, 120.0)
    hit = finder.search(street, box, k=1, ranker="cosine")[0].hits[0]
    other = ",".join(map(str, hit.box_in_image)) if hit.box_in_image else ""
    query = f"box=10,20,90,120&other_box={other}"
    why = client.get(f"/api/photos/{uploaded}/why/row-{hit.row}?{query}").json()
    # Of the crops alone; a close-up can be more similar.
    assert 0.5 < why["similarity"] <= hit.similarity + 2e-3
    assert (why["query"]["width"], why["query"]["height"]) == Image.open(street).size
    for side in ("query", "found"):
        levels = [line["level"] for line in why[side]["contours"]]
        assert len(levels) == 3
        assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("query", "status"),
    [("box=1,2,3", 422), ("box=30,20,10,40", 400), ("box=1,1,2,2", 400)],
)
def test_why_refuses_boxes_that_are_none(
    client: TestClient, uploaded: str, query: str, status: int
) -> None:
    answer = client.get(f"/api/photos/{uploaded}/why/row-0?{query}")
    assert answer.status_code == status


def test_boxes_of_results_are_drawn_in_pixels_of_their_photographs(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    finder = tiefvision.load(run, device="cpu")
    hits = [
        hit
        for hit in finder.search(street, whole=True, k=5)[0].hits
        if hit.box_in_image
    ]
    part = client.get(f"/search/results?photo={uploaded}&whole=1&k=5").text
    assert part.count('<rect class="box') == len(hits)
    for hit in hits:
        assert f'x="{round(max(hit.box_in_image[0], 0), 1)}"' in part


def test_results_tell_their_ranks_by_the_other_ranker(
    client: TestClient, run: Path, street: Path, uploaded: str
) -> None:
    finder = tiefvision.load(run, device="cpu")
    cosine = finder.search(street, whole=True, k=200, ranker="cosine")[0].hits
    ranks = {hit.item: hit.rank for hit in cosine}
    found = finder.search(street, whole=True, k=3)[0].hits
    part = client.get(f"/search/results?photo={uploaded}&whole=1&k=3").text
    told = re.findall(r"cosine rank (\d+)", part)
    assert told == [str(ranks[hit.item]) for hit in found]
    quick = client.get(f"/search/results?photo={uploaded}&whole=1&k=3&quick=1").text
    assert "cosine rank" not in quick
    assert quick.count('class="hit') == part.count('class="hit')


def test_metrics_tell_each_step_of_a_search(client: TestClient, street: Path) -> None:
    def counts() -> dict[str, float]:
        text = client.get("/api/metrics").text
        found = re.findall(r'step_seconds_count\{step="(\w+)"\} ([\d.]+)', text)
        return {step: float(count) for step, count in found}

    before = counts()
    assert set(before) == {"decode", "locate", "embed", "search"}
    sent = client.post("/api/search", content=street.read_bytes()).json()
    garments = len(sent["answers"])
    after = counts()
    gained = {step: after[step] - before[step] for step in after}
    assert gained == {"decode": 1, "locate": 1, "embed": garments, "search": 1}
    client.get(f"/api/search?photo={sent['photo'][0]}")  # all is known but the ranks
    last = counts()
    gained = {step: last[step] - after[step] for step in last}
    assert gained == {"decode": 0, "locate": 0, "embed": 0, "search": 1}
