"""Readers see what a plain model of the catalogue holds, whatever happens to it."""

import random
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.catalogue.living.made import KEY, RANKER, SPACE, Rows, new_photo, vector_of
from tiefvision.catalogue.living import ledger, merging, reading
from tiefvision.catalogue.living.collection import Space, make_current, put_collection
from tiefvision.catalogue.living.comparing import hash_of, stamp_of
from tiefvision.catalogue.living.ledger import known_photo
from tiefvision.catalogue.living.merging import merge_all
from tiefvision.catalogue.living.reading import LiveIndex
from tiefvision.catalogue.living.rows import shown_path
from tiefvision.errors import StaleArtifact
from tiefvision.store.table import Table


@pytest.fixture
def graphs(monkeypatch):
    """Graphs already for a few rows."""
    monkeypatch.setattr(merging, "EXACT_UP_TO", 0)
    monkeypatch.setattr(merging, "TAIL", 16)
    monkeypatch.setattr(ledger, "LOGGED", 8)
    monkeypatch.setattr(reading, "_LEAST_DEAD", 4)


def found_by(reader, query, k, allowed=None):
    """Files and similarities as a reader finds them."""
    reader.refresh()
    found = reader.segments.search(query[None], k, allowed)
    rows = [reader.rows.row(int(number)) for number in found.rows[0]]
    files = ["" if row is None else row.photo for row in rows]
    return files, found.similarities[0]


def check(reader, rows, query, k=10):
    files, similarities = found_by(reader, query, k)
    rows.check(files, query, k)
    own = [rows.photos[file].vectors[SPACE][0] @ query for file in files]
    np.testing.assert_allclose(similarities, own, atol=1e-6)
    assert np.count_nonzero(reader.rows.arrays.alive) == len(rows.photos)


@pytest.mark.parametrize("seed", range(6))
def test_searches_equal_a_model_whatever_happens(seed, graphs, path):
    """Several readers, each of which looks now and then, and one that stays away."""
    draw = random.Random(seed)
    with Table(path, create=True) as table, Table(path) as other:
        rows = Rows(table)
        readers = [LiveIndex(one, RANKER, KEY) for one in (table, other, other)]
        away = LiveIndex(table, RANKER, KEY)
        files = [f"f{number}" for number in range(150)]
        for step in range(60):
            done = draw.random()
            if done < 0.75:
                some = draw.sample(files, draw.randint(0, 12))
                cut = draw.randint(0, len(some))
                made = [new_photo(f, f"{f}-{step}") for f in some[:cut]]
                rows.change(made, some[cut:])
            elif done < 0.95:
                merge_all(table, everything=draw.random() < 0.2)
            else:
                rows.change((), list(rows.photos))
            query = vector_of(f"query{step}")
            check(draw.choice(readers), rows, query, draw.choice([1, 5, 40]))
        for reader in [*readers, away, LiveIndex(other, RANKER, KEY)]:
            check(reader, rows, vector_of("last"), 200)


def test_a_long_lived_reader_keeps_no_removed_rows(graphs, rows):
    """What it holds depends on the rows that are there, not on those that were."""
    reader = LiveIndex(rows.table, RANKER, KEY)
    for step in range(100):
        rows.change([f"{step}"], [f"{step - 3}"])
        reader.refresh()
        assert reader.rows.where(lambda row: True).sum() == len(rows.photos)
    held = sum(len(part.numbers) for part in reader.segments.parts)
    assert held <= 3 + 2 * 4
    assert len(reader.rows.fields()) == 3


def test_conditions_hold_for_what_is_there(rows, monkeypatch):
    monkeypatch.setattr(ledger, "LOGGED", 2)
    rows.change([new_photo(str(n), price=n) for n in range(10)])
    reader = LiveIndex(rows.table, RANKER, KEY)

    def cheap(row):
        return row["price"] < 5

    assert np.flatnonzero(reader.rows.where(cheap)).tolist() == [0, 1, 2, 3, 4]
    rows.change([new_photo("10", price=1)], ["0"])
    found = np.flatnonzero(reader.rows.where(cheap))
    assert found.tolist() == [0, 1, 2, 3, 4]  # as of its last refresh
    reader.refresh()
    assert np.flatnonzero(reader.rows.where(cheap)).tolist() == [1, 2, 3, 4, 10]
    for file in "1234":  # more than the log holds
        rows.change((), [file])
    reader.refresh()
    assert np.flatnonzero(reader.rows.where(cheap)).tolist() == [10]
    assert reader.rows.row(1) is None and reader.rows.row(10).columns == {"price": 1}


def test_a_condition_that_was_asked_for_reads_no_row_again(rows):
    rows.change([new_photo(str(n), price=n) for n in range(10)])
    reader, read = LiveIndex(rows.table, RANKER, KEY), []

    def cheap(row):
        read.append(row["price"])
        return row["price"] < 5

    def dear(row):
        return row["price"] > 8

    for test in (cheap, dear, cheap):
        reader.refresh()
        found = np.flatnonzero(reader.rows.where(test)).tolist()
        assert found == {cheap: [0, 1, 2, 3, 4], dear: [9]}[test]
    assert len(read) == 10 and "price" in reader.rows.columns()
    rows.change([new_photo("10", price=1, size=38)])
    reader.refresh()
    assert np.flatnonzero(reader.rows.where(cheap)).tolist() == [0, 1, 2, 3, 4, 10]
    assert len(read) == 21 and "size" in reader.rows.columns()


