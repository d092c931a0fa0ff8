"""The catalogue by the interface: list, add, change, remove; and the gallery page."""

import csv
import json
import re
import shutil

import pytest

import tiefvision
from tiefvision.web.items import ADDED


@pytest.fixture
def shop(shipped, street_photos, tmp_path, serve):
    """A folder of photographs that is a catalogue, and a client of its server."""
    folder, workspace = tmp_path / "shop", tmp_path / "shop-run"
    folder.mkdir()
    for name, photo in zip(("coat", "hat"), street_photos, strict=False):
        shutil.copy(photo, folder / f"{name}.jpg")
    (folder / "items.csv").write_text("file,title,price\ncoat.jpg,Red coat,90\n")
    with tiefvision.load(workspace, device="cpu") as finder:
        finder.index(folder)
    return folder, serve(workspace)


def items_of(client, **asked):
    answer = client.get("/api/items", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_photographs_are_listed_in_pages_and_by_filters(shop):
    folder, client = shop
    listed = items_of(client)
    assert [one["photo"] for one in listed["items"]] == ["coat.jpg", "hat.jpg"]
    assert (listed["total"], listed["offset"]) == (2, 0)
    coat = listed["items"][0]
    assert coat["columns"] == {"title": "Red coat", "price": 90.0}
    assert client.get(f"/api/items/{coat['row']}").json() == coat
    assert items_of(client, limit=1, offset=1)["items"] == listed["items"][1:]
    assert items_of(client, where="price < 100")["items"] == [coat]
    assert items_of(client, column="title", value="Red coat")["items"] == [coat]
    assert items_of(client, where="price > 90", column="price", value=90)["total"] == 0
    group = coat["category"]
    assert coat in items_of(client, group=group)["items"]
    told = client.get("/api/items/filters").json()
    assert told["changeable"] and sum(told["groups"].values()) == 2
    assert told["columns"]["price"] == [90.0]
    picture = client.get(f"/pictures/{coat['reference']}?height=100")
    assert picture.headers["content-type"] == "image/jpeg"
    (folder / "coat.jpg").unlink()
    assert client.get(f"/api/items/{coat['row']}").json()["file"] == "gone"


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("?where=price+<", 400, "needs a name or a value here"),
        ("?where=colour+==+'red'", 400, "names a column colour"),
        ("?column=a]b&value=1", 400, "No condition can name"),
        ("?limit=0", 422, "limit"),
        ("?offset=-1", 422, "offset"),
        ("?unknown=1", 422, "unknown"),
        ("/99", 404, "no row 99"),
        ("/x", 422, "row"),
    ],
)
def test_what_cannot_be_listed_is_refused_with_a_sentence(shop, asked, status, said):
    answer = shop[1].get(f"/api/items{asked}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text


def test_a_photograph_is_added_found_changed_and_removed(shop, street_photos):
    folder, client = shop
    content = street_photos[2].read_bytes()
    answer = client.post("/api/items", content=content)
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert re.fullmatch(rf"{ADDED}-[0-9a-f]{{16}}\.jpg", added["photo"])
    assert (folder / added["photo"]).read_bytes() == content
    assert items_of(client)["total"] == 3
    again = client.post("/api/items", content=content)
    assert again.json() == added and items_of(client)["total"] == 3
    found = client.post("/api/search?whole=1&k=1", content=content).json()
    assert found["answers"][0]["results"][0]["photo"] == added["photo"]

    values = {"price": "1.299,00 €", "title": "Hat, new", "season": "fw", "item": "n1"}
    answer = client.patch(f"/api/items/{added['row']}", json={"values": values})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["item"] == "n1" and changed["row"] != added["row"]
    assert changed["columns"] == {"title": "Hat, new", "price": 1299.0, "season": "fw"}
    assert client.get(f"/api/items/{added['row']}").status_code == 404
    rows = list(csv.reader((folder / "items.csv").open(encoding="utf-8")))
    assert rows[1] == ["coat.jpg", "Red coat", "90"]
    where = {"where": "season == 'fw' and price > 1000"}
    assert [one["row"] for one in items_of(client, **where)["items"]] == [
        changed["row"]
    ]
    found = client.post(f"/api/search?whole=1&{_query(where)}", content=content).json()
    assert [one["item"] for one in found["answers"][0]["results"]] == ["n1"]

    removed = client.delete(f"/api/items/{changed['row']}")
    assert removed.status_code == 200 and removed.json()["item"] == "n1"
    assert items_of(client)["total"] == 2
    assert (folder / added["photo"]).is_file()
    assert client.delete(f"/api/items/{changed['row']}").status_code == 404


def _query(values):
    from urllib.parse import urlencode

    return urlencode(values)


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ({"price": "cheap"}, 400, "is not a number"),
        ({"file": "/etc/passwd"}, 400, "cannot be a column"),
        ({"url": "javascript:x"}, 400, "not a web address"),
        ({"title": "a\u0000"}, 400, "cannot be shown"),
        ({"\ud800": "a"}, 400, "cannot be shown"),
        ({}, 422, "values"),
        ({"title": 7}, 422, "values.title"),
    ],
)
def test_values_that_no_table_holds_change_nothing(shop, values, status, said):
    folder, client = shop
    before = (folder / "items.csv").read_bytes()
    body = json.dumps({"values": values})  # which escapes half of a character
    kind = {"Content-Type": "application/json"}
    answer = client.patch("/api/items/0", content=body, headers=kind)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert (folder / "items.csv").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no photograph", b"\xff\xd8\xff broken"])
