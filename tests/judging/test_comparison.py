import re
from dataclasses import replace

import numpy as np
import pytest

from tiefvision.datasets.survival import (
    IMPORT_RECORD,
    Share,
    Survival,
    record_survival,
)
from tiefvision.errors import BadDataset
from tiefvision.evaluation.searches import Search
from tiefvision.judging.comparison import Comparison, compare_rankers
from tiefvision.judging.page import (
    _differences_by_box,
    _index_of,
    _notes,
    _notes_by_box,
    _rows_by_box,
    write_page,
)
from tiefvision.judging.results import RankerResult
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.mix import MixRanker
from tiefvision.ranking.similarity import unit_rows
from tiefvision.records import Garment, Photo, View
from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.records import photo_to_record

SHOP = [Photo(f"{n}.jpg", 9, 9, "shop", "train", f"item{n}") for n in range(3)]
STREET = [
    Photo("q0.jpg", 9, 9, "street", "test", "item0"),
    Photo("q1.jpg", 9, 9, "street", "test", "item1"),
    Photo("unread.jpg", 9, 9, "street", "test", "item2"),
    Photo("stranger.jpg", 9, 9, "street", "test", "sold"),
]
DIRECTIONS = {"0.jpg": 0, "1.jpg": 1, "2.jpg": 2, "q0.jpg": 0, "q1.jpg": 2}
"""Directions of the maps: q0 finds its item first, q1 another item."""


def artifacts(folder, photos, unfound=(), skipped=(), **also):
    """Artifacts of stages 1 and 6 of photographs.

    All are read but unread.jpg; in those of ``unfound`` no garment was located.
    """
    kept, crops = {}, {}
    for photo in photos:
        if photo.path == "unread.jpg":
            continue
        map_ = np.zeros((3, 1, 1), dtype=np.float16)
        map_[DIRECTIONS.get(photo.path, 0)] = 1
        kept[f"map/{photo.path}"] = {"crop": map_, "mirror": map_}
        box = None if photo.path in unfound else (0.0, 0.0, 5.0, 5.0)
        crops[f"crop/{photo.path}"] = {"box": box, "category": "", "score": 1.0}
    details = {"images": str(folder), "root": str(folder), "alterations": 0}
    details |= also
    records = {f"photo/{photo.path}": photo_to_record(photo) for photo in photos}
    records |= {
        f"skipped/{photo.path}": {"photo": photo_to_record(photo), "why": "damaged"}
        for photo in skipped
    }
    for name, tensors, values in (("photos", {}, records), ("crops", kept, crops)):
        with ArtifactWriter(folder / name, Header("", 1, {}, {}), 0.1) as writer:
            writer.write(tensors, values)
            writer.finish(details=details)
    return Artifact(folder / "photos"), Artifact(folder / "crops")


def compare(records, crops, matching="*", **rankers):
    garments_of = garments_reader(crops)
    return compare_rankers(
        records, crops, rankers, garments_of, seed=0, matching=matching
    )


def test_the_protocol_accounts_for_every_photograph(tmp_path):
    records, crops = artifacts(tmp_path, SHOP + STREET, unfound=("q1.jpg",))
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells)
    assert comparison.protocol == (
        "2 street photographs search 3 shop photographs; a hit is the same item, items "
        "counted once; predicted boxes, 0 of queries unsure; 1 queries in which "
        "nothing was found count as misses; 1 could not be read, nor 0 of the gallery; "
        "1 have no counterpart in the gallery; exact search"
    )
    (line,) = comparison.to_lines()
    assert line["queries"] == 2
    assert line["recall@1"]["value"] == 0.5
    assert line["recall@5"]["value"] == 0.5  # of q1 nothing was found
    assert line["average_precision"]["value"] == 0.5