def test_the_state_of_a_file_is_that_of_the_row_that_was_read(rows, tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(b"a photograph")
    content, stamp = hash_of(str(file)), stamp_of(str(file))
    rows.change([replace(new_photo(str(file), content), stamp=stamp), "/shop/b.jpg"])
    reader = LiveIndex(rows.table, RANKER, KEY)
    here, missing = reader.rows.row(0), reader.rows.row(1)
    assert (here.photo, missing.photo) == (str(file), "b.jpg")
    assert (reader.rows.state(here), reader.rows.state(missing)) == ("", "gone")
    file.write_bytes(b"another one")
    assert reader.rows.state(here) == "changed"
    rows.change((), [str(file)])
    assert reader.rows.state(here) == "gone"


def test_an_empty_catalogue_is_searched_and_grows(rows):
    reader = LiveIndex(rows.table, RANKER, KEY)
    check(reader, rows, vector_of("query"))
    rows.change(["a"])
    check(reader, rows, vector_of("query"))


def test_a_reader_that_a_merge_overtakes_looks_again(graphs, rows, monkeypatch):
    rows.change([str(n) for n in range(40)])
    merge_all(rows.table)
    load, merged = reading.load_segment, []

    def overtaken(folder, file, numbers):
        if not merged:
            merged.append(1)
            rows.change([f"more{n}" for n in range(40)], ["3", "4"])
            merge_all(rows.table)
        return load(folder, file, numbers)

    monkeypatch.setattr(reading, "load_segment", overtaken)
    reader = LiveIndex(rows.table, RANKER, KEY)
    assert merged
    check(reader, rows, vector_of("query"), 100)


def test_a_missing_or_damaged_graph_is_told_and_compact_mends_it(graphs, rows):
    rows.change([str(n) for n in range(40)])
    merge_all(rows.table)
    (file,) = rows.table.path.with_suffix(".segments").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"!")
    with pytest.raises(StaleArtifact, match="is damaged") as told:
        LiveIndex(rows.table, RANKER, KEY)
    assert told.value.fix == "Run: tiefvision catalogue compact"
    file.unlink()
    with pytest.raises(StaleArtifact, match="is missing"):
        LiveIndex(rows.table, RANKER, KEY)
    merge_all(rows.table, everything=True)
    check(LiveIndex(rows.table, RANKER, KEY), rows, vector_of("query"))


def put(rows, current=True, **changes):

    collection = replace(rows.collection, **changes)
    with rows.table.write() as writing:
        put_collection(writing, collection)
        if current:
            make_current(writing, collection)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "another"}, "made anew by other models"),
        ({"spaces": {"cosine": Space("cosine-1", "", 8)}}, "has no index for deeprank"),
        ({"spaces": {RANKER: Space("deeprank-2", "d", 8)}}, "by another deeprank"),
    ],
)
def test_a_reader_notices_that_it_can_search_no_more(changes, message, rows):
    """A ranker that was trained again must not search with the old one's queries."""
    rows.change(["a"])
    reader = LiveIndex(rows.table, RANKER, KEY)
    put(rows, **changes)
    with pytest.raises(StaleArtifact, match=message):
        reader.refresh()


def test_a_reader_notices_that_the_file_was_replaced(rows, path):
    reader = LiveIndex(rows.table, RANKER, KEY)
    path.unlink()
    with pytest.raises(StaleArtifact, match=r"catalogue\.lmdb was replaced"):
        reader.refresh()


def test_a_space_that_replaced_another_is_read_anew(rows):
    rows.change([str(n) for n in range(20)])
    reader = LiveIndex(rows.table, RANKER, KEY)
    other = "deeprank-2"
    for file, photo in rows.photos.items():
        number = row_of(rows, file)
        with rows.table.write() as changes:
            vector = vector_of(f"{file} anew", 5)
            changes.put_content(f"vector/{KEY}/{other}/{number:016x}", vector.tobytes())
        photo.vectors[SPACE] = vector[None]
    put(rows, spaces={RANKER: Space(other, "", 5)})
    check(reader, rows, vector_of("query", 5))


def row_of(rows, file):
    with rows.table.read() as snapshot:
        return known_photo(snapshot, KEY, file).row


def test_threads_may_search_while_one_refreshes(graphs, rows):
    """Each thread has a reader of its own; the table is shared."""
    rows.change([str(n) for n in range(30)])
    stop, wrong, begun, done = threading.Event(), [], [0], [0]

    def search():
        reader = LiveIndex(rows.table, RANKER, KEY)
        while not stop.is_set():
            before = done[0]
            files, _ = found_by(reader, vector_of("query"), 10)
            # Each change removes a row, which may go between search and look-up.
            if files.count("") > begun[0] - before:
                wrong.append(files)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for step in range(40):
        begun[0] += 1
        rows.change([f"x{step}"], [f"{step}"])
        done[0] += 1
        if step % 10 == 0:
            merge_all(rows.table)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/shop/a/b.jpg", "a/b.jpg"),
        ("/shopping/b.jpg", "/shopping/b.jpg"),
        ("/b.jpg", "/b.jpg"),
    ],
)
def test_paths_are_shown_from_the_folder_of_the_catalogue(file, shown):

    assert shown_path(file, Path("/shop")) == shown