def test_what_is_no_photograph_leaves_nothing_behind(shop, content):
    folder, client = shop
    answer = client.post("/api/items", content=content)
    assert answer.status_code in (400, 422)
    assert "fix" in answer.json()
    assert sorted(file.name for file in folder.iterdir()) == [
        "coat.jpg",
        "hat.jpg",
        "items.csv",
    ]


def test_where_each_folder_is_a_product_an_added_photograph_is_one(
    shipped, street_photos, tmp_path, serve
):
    folder, workspace = tmp_path / "shop", tmp_path / "shop-run"
    for name, photo in zip(("coat", "hat"), street_photos, strict=False):
        (folder / name).mkdir(parents=True)
        shutil.copy(photo, folder / name / "1.jpg")
    with tiefvision.load(workspace, device="cpu") as finder:
        finder.index(folder)
    client = serve(workspace)
    added = client.post("/api/items", content=street_photos[2].read_bytes()).json()
    assert added["item"] == added["photo"].rpartition("/")[0]
    values = {"values": {"title": "New"}}
    row = items_of(client)["items"][0]["row"]
    assert client.patch(f"/api/items/{row}", json=values).status_code == 200
    items = {one["photo"]: one["item"] for one in items_of(client)["items"]}
    with tiefvision.load(workspace, device="cpu") as finder:
        assert finder.catalogue().sync(folder)["changed"] == 0
    assert items == {one["photo"]: one["item"] for one in items_of(client)["items"]}
    assert set(items.values()) == {"coat", "hat", added["item"]}


def test_the_gallery_of_stage_9_is_shown_and_does_not_change(client, street):
    listed = items_of(client)
    assert listed["total"] == len(listed["items"]) > 0
    assert not client.get("/api/items/filters").json()["changeable"]
    refused = [
        client.post("/api/items", content=street.read_bytes()),
        client.patch("/api/items/0", json={"values": {"title": "x"}}),
        client.delete("/api/items/0"),
    ]
    for answer in refused:
        assert answer.status_code == 409
        assert "does not change" in answer.json()["detail"]
        assert "tiefvision index" in answer.json()["fix"]
    page = client.get("/gallery")
    assert page.text.count("<figure") == listed["total"]
    assert '<button type="button"' not in page.text and 'id="file"' not in page.text


def test_a_dataset_takes_photographs_but_no_columns(
    shipped, dataset, street_photos, tmp_path, serve
):
    workspace = tmp_path / "dataset-run"
    with tiefvision.load(workspace, device="cpu") as finder:
        finder.index(dataset)
    client = serve(workspace)
    answer = client.post("/api/items", content=street_photos[0].read_bytes())
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert added["photo"].startswith(str(workspace / ADDED))
    with tiefvision.load(workspace, device="cpu") as finder:
        assert finder.catalogue().sync(dataset)["removed"] == 0
    answer = client.patch("/api/items/0", json={"values": {"title": "x"}})
    assert answer.status_code == 400 and "is a dataset" in answer.json()["detail"]


def test_the_gallery_shows_cards_and_filters(shop):
    _, client = shop
    page = client.get("/gallery").text
    assert page.count("<figure") == 2
    assert "Red coat" in page and 'href="/search?photo=row-0"' in page
    assert 'class="change"' in page and 'id="file"' in page
    assert " style=" not in page and "<script>" not in page
    only = client.get("/gallery/cards", params={"where": "price < 100"}).text
    assert only.count("<figure") == 1 and "<html" not in only
    first = client.get("/gallery", params={"limit": 1}).text
    assert 'rel="next" href="/gallery?offset=1&amp;limit=1"' in first
    second = client.get("/gallery?offset=1&limit=1").text
    assert 'rel="prev"' in second and 'rel="next"' not in second
    assert "No photograph is like this" in client.get("/gallery?where=price>999").text


@pytest.mark.parametrize("path", ["/gallery", "/gallery/cards"])
def test_a_wrong_condition_is_shown_with_its_caret(shop, path):
    answer = shop[1].get(path, params={"where": "price < <b> 5"})
    assert answer.status_code == 200
    shown = re.search(r"<pre>(.*?)</pre>", answer.text, re.DOTALL)[1]
    assert shown.splitlines() == ["price &lt; &lt;b&gt; 5", " " * 8 + "^"]


def test_a_form_holds_what_is_told_and_what_could_be(shop):
    form = shop[1].get("/gallery/forms/0").text
    assert 'name="title" value="Red coat"' in form
    assert 'name="price" value="90"' in form and 'name="variant" value=""' in form
    assert shop[1].get("/gallery/forms/9").status_code == 404
    card = shop[1].get("/gallery/cards/1").text
    assert card.count("<figure") == 1 and 'data-row="1"' in card


def test_without_a_catalogue_the_page_says_what_makes_one(shipped, tmp_path, serve):
    client = serve(tmp_path / "empty")
    page = client.get("/gallery")
    assert page.status_code == 200 and "tiefvision index" in page.text
    assert client.get("/api/items").status_code == 409
