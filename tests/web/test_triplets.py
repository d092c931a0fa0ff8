"""Triplets by the interface: what is asked, what is answered, what does not fit."""

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from tests.web.conftest import Serve
from tiefvision.datasets.annotations import read_annotations
from tiefvision.datasets.triplets import read_triplets


def asked(client: TestClient, query: str = "") -> Any:
    answer = client.get(f"/api/labels/question{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["question"]


def judge(client: TestClient, question: Any, first: bool = True, **more: Any) -> Any:
    photos = [one["photo"] for one in question["candidates"]]
    closer, further = photos if first else photos[::-1]
    sent = {"reference": question["reference"], "closer": closer, "further": further}
    answer = client.post("/api/labels/triplets", json=sent | more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rankers_disagree_about_the_first_question(client: TestClient) -> None:
    question = asked(client)
    first, second = question["candidates"]
    one, other = first["ranks"]
    last = 99
    differences = [
        (first["ranks"][name] or last) - (second["ranks"][name] or last)
        for name in (one, other)
    ]
    assert differences[0] * differences[1] < 0


def test_an_answer_is_saved_and_the_pair_not_asked_again(client: TestClient) -> None:
    question = asked(client)
    saved = judge(client, question, who="anna")
    assert (saved["who"], saved["neither"]) == ("anna", False)
    assert saved["closer"]["photo"] != saved["further"]["photo"]
    following = asked(client)
    assert following["reference"] == question["reference"]
    assert following["answered"] == 1
    pairs = [{one["photo"] for one in q["candidates"]} for q in (question, following)]
    assert pairs[0] != pairs[1]


def test_no_difference_is_an_answer_and_is_not_exported(client: TestClient) -> None:
    question = asked(client)
    judge(client, question, neither=True)
    assert asked(client)["candidates"] != question["candidates"]
    assert client.get("/api/labels/triplets.csv").text == "query,positive,negative\n"


def test_after_some_questions_another_photograph_is_asked_about(
    client: TestClient,
) -> None:
    references = []
    for _ in range(8):
        question = asked(client)
        references.append(question["reference"])
        judge(client, question)
    assert len(set(references)) >= 2
    skipped = asked(client, f"?after={references[-1]}")
    assert skipped["reference"] != references[-1]
    named = asked(client, f"?reference={references[0]}")
    assert named is None or named["reference"] == references[0]


def test_doubles_and_contradictions_are_told_and_taken_back(client: TestClient) -> None:
    question = asked(client)
    first = judge(client, question)
    assert "Contradictions" not in client.get("/triplets/judged").text
    second = judge(client, question)
    third = judge(client, question, first=False)
    told = client.get("/api/labels/triplets").json()
    assert told["doubles"] == [[first["number"], second["number"]]]
    # An answer that was given twice counts once, as the later one.
    assert told["contradictions"] == [[second["number"], third["number"]]]
    page = client.get("/triplets").text
    assert "Contradictions" in page
    assert "Judged twice" in page
    assert f'data-take-back="{third["number"]}"' in page
    for saved in (third, second):
        sent = {"kind": "triplet", "number": saved["number"]}
        assert client.post("/api/labels/undo", json=sent).status_code == 200
    told = client.get("/api/labels/triplets").json()
    assert (told["doubles"], told["contradictions"]) == ([], [])
    assert told["judgements"] == [first]


def test_the_table_is_read_as_a_dataset_s(client: TestClient, tmp_path: Path) -> None:
    saved = judge(client, asked(client))
    for name, path in (("annotations.json", "export.json"), ("triplets.csv",) * 2):
        content = client.get(f"/api/labels/{path}").content
        (tmp_path / name).write_bytes(content)
    photos = read_annotations(tmp_path / "annotations.json").photos
    triplets, problems = read_triplets(
        tmp_path / "triplets.csv", [photo.path for photo in photos]
    )
    assert problems == ()
    (triplet,) = triplets
    assert triplet.query == saved["reference"]["path"]
    assert triplet.positive == saved["closer"]["path"]
    assert triplet.negative == saved["further"]["path"]


def test_what_cannot_be_judged_is_refused(client: TestClient) -> None:
    photos = [one["photo"] for one in asked(client)["candidates"]]
    cases = [
        ({"reference": "sample-0", "closer": photos[0], "further": photos[0]}, 400),
        ({"reference": photos[0], "closer": photos[1], "further": photos[0]}, 400),
        ({"reference": "sample-0", "closer": photos[0]}, 422),
        ({"reference": "../a", "closer": photos[0], "further": photos[1]}, 422),
        ({"reference": "row-9999", "closer": photos[0], "further": photos[1]}, 404),
    ]
    for sent, status in cases:
        answer = client.post("/api/labels/triplets", json=sent)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/api/labels/question?ranker=hue").status_code == 400
    assert client.get("/api/labels/triplets").json()["judgements"] == []


def test_the_page_asks(client: TestClient) -> None:
    page = client.get("/triplets").text
    question = asked(client)
    for one in (question["reference"], *(c["photo"] for c in question["candidates"])):
        assert one in page
    assert "0</strong> judgements" in page.replace("<strong>0", "0")


def test_without_a_catalogue_the_page_says_what_to_do(
    serve: Serve, tmp_path: Path
) -> None:
    client = serve(tmp_path / "empty")
    page = client.get("/triplets")
    assert page.status_code == 200
    assert "nothing to compare yet" in page.text or "No question is left" in page.text