def test_the_protocol_is_told_number_by_number(tmp_path):
    dressed = (Garment("hat", (0.0, 0.0, 5.0, 5.0)),)
    photos = [
        *SHOP,
        Photo("unread.jpg", 9, 9, "shop", "train", "item2"),
        replace(STREET[0], garments=dressed),
        *STREET[1:2],
        STREET[3],
    ]
    skipped = [
        replace(STREET[0], path="lost.jpg"),
        replace(STREET[0], path="other.jpg", split="val"),
        replace(STREET[0], path="untied.jpg", item_id=""),
        replace(SHOP[0], path="lost_shop.jpg"),
        replace(SHOP[0], path="gone_shop.jpg"),
    ]
    records, crops = artifacts(tmp_path, photos, ("2.jpg",), skipped)
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells)
        some = compare(records, crops, "q*", cosine=embed_cells)
    expected = {
        "hit": "item",
        "queries": 2,
        "gallery": 3,
        "gallery_items": 3,
        "within": "all",
        "reach": 3,
        "matching": "*",
        "box": "predicted",
        "unsure": 0,
        "missed": 0,
        "unfound_gallery": 1,
        "unboxed": 1,
        "unreadable_queries": 1,
        "unreadable_gallery": 3,
        "unanswerable": 1,
        "alone": 0,
        "unknown": 0,
        "published": 0,
    }
    assert comparison.to_lines()[0]["search"] == expected
    assert "1 could not be read, nor 3 of the gallery" in comparison.protocol
    # Neither lost.jpg nor stranger.jpg matches q*.
    assert some.terms == expected | {
        "matching": "q*",
        "unreadable_queries": 0,
        "unanswerable": 0,
    }
    assert "0 have no counterpart in the gallery; queries match q*" in some.protocol
    assert "taken whole, as nothing was found in them: 1." in " ".join(_notes(some))


@pytest.fixture
def rotten(tmp_path):
    """A dataset of which two of five published queries are left: q0 hits, q1 misses."""
    survival = Survival(Share(9, 5), Share(6, 3), Share(5, 2))
    (tmp_path / IMPORT_RECORD).write_text("{}")
    record_survival(tmp_path, survival)
    return artifacts(tmp_path, SHOP + STREET)


def test_lost_queries_are_misses_of_all_published_ones(rotten, tmp_path):
    records, crops = rotten
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells)
        write_page(comparison, records, tmp_path / "page.html")
        some = compare(records, crops, "q*", cosine=embed_cells)
    assert "; 3 of 5 published queries are lost; exact search" in comparison.protocol
    (line,) = comparison.to_lines()
    # The item of q0 comes first, that of q1 last: among three, as ties come before it.
    values = {"recall@1": (1, 0), "recall@3": (1, 1), "reciprocal_rank": (1, 1 / 3)}
    for name, (first, second) in values.items():
        left, every = line[name]["value"], line["published"][name]["value"]
        assert left == round((first + second) / 2, 4)
        assert every == round((first + second) / 5, 4)
    assert line["published"]["queries"] == 5
    # A triplet or a score of a query that was never asked is no miss.
    assert not {"triplet_accuracy", "score@30"} & set(line["published"])
    page = (tmp_path / "page.html").read_text()
    assert "All published queries" in page
    assert "5 queries; 3 of them lost" in page
    assert "published" not in some.to_lines()[0]  # other queries than the published


def test_splits_that_were_dealt_anew_ask_no_published_queries(tmp_path):
    header = Header("ingest", 1, {"folds": 5, "fold": 0}, {})
    records, crops = artifacts(tmp_path, SHOP + STREET)
    (tmp_path / IMPORT_RECORD).write_text("{}")
    record_survival(tmp_path, Survival(Share(9, 5), Share(6, 3), Share(5, 2)))
    object.__setattr__(records, "header", replace(records.header, config=header.config))
    with records, crops:
        assert compare(records, crops, cosine=embed_cells).published == 0


def test_what_a_ranker_has_learnt_is_told(tmp_path):
    mix = MixRanker(embed_cells, embed_cells, 0.25, ("mean", "lab"))
    records, crops = artifacts(tmp_path, [*SHOP, *STREET[:1]])
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells, mix=mix)
        write_page(comparison, records, tmp_path / "page.html")
    plain, mixed = comparison.to_lines()
    assert "learnt" not in plain and mixed["learnt"] == mix.learnt_in_words()
    text = (tmp_path / "page.html").read_text("utf-8")
    assert mix.learnt_in_words() in text
    # What was judged, and when.
    images = records.header.details["images"]
    assert f"<dt>photographs</dt><dd>{images}</dd>" in text
    assert re.search(r"<dt>judged</dt><dd>20\d\d-\d\d-\d\d ", text)
    # The page shows all figures but average precision, which equals the reciprocal
    # rank, and a note on the small gallery.
    for name in comparison.results[0].values():
        told = f">{name.replace('_', ' ')}<" in text
        assert told == (name != "average_precision")
    assert "A query may find 3 items at most: from recall@3 on" in text


class Boxed:
    """A reader of other boxes that returns the crops of the workspace."""

    def __init__(self, crops):
        self.read = garments_reader(crops)

    def __call__(self, views):
        return self.read(views)

    def gone(self, views):
        return np.zeros(len(views), dtype=np.bool_)


