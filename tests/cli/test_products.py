"""Products in the commands: items.csv, --where, --together."""

import json

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, SOME_UNREADABLE

TABLE = """file;item;title;price;category;season
plain.jpg;p1;Plain skirt;49,90 €;Skirts;summer
a/shirt.jpg;p2;A shirt;"1.299,00 €";Shirts;
b/shirt.jpg;p2;The same shirt;"1.299,00 €";Shirts;winter
lost.jpg;p9;Nothing;1;Coats;
"""


@pytest.fixture
def products(catalogue):
    """Four shop photographs, of which items.csv tells three."""
    (catalogue / "items.csv").write_text(TABLE, encoding="utf-8")
    return catalogue


def found_by(tiefvision, run, photo, *words):
    spoken = tiefvision(
        "search", photo, "--workspace", run, "--whole", "--json", *words
    )
    assert spoken.code == DONE, spoken.err
    (line,) = spoken.lines
    return line["results"]


def test_hits_carry_what_the_table_tells(tiefvision, run, products):
    spoken = tiefvision("index", products, "--workspace", run, "--json")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert (line["photos"], line["items"]) == (4, 3)
    assert any("lost.jpg" in problem for problem in line["problems"])
    assert "Note: " in spoken.err and "lost.jpg" in spoken.err
    first = found_by(tiefvision, run, products / "plain.jpg")[0]
    assert (first["item"], first["photo"]) == ("p1", "plain.jpg")
    told = {"title": "Plain skirt", "price": 49.9, "category": "Skirts"}
    assert first["columns"] == told | {"season": "summer"}
    words = ("--workspace", run, "--whole")
    table = tiefvision("search", products / "plain.jpg", *words).out
    assert "Plain skirt" in table and "49.9" in table


def test_two_photographs_of_a_product_are_one_line(tiefvision, run, products):
    tiefvision("index", products, "--workspace", run)
    hits = found_by(tiefvision, run, products / "a" / "shirt.jpg")
    assert [hit["item"] for hit in hits].count("p2") == 1
    assert hits[0]["photo"] == "a/shirt.jpg"


def test_a_condition_limits_the_items(tiefvision, run, products):
    tiefvision("index", products, "--workspace", run)
    photo = products / "plain.jpg"
    cheap = found_by(tiefvision, run, photo, "--where", "price < 100")
    assert [hit["item"] for hit in cheap] == ["p1"]
    dear = found_by(tiefvision, run, photo, "--where", "price > 100", "--k", 1)
    assert [hit["item"] for hit in dear] == ["p2"]
    none = found_by(tiefvision, run, photo, "--where", "price > 9999")
    assert none == []
    unknown = found_by(tiefvision, run, photo, "--where", "price is null")
    assert [hit["photo"] for hit in unknown] == ["été/服 1.jpg"]
    winter = "season == 'winter' and category in ('Shirts', 'Coats')"
    (hit,) = found_by(tiefvision, run, photo, "--where", winter)
    assert hit["photo"] == "b/shirt.jpg"  # not the closer photograph of p2


@pytest.mark.parametrize(
    ("condition", "said"),
    [("price <", "needs"), ("prize < 5", "Did you mean price?"), ("  ", "empty")],
)
def test_a_condition_that_is_none_is_refused(
    condition, said, tiefvision, run, products
):
    tiefvision("index", products, "--workspace", run)
    words = ("--workspace", run, "--where", condition)
    spoken = tiefvision("search", products / "plain.jpg", *words)
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert said in spoken.err


def test_a_table_that_changes_costs_no_encoding(tiefvision, run, products, monkeypatch):
    tiefvision("index", products, "--workspace", run)
    (products / "items.csv").write_text(
        TABLE.replace("49,90", "59,90"), encoding="utf-8"
    )
    from tiefvision.catalogue import describing

    monkeypatch.setattr(describing, "describe_crop", None)  # nobody calls it
    (line,) = tiefvision(
        "catalogue", "sync", products, "--workspace", run, "--json"
    ).lines
    assert (line["added"], line["changed"], line["kept"]) == (0, 1, 3)
    first = found_by_row(tiefvision, run, products)
    assert first["columns"]["price"] == 59.9


def found_by_row(tiefvision, run, products):
    """The row of plain.jpg as the export tells it; searching would have to encode."""
    folder = run / "exported"
    words = ("--workspace", run, "--to", "npy", "--output", folder)
    assert tiefvision("export", *words).code == DONE
    rows = (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()
    return next(row for row in map(json.loads, rows) if row["photo"] == "plain.jpg")


def test_the_catalogue_remembers_a_table_that_lies_elsewhere(
    tiefvision, run, catalogue, tmp_path
):
    table = tmp_path / "feed.csv"
    table.write_text(TABLE, encoding="utf-8")
    words = ("--workspace", run, "--json")
    tiefvision("index", catalogue, *words, "--items", table)
    (line,) = tiefvision("catalogue", "sync", catalogue, *words).lines
    assert (line["kept"], line["items"]) == (4, 3)
    (line,) = tiefvision("catalogue", "add", catalogue / "plain.jpg", *words).lines
    assert (line["kept"], line["added"], line["changed"]) == (1, 0, 0)


def test_a_folder_is_a_product_where_each_photograph_lies_in_one(
    tiefvision, run, catalogue
):
    (catalogue / "plain.jpg").rename(catalogue / "a" / "back.jpg")
    words = ("--workspace", run, "--json")
    (line,) = tiefvision("index", catalogue, *words).lines
    assert (line["photos"], line["items"]) == (4, 3)
    (catalogue / "b" / "back.jpg").write_bytes(
        (catalogue / "b" / "shirt.jpg").read_bytes()
    )
    (line,) = tiefvision("catalogue", "add", catalogue / "b" / "back.jpg", *words).lines
    assert (line["photos"], line["items"]) == (5, 3)
    (line,) = tiefvision("catalogue", "sync", catalogue, *words).lines
    assert line["kept"] == 5


def test_several_photographs_of_one_thing_give_one_list(tiefvision, run, products):
    tiefvision("index", products, "--workspace", run)
    photos = [products / "plain.jpg", products / "a" / "shirt.jpg"]
    words = ("--workspace", run, "--whole", "--together")
    (line,) = tiefvision("search", *photos, *words, "--json").lines
    assert line["queries"] == [str(photo) for photo in photos]
    items = [hit["item"] for hit in line["results"]]
    assert sorted(items) == ["p1", "p2", "服 1"]
    assert [hit["rank"] for hit in line["results"]] == [1, 2, 3]
    assert "2 photographs" in tiefvision("search", *photos, *words).out
    broken = products / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    spoken = tiefvision("search", *photos, broken, *words, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert spoken.lines[-1]["queries"] == line["queries"]
    box = ("--box", "1,1,50,50")
    assert tiefvision("search", *photos, *words[:2], "--together", *box).code == (
        BAD_USAGE
    )
