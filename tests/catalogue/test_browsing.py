"""Pages of rows, with and without filters, of a catalogue that changes."""

import pytest

import tiefvision
from tests.catalogue.living.made import KEY, RANKER, WIDTH, Rows, new_photo
from tiefvision.catalogue.browsing import FEW, MOST, Browser
from tiefvision.catalogue.living.collection import (
    Collection,
    Space,
    make_current,
    put_collection,
)
from tiefvision.catalogue.living.rows import LiveRows
from tiefvision.errors import BadUsage, MissingArtifact
from tiefvision.models.bundle import shipped_bundle
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace


@pytest.fixture
def shop(tmp_path):
    """A catalogue of made-up rows, and a browser of it."""
    workspace = Workspace(tmp_path)
    with Table(workspace.path("catalogue"), create=True) as table:
        yield Rows(table), Browser(workspace, shipped_bundle())


def numbers(page):
    return [row.number for row in page.rows]


def test_pages_are_in_the_order_of_the_numbers(shop):
    rows, browser = shop
    rows.change([f"/shop/{n}.jpg" for n in range(7)])
    page = browser.page(limit=3)
    assert (numbers(page), page.total, page.offset) == ([0, 1, 2], 7, 0)
    assert numbers(browser.page(offset=6, limit=3)) == [6]
    assert numbers(browser.page(offset=70, limit=3)) == []
    rows.change(["/shop/3.jpg"], ["/shop/1.jpg"])  # changed, and removed
    page = browser.page()
    assert (numbers(page), page.total) == ([0, 2, 4, 5, 6, 7], 6)
    assert page.rows[-1].photo == "3.jpg" and str(page.rows[-1].file) == "/shop/3.jpg"
    assert browser.row(1) is None and browser.row(7).item == "/shop/3.jpg"


def test_rows_are_chosen_by_group_and_condition(shop):
    rows, browser = shop
    groups = ["upper", "lower", ""]
    rows.change(
        [new_photo(f"{n}", group=groups[n % 3], price=float(n)) for n in range(9)]
    )
    assert numbers(browser.page("lower")) == [1, 4, 7]
    page = browser.page(where="price >= 4", limit=2)
    assert (numbers(page), page.total) == ([4, 5], 5)
    assert numbers(browser.page("lower", "price >= 4", offset=1)) == [7]
    assert browser.page("outer").total == 0
    rows.change([new_photo("9", group="lower", price=1.0)], ["7"])
    assert numbers(browser.page("lower")) == [1, 4, 9]
    assert numbers(browser.page("lower", "price >= 4")) == [4]
    (row,) = browser.page(where="price == 5").rows
    assert (row.columns, row.category, row.state) == ({"price": 5.0}, "", "gone")


def test_facets_are_what_rows_can_be_chosen_by(shop):
    rows, browser = shop
    rows.change([new_photo(f"{n}", group="upper", season="ss") for n in range(3)])
    rows.change([new_photo("fw", group="lower", variant="red", season="fw")])
    facets = browser.facets()
    assert facets.groups == {"upper": 3, "lower": 1}
    assert facets.columns == {"variant": ("red",), "season": ("ss", "fw")}
    rows.change([new_photo(f"p{n}", size=float(n)) for n in range(FEW + 1)], ["fw"])
    facets = browser.facets()
    assert facets.groups == {"": FEW + 1, "upper": 3}
    assert facets.columns == {"variant": (), "season": ("ss",), "size": ()}
    rows.change([new_photo("dress", category="Dresses")])
    assert browser.facets().columns["category"] == ("upper", "Dresses")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"offset": -1}, "starts at 0"),
        ({"limit": 0}, "1 to 500 rows"),
        ({"limit": MOST + 1}, "1 to 500 rows"),
        ({"where": "price <"}, "needs a name or a value here"),
        ({"where": "colour == 'red'"}, "names a column colour"),
    ],
)
def test_a_page_that_there_cannot_be_is_refused(asked, message, shop):
    rows, browser = shop
    rows.change(["a"])
    with pytest.raises(BadUsage, match=message):
        browser.page(**asked)


def test_without_a_filter_only_the_rows_of_the_page_are_read(shop, monkeypatch):
    rows, browser = shop
    rows.change([f"{n}" for n in range(40)])
    read = []
    row = LiveRows.row

    def counting(self, number):
        read.append(number)
        return row(self, number)

    def refuse(self, *_):
        raise AssertionError("every row is read")

    monkeypatch.setattr(LiveRows, "row", counting)
    for name in ("take", "fields"):
        monkeypatch.setattr(LiveRows, name, refuse)
    assert numbers(browser.page(offset=30, limit=4)) == read == [30, 31, 32, 33]
    browser.row(12)
    assert read[4:] == [12]


def test_a_catalogue_that_is_made_anew_is_read_anew(shop):
    rows, browser = shop
    rows.change(["a", "b"])
    assert browser.page("").total == 2
    browser.close()
    assert browser.page(where="item == 'b'").total == 1
    rows.change((), ["a", "b"])
    with rows.table.write() as changes:
        changes.delete("current")
    with pytest.raises(MissingArtifact):
        browser.page()
    # Under the same key, by a ranker that was trained again.
    anew = Collection(KEY, "/new", {}, {}, {}, {RANKER: Space("another", "", WIDTH)})
    with rows.table.write() as changes:
        put_collection(changes, anew)
        make_current(changes, anew)
    rows.change(["/new/b", "/new/c"], ["/new/b"])
    assert [row.photo for row in browser.page(where="item contains 'c'").rows] == ["c"]


def test_nothing_indexed_is_told_with_the_command_that_helps(tmp_path):
    browser = Browser(Workspace(tmp_path), shipped_bundle())
    with pytest.raises(MissingArtifact, match="tiefvision index"):
        browser.page()


def test_the_gallery_of_stage_9_is_browsed_alike(trained):
    with tiefvision.load(trained, device="cpu") as finder:
        browser, indexed = finder.browser, finder.indexed
        assert (indexed.name, browser.is_living) == ("gallery", False)
        page = browser.page()
        assert page.total == len(page.rows) == indexed.photos
        assert all(row.file.is_file() for row in page.rows)
        photo = page.rows[1]
        assert browser.row(1) == photo and browser.row(page.total) is None
        assert photo.photo.startswith("images/shop/") and photo.state == ""
        found = browser.page(where=f"item == '{photo.item}'")
        assert found.rows == (photo,)
        (answer,) = finder.search(photo.file, whole=True, k=1)
        assert answer.hits[0].row == photo.number
        groups = browser.facets().groups
        assert sum(groups.values()) == page.total
        group = next(iter(groups))
        assert browser.page(group).total == groups[group] or not group
