"""Labels by the interface: saved, listed, taken back, out as files and in again."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import Serve
from tiefvision.datasets.annotations import read_annotations
from tiefvision.labels.workspaces import dataset_photos, labels_of
from tiefvision.workspace.artifacts import Workspace

SKIRT = {"box": [10.0, 20.0, 60.5, 110.25], "group": "lower", "name": "skirt"}


def next_photo(client: TestClient) -> str:
    return str(client.get("/api/labels/next").json()["photo"])


def save(client: TestClient, photo: str, **what: Any) -> Any:
    answer = client.post(f"/api/labels/photos/{photo}", json=what)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_label_is_saved_listed_and_exported(
    client: TestClient, run: Path, tmp_path: Path
) -> None:
    photo = next_photo(client)
    assert client.get(f"/api/labels/photos/{photo}").json()["state"] is None
    saved = save(client, photo, boxes=[SKIRT], who="anna")
    assert (saved["state"], saved["who"], saved["boxes"]) == ("boxes", "anna", [SKIRT])
    assert client.get(f"/api/labels/photos/{photo}").json() == saved
    listed = client.get("/api/labels").json()
    assert listed["labels"] == [saved]
    assert listed["progress"] == {"labelled": 1, "skipped": 0, "total": 12}
    # It is in the workspace, and in what is exported.
    (label,) = labels_of(Workspace(run)).labels()
    assert label.photo.photo.path == saved["path"]
    export = client.get("/api/labels/export.json")
    assert "annotations.json" in export.headers["content-disposition"]
    (tmp_path / "annotations.json").write_bytes(export.content)
    (read,) = read_annotations(tmp_path / "annotations.json").photos
    assert (read.path, read.garments[0].category) == (saved["path"], "skirt")
    assert read.garments[0].box_in_image == tuple(SKIRT["box"])


def test_every_photograph_comes_once_then_the_skipped_ones(
    client: TestClient, run: Path
) -> None:
    street = [p for p in dataset_photos(Workspace(run)) if p.photo.source == "street"]
    seen = []
    for number in range(len(street)):
        photo = next_photo(client)
        seen.append(photo)
        save(client, photo, state="skipped" if number == 3 else "nothing")
    assert len(set(seen)) == len(street)
    told = client.get("/api/labels/next").json()
    assert told["photo"] == seen[3]
    assert told["progress"] == {"labelled": 11, "skipped": 1, "total": 12}
    save(client, seen[3], state="nothing")
    assert client.get("/api/labels/next").json()["photo"] is None


def test_uploads_are_offered_last_and_kept_with_their_label(
    client: TestClient, run: Path, uploaded: str
) -> None:
    told = client.get("/api/labels/next").json()
    assert told["progress"]["total"] == 13
    # The photograph is one of the dataset too, and as an upload another one.
    save(client, uploaded, boxes=[SKIRT])
    assert client.get("/api/labels/next").json()["progress"]["labelled"] == 1
    (label,) = labels_of(Workspace(run)).labels()
    assert label.photo.origin == "upload"
    key = uploaded.partition("-")[2]
    (run / "uploads" / key).unlink()  # as older uploads are
    (listed,) = client.get("/api/labels").json()["labels"]
    assert listed["photo"] == uploaded
    assert client.get(f"/pictures/{uploaded}").status_code == 200


def test_a_sample_and_a_row_of_the_dataset_are_its_photographs(
    client: TestClient,
) -> None:
    for reference in ("sample-0", "row-0"):
        saved = save(client, reference, state="nothing")
        assert saved["origin"] == "dataset"
    labels = client.get("/api/labels").json()["labels"]
    assert all(one["photo"].startswith("photo-") for one in labels)


def test_a_save_is_taken_back(client: TestClient) -> None:
    photo = next_photo(client)
    first = save(client, photo, state="nothing", who="anna")
    second = save(client, photo, boxes=[SKIRT], who="anna")
    undone = client.post("/api/labels/undo", json={"number": second["number"]})
    assert undone.json() == {
        "kind": "boxes",
        "number": second["number"],
        "photo": photo,
    }
    assert client.get(f"/api/labels/photos/{photo}").json() == first
    # Without a number it is the person's last one.
    nobody = client.post("/api/labels/undo", json={"who": "ben"})
    assert nobody.status_code == 404
    assert "taken back already" in nobody.json()["detail"]
    assert client.post("/api/labels/undo", json={"who": "anna"}).status_code == 200
    assert client.get("/api/labels").json()["labels"] == []


def test_one_box_is_saved_beside_the_others(client: TestClient) -> None:
    outfit = {"box": [1.0, 2.0, 99.0, 190.0], "group": "outfit", "name": ""}
    smaller = SKIRT | {"box": [10.0, 20.0, 60.0, 100.0]}
    for sent, expected in (
        (outfit, [outfit]),
        (SKIRT, [outfit, SKIRT]),
        (smaller, [outfit, smaller]),
    ):
        answer = client.post("/api/labels/photos/sample-0/box", json=sent)
        assert answer.status_code == 200, answer.text
        assert answer.json()["boxes"] == expected
    refused = client.post(
        "/api/labels/photos/sample-0/box", json=SKIRT | {"box": [5, 5, 5, 9]}
    )
    assert refused.status_code == 400
    assert len(client.get("/api/labels").json()["labels"][0]["boxes"]) == 2


def test_labels_come_in_pages(client: TestClient) -> None:
    photos = []
    for _ in range(3):
        photos.append(next_photo(client))
        save(client, photos[-1], state="nothing")
    first = client.get("/api/labels?limit=2").json()
    assert [one["photo"] for one in first["labels"]] == photos[:2]
    rest = client.get(f"/api/labels?limit=2&after={first['next_after']}").json()
    assert [one["photo"] for one in rest["labels"]] == photos[2:]
    assert rest["next_after"] is None


REFUSED: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"boxes": []}, 400, "has 0 boxes"),
    ({"state": "nothing", "boxes": [SKIRT]}, 400, "has 1 boxes"),
    ({"boxes": [SKIRT | {"box": [0, 0, 99999, 9]}]}, 400, "is no box within"),
    ({"boxes": [SKIRT | {"box": [50, 50, 50, 90]}]}, 400, "is no box within"),
    ({"boxes": [SKIRT | {"box": [0, 0, 9]}]}, 422, "boxes.0.box"),
    ({"boxes": [SKIRT | {"group": ""}]}, 422, "boxes.0.group"),
    ({"boxes": [SKIRT | {"group": " "}]}, 400, "no group"),
    ({"boxes": [SKIRT | {"name": "x" * 61}]}, 422, "boxes.0.name"),
    ({"boxes": [SKIRT | {"name": "a\u0000b"}]}, 400, "not text"),
    ({"boxes": [SKIRT | {"group": "outfit"}]}, 400, "cannot tell apart"),
    ({"boxes": [SKIRT] * 101}, 422, "boxes"),
    ({"state": "maybe"}, 422, "state"),
    ({"state": "nothing", "who": "x" * 61}, 422, "who"),
    ({"state": "nothing", "colour": "red"}, 422, "colour"),
)


def test_what_cannot_be_saved_is_a_problem_with_a_sentence(
    client: TestClient, run: Path
) -> None:
    for sent, status, words in REFUSED:
        answer = client.post("/api/labels/photos/sample-0", json=sent)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in answer.json()["detail"]
    assert not (run / "labels.sqlite").exists()


def test_numbers_that_are_none_are_refused(client: TestClient) -> None:
    body = '{"boxes": [{"box": [0, 0, NaN, 1e999], "group": "lower"}]}'
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/labels/photos/sample-0", content=body, headers=headers)
    assert answer.status_code == 422


def test_photographs_that_are_not_there(client: TestClient) -> None:
    for photo in ("photo-0", "row-99999", "upload-00", "file-1"):
        for answer in (
            client.get(f"/api/labels/photos/{photo}"),
            client.post(f"/api/labels/photos/{photo}", json={"state": "nothing"}),
            client.get(f"/boxes?photo={photo}"),
            client.get(f"/api/labels/question?reference={photo}"),
        ):
            assert answer.status_code == 404, answer.text


def test_another_site_saves_nothing(client: TestClient, run: Path) -> None:
    headers = {"Origin": "http://example.org"}
    for path in ("photos/sample-0", "undo", "triplets", "import"):
        answer = client.post(f"/api/labels/{path}", json={}, headers=headers)
        assert answer.status_code == 403
    assert not (run / "labels.sqlite").exists()


def test_files_come_in(client: TestClient, dataset: Path) -> None:
    coco = (dataset / "annotations.json").read_bytes()
    done = client.post("/api/labels/import?who=anna", content=coco).json()
    assert (done["photographs"], done["known"], done["problems"]) == (24, 0, [])
    again = client.post("/api/labels/import", content=coco).json()
    assert (again["photographs"], again["known"]) == (0, 24)
    table = (dataset / "triplets.csv").read_bytes()
    lines = table.count(b"\n") - 1
    told = client.post("/api/labels/import", content=table + b"x,y,z\n").json()
    assert told["triplets"] == lines
    (problem,) = told["problems"]
    assert problem.startswith(f"triplets.csv, line {lines + 2}: query 'x'")
    assert client.get("/api/labels/triplets.csv").text.count("\n") == lines + 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "a,b,c\n", "\udce9".encode(errors="surrogatepass")]
)
def test_files_that_are_none_are_refused(client: TestClient, content: Any) -> None:
    answer = client.post("/api/labels/import", content=content)
    assert answer.status_code == 400
    assert "/tmp" not in answer.text


def test_a_workspace_without_a_dataset_offers_the_catalogue(
    serve: Serve, run: Path
) -> None:
    (run / "photos.lmdb").unlink()
    client = serve()
    told = client.get("/api/labels/next").json()
    assert told["photo"].startswith("row-")
    saved = save(client, told["photo"], boxes=[SKIRT])
    assert (saved["origin"], saved["number"]) == ("catalogue", 1)
    after = client.get("/api/labels/next").json()
    assert after["progress"]["labelled"] == 1
    assert after["photo"] != told["photo"]
    assert client.get("/api/labels").json()["labels"][0]["photo"] == told["photo"]


def test_an_empty_workspace_says_what_to_do(serve: Serve, tmp_path: Path) -> None:
    client = serve(tmp_path / "empty")
    assert client.get("/api/labels/next").json()["photo"] is None
    assert "There is no photograph to label yet" in client.get("/boxes").text
    answer = client.get("/triplets")
    assert answer.status_code == 200
    assert not (tmp_path / "empty").exists()


def test_a_store_of_another_program_is_a_sentence(
    client: TestClient, run: Path
) -> None:
    (run / "labels.sqlite").write_bytes(b"no labels " * 200)
    answer = client.get("/api/labels")
    assert answer.status_code == 409
    assert "holds no labels that can be read" in answer.json()["detail"]


def test_the_page_shows_what_was_saved_or_else_what_was_located(
    client: TestClient,
) -> None:
    photo = next_photo(client)
    page = client.get("/boxes").text
    assert f'data-photo="{photo}"' in page
    assert "0 of 12" in page
    assert "The boxes are those that were found" in page
    save(client, photo, boxes=[SKIRT], who="anna")
    assert f'data-photo="{photo}"' not in client.get("/boxes/photo").text
    again = client.get(f"/boxes?photo={photo}").text
    assert "Saved by anna" in again
    assert "1 of 12" in again
    (shown,) = boxes_of(again)
    assert shown == SKIRT


def boxes_of(page: str) -> list[Any]:
    """The boxes that a page shows."""
    text = page.partition('data-boxes="')[2].partition('"')[0]
    return json.loads(text.replace("&#34;", '"'))


def test_names_are_shown_and_never_run(client: TestClient) -> None:
    name = '"><script>alert(1)</script>'
    save(client, "sample-0", boxes=[SKIRT | {"name": name}], who="<b>me</b>")
    page = client.get("/boxes?photo=sample-0").text
    assert "<script>alert" not in page
    assert "<b>me" not in page