@pytest.mark.parametrize(
    ("details", "worn", "box", "others"),
    [
        ({}, 2, "predicted", ["true", "whole"]),
        ({}, 0, "predicted", ["whole"]),
        ({"boxes": "whole"}, 1, "whole", ["true"]),
        ({"boxes": "whole"}, 0, "whole", []),
    ],
)
def test_boxes_that_change_no_query_are_left_out(tmp_path, details, worn, box, others):
    dressed = (Garment("hat", (0.0, 0.0, 5.0, 5.0)),)
    asking = [
        replace(photo, garments=dressed if number < worn else ())
        for number, photo in enumerate(STREET[:2])
    ]
    records, crops = artifacts(tmp_path, [*SHOP, *asking], **details)
    with records, crops:
        by_box = {name: Boxed(crops) for name in ("true", "whole")}
        ranker = {"cosine": embed_cells}
        read = garments_reader(crops)
        comparison = compare_rankers(records, crops, ranker, read, 0, by_box=by_box)
    assert comparison.box == box
    assert list(comparison.by_box) == others
    rows = [row.name for row in _rows_by_box(comparison)]
    assert rows == [f"cosine, {name}" for name in (box, *others) if others]
    changes = list(_differences_by_box(comparison))
    assert [one.name for one in changes] == [
        f"cosine, {name} minus {box}" for name in others
    ]
    notes = " ".join(_notes_by_box(comparison))
    assert ("1 of 2 queries have no annotated box" in notes) == (worn == 1)


def test_other_boxes_are_compared_with_the_located_one_query_by_query():
    found, true = result_of("cosine", 1, 4, 2), result_of("cosine", 1, 1, 3)
    search = Search("mirror", (View("a"),) * 3, (), (), ())
    comparison = Comparison("", search, (found,), {"true": (true,)}, {}, 0)
    (change,) = _differences_by_box(comparison)
    assert change.name == "cosine, true minus predicted"
    expected = (3 / 4 + 1 / 3 - 1 / 2) / 3
    assert change.figures["reciprocal_rank"].value == pytest.approx(expected)
    assert 0 < change.chances["reciprocal_rank"] <= 1
    (line,) = comparison.to_lines()
    told = line["by_box_ahead"]["true"]
    assert told["ahead_of"] == "predicted"
    assert told["ahead"]["recall@1"]["value"] == pytest.approx(1 / 3, abs=1e-4)


def test_each_ranker_is_compared_with_the_first(tmp_path):
    def perfect(garments):
        """Adds the third direction to the second and clears it."""
        turned = garments.maps.copy()
        turned[:, 1] += turned[:, 2]
        turned[:, 2] = 0
        return unit_rows(turned.reshape(len(turned), 3))

    records, crops = artifacts(tmp_path, [*SHOP[:2], *STREET[:2]])
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells, perfect=perfect)
    (opponent,) = comparison.opponents()
    assert opponent.ranker == "cosine"
    assert comparison.ahead(opponent)["recall@1"].value == 0.5
    _, line = comparison.to_lines()
    assert (line["ranker"], line["ahead_of"]) == ("perfect", "cosine")
    assert line["ahead"]["recall@1"]["value"] == 0.5


def test_the_last_ranker_is_also_compared_with_its_best_rival(tmp_path):
    def blind(garments):
        """Embeds everything alike, so that wrong items come first."""
        return np.ones((len(garments.maps), 1), np.float32)

    def right(garments):
        rows = garments.maps.reshape(len(garments.maps), 3)
        return unit_rows(rows @ np.array([[1, 0], [0, 1], [0, 1]], np.float32))

    records, crops = artifacts(tmp_path, [*SHOP[:2], *STREET[:2]])
    with records, crops:
        comparison = compare(
            records, crops, blind=blind, cosine=embed_cells, right=right
        )
    assert [one.ranker for one in comparison.opponents()] == ["blind", "cosine"]
    assert [one.ranker for one in comparison.foremost(2)] == ["cosine", "right"]
    *_, line = comparison.to_lines()
    assert line["ahead_of"] == "blind"
    assert line["rival"]["ahead_of"] == "cosine"
    assert line["rival"]["ahead"]["recall@1"]["value"] == 0.5


def test_a_split_without_queries_is_refused(tmp_path):
    records, crops = artifacts(tmp_path, SHOP)
    with records, crops, pytest.raises(BadDataset, match="split test in annotations"):
        compare(records, crops, cosine=embed_cells)


def test_the_page_goes_into_a_folder_that_it_makes(tmp_path):
    photos = [*SHOP, *(replace(photo, item_id="item0") for photo in STREET[:1])]
    records, crops = artifacts(tmp_path, photos)
    page = tmp_path / "new" / "page.html"
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells)
        write_page(comparison, records, page)
    text = page.read_text("utf-8")
    assert "q0.jpg" in text
    assert text.count("farthest") >= 1


def test_the_page_tells_of_indexes_and_of_memory(tmp_path):
    records, crops = artifacts(tmp_path, [*SHOP, *STREET[:1]])
    change = {"recall@1": {"value": -0.25, "low": -0.5, "high": 0.0}}
    facts = {"embedding": 3, "recall_of_exact": 0.75, "ahead_of_exact": change}
    with records, crops:
        comparison = compare(records, crops, cosine=embed_cells)
        comparison = replace(comparison, indexes={"cosine": facts})
        write_page(comparison, records, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "25.0%" in text and "recall@1 -0.250" in text
    # 256 queries of 3 numbers, and 48 bytes for each pair with one of 3 photographs.
    assert "256 photographs at a time: about 0.0399 MB" in text
    assert "up to 2.1 GB, and NMSLIB" in text
    assert comparison.to_lines()[0]["peak_bytes"] == 256 * 3 * (4 + 48)
    assert _index_of(comparison, "cosine") == {
        "embedding": 3,
        "recall_of_exact": 0.75,
        "recall@1": -0.25,
    }
    assert _index_of(comparison, "other") == {}
    assert "an index searches" not in text
    part = replace(comparison, search=replace(comparison.search, within="category"))
    assert "an index searches the whole gallery" in " ".join(_notes(part))


def test_both_ends_of_the_lists_of_the_first_and_the_last_ranker(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "tiefvision.judging.page.render_comparison",
        lambda page, _: seen.append(page) or "",
    )
    records, crops = artifacts(tmp_path, [*SHOP, *STREET[:2]])
    rankers = dict.fromkeys(("cosine", "middle", "last"), embed_cells)
    with records, crops:
        comparison = compare(records, crops, **rankers)
        write_page(comparison, records, tmp_path / "page.html")
    example = seen[0].examples[0]
    assert list(example.hits) == list(example.farthest) == ["cosine", "last"]
    closest, farthest = example.hits["last"], example.farthest["last"]
    assert [hit.photo.name for hit in closest] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [hit.photo.name for hit in farthest] == ["2.jpg", "1.jpg", "0.jpg"]
    assert [hit.right for hit in farthest] == [False, False, True]
    assert [hit.similarity for hit in farthest] == [0.0, 0.0, 1.0]


def test_the_ends_are_the_first_and_the_last_ranker():
    results = tuple(result_of(name, 1) for name in ("a", "b", "c"))
    for names, count in (("a", 1), ("ab", 2), ("ac", 3)):
        comparison = Comparison(
            "", Search("mirror", (), (), (), ()), results[:count], {}, {}, 0
        )
        assert "".join(result.ranker for result in comparison.ends()) == names


def result_of(name, *ranks):
    none = np.zeros((len(ranks), 0), np.int64), np.zeros((len(ranks), 0), np.float32)
    names = ("score@30", "average_precision", "triplet_accuracy")
    lists = {name: np.arange(len(ranks), dtype=np.float64) for name in names}
    return RankerResult(name, np.array(ranks), lists, *none, *none)


def test_a_miss_has_no_rank_and_the_least_of_every_figure():
    lists = {name: np.array([0.5, 0.25, 1.0]) for name in ("score@30", "other")}
    result = replace(
        result_of("cosine", 1, 2, 3),
        lists=lists,
        worst={"score@30": np.array([-9.0, -8.0, -7.0])},
    )
    missed = result.with_misses(np.array([False, True, True]))
    assert missed.ranks.tolist() == [1, 0, 0]
    assert missed.lists["score@30"].tolist() == [0.5, -8.0, -7.0]
    assert missed.lists["other"].tolist() == [0.5, 0.0, 0.0]
    assert missed.values()["recall@5"].tolist() == [1.0, 0.0, 0.0]


def test_a_gallery_of_one_item_is_refused():
    from tiefvision.evaluation.searches import Search
    from tiefvision.judging.comparison import require_choice
    from tiefvision.records import View

    queries, gallery = (View("q"),), (View("a"), View("b"))
    require_choice(Search("item", queries, ("1",), gallery, ("1", "2")), "test")
    with pytest.raises(BadDataset, match=r"only one item.*make stage-1"):
        require_choice(Search("item", queries, ("1",), gallery, ("1", "1")), "test")
    with pytest.raises(BadDataset, match=r"The val split holds no.*make stage-1"):
        require_choice(Search("item", (), (), gallery, ("1", "2")), "val")
