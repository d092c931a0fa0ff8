import sqlite3
import threading
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.labels.made import OUTFIT, SKIRT, facts, judgement, known, label
from tiefvision.errors import BadUsage, StaleArtifact, StorageFull, TiefVisionError
from tiefvision.labels import database
from tiefvision.labels.store import LabelStore, upload_photo


def test_reading_makes_no_file(store):
    assert (store.labels(), store.judgements(), store.photos()) == ([], [], [])
    assert store.label_of(("dataset", "a.jpg")) is None
    assert (store.states(), store.last_number("boxes"), store.upload("x")) == (
        {},
        0,
        None,
    )
    assert not store.file.exists()


def test_what_is_saved_is_read(store):
    saved = store.save_boxes(label("é/服 1.jpg", OUTFIT, SKIRT, who="  Anna  B "))
    assert (saved.number, saved.who) == (1, "Anna B")
    assert saved.at.endswith("+00:00")
    again = LabelStore(store.file)
    assert again.labels() == [saved]
    assert again.label_of(("dataset", "é/服 1.jpg")) == saved
    assert again.label_of(("catalogue", "é/服 1.jpg")) is None


def test_what_a_dataset_tells_of_a_photograph_is_kept_without_its_garments(store):
    photo = known("a.jpg", item_id="x1", license="CC0-1.0", group="g", variant="red")
    photo = replace(photo, photo=replace(photo.photo, garments=(SKIRT,)), content="f0")
    store.save_boxes(replace(label("a.jpg", SKIRT), photo=photo))
    (found,) = store.photos()
    assert found == photo
    assert found.photo.garments == ()


def test_the_latest_label_of_a_photograph_counts(store):
    store.save_boxes(label("a.jpg", OUTFIT))
    store.save_boxes(label("b.jpg", state="skipped"))
    store.save_boxes(label("a.jpg", SKIRT, who="ben"))
    assert facts(store.labels()) == [
        ("b.jpg", "skipped", (), "anonymous"),
        ("a.jpg", "boxes", (SKIRT,), "ben"),
    ]
    assert store.states() == {
        ("dataset", "a.jpg"): "boxes",
        ("dataset", "b.jpg"): "skipped",
    }


def test_the_names_that_were_used(store):
    assert store.names() == set()
    store.save_boxes(label("a.jpg", OUTFIT, SKIRT))
    store.save_boxes(label("b.jpg", SKIRT))
    store.save_boxes(label("c.jpg"))
    assert store.names() == {("outfit", ""), ("lower", "skirt")}


def test_one_name_in_two_places_is_two_photographs(store):
    for origin in ("dataset", "catalogue", "upload"):
        store.save_boxes(replace(label(), photo=known("a.jpg", origin)))
    assert [one.photo.origin for one in store.labels()] == [
        "dataset",
        "catalogue",
        "upload",
    ]


def test_a_photograph_whose_file_changed_keeps_one_label(store):
    for content in ("f0", "f1"):
        photo = replace(known("a.jpg"), content=content)
        store.save_boxes(replace(label(), photo=photo))
    (found,) = store.labels()
    assert found.photo.content == "f1"
    assert [one.content for one in store.photos()] == ["f1"]


def test_taking_back_brings_the_state_before(store):
    first = store.save_boxes(label("a.jpg", OUTFIT))
    second = store.save_boxes(label("a.jpg", SKIRT))
    assert store.last_number("boxes") == second.number
    assert store.take_back("boxes", second.number, "ben")
    assert store.labels() == [first]
    assert store.last_number("boxes") == first.number
    assert store.take_back("boxes", first.number)
    assert (store.labels(), store.states()) == ([], {})
    assert store.last_number("boxes") == 0
    # All of it is still known.
    history = store.history(("dataset", "a.jpg"))
    assert [(one.garments, counts) for one, counts in history] == [
        ((OUTFIT,), False),
        ((SKIRT,), False),
    ]
    # And numbers are not used again.
    assert store.save_boxes(label("a.jpg")).number == second.number + 1


def test_nothing_is_taken_back_twice_or_that_was_never_saved(store):
    assert not store.take_back("boxes", 1)
    store.save_boxes(label())
    assert not store.take_back("triplet", 1)
    assert store.take_back("boxes", 1)
    assert not store.take_back("boxes", 1)
    assert not store.take_back("boxes", 2)


def test_an_older_label_can_be_taken_back_and_the_latest_stays(store):
    first = store.save_boxes(label("a.jpg", OUTFIT))
    second = store.save_boxes(label("a.jpg", SKIRT))
    store.take_back("boxes", first.number)
    assert store.labels() == [second]


def test_each_person_takes_back_their_own(store):
    anna = store.save_boxes(label("a.jpg", who="anna"))
    ben = store.save_boxes(label("b.jpg", who="ben"))
    assert store.last_number("boxes", "anna") == anna.number
    assert store.last_number("boxes", " ben ") == ben.number
    assert store.last_number("boxes", "eve") == 0


def test_judgements_are_read_in_the_order_of_their_saves(store):
    one = store.save_judgement(judgement("q", "a", "b", who="anna"))
    two = store.save_judgement(judgement("q", "c", "b", neither=True))
    assert store.judgements() == [one, two]
    assert [found.number for found in store.judgements()] == [1, 2]
    assert [found.neither for found in store.judgements()] == [False, True]
    store.take_back("triplet", one.number)
    assert store.judgements() == [two]


@pytest.mark.parametrize("names", [("q", "a", "a"), ("q", "a", "q")])
def test_a_photograph_is_not_further_away_than_itself(store, names):
    with pytest.raises(BadUsage, match="cannot be further away than itself"):
        store.save_judgement(judgement(*names))
    assert not store.file.exists()


def test_the_mirror_image_of_the_reference_may_be_the_closer_one(store):
    store.save_judgement(judgement("q", "q", "a"))
    assert len(store.judgements()) == 1


def test_several_labels_are_saved_together_or_not_at_all(store):
    outside = replace(SKIRT, box_in_image=(0.0, 0.0, 500.0, 10.0))
    with pytest.raises(BadUsage, match="is no box within 100 x 200 pixels"):
        store.save_all_boxes([label("a.jpg"), label("b.jpg", outside)])
    assert store.labels() == []
    assert store.save_all_boxes([]) == []
    assert store.save_all_judgements([]) == []
    assert not store.file.exists()
    assert len(store.save_all_boxes([label("a.jpg"), label("b.jpg")])) == 2


def test_an_upload_is_kept_under_its_content(store):
    content = b"\xff\xd8 a photograph"
    photo = upload_photo(content, ".jpg", 100, 200)
    digest = sha256(content).hexdigest()
    assert (photo.key, photo.content) == (("upload", f"{digest}.jpg"), digest)
    assert store.keep_upload(content) == store.keep_upload(content) == digest
    assert store.upload(digest) == content
    assert store.upload("0" * 64) is None


def test_threads_save_at_once(store):
    def save(number):
        for step in range(5):
            store.save_boxes(label(f"{number}-{step}.jpg", SKIRT))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.number for one in store.labels()) == list(range(1, 31))


def test_commits_are_flushed_and_readers_do_not_wait(store):
    store.save_boxes(label("a.jpg"))
    with database.writing(store.file) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        connection.execute("DELETE FROM boxes")
        assert len(store.labels()) == 1
    assert store.labels() == []


def test_a_save_that_fails_leaves_nothing(store):
    store.save_boxes(label("a.jpg"))
    with pytest.raises(KeyError), database.writing(store.file) as connection:
        connection.execute("DELETE FROM boxes")
        raise KeyError
    assert len(store.labels()) == 1


def test_a_save_waits_for_another_one_but_not_for_ever(store, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store.save_boxes(label("a.jpg"))
    with (
        database.writing(store.file),
        pytest.raises(StorageFull, match=r"is locked\. Another process"),
    ):
        store.save_boxes(label("b.jpg"))
    store.save_boxes(label("b.jpg"))
    assert len(store.labels()) == 2


def test_the_file_of_a_newer_release_is_refused_and_left_as_it_is(store):
    store.save_boxes(label("a.jpg"))
    set_pragma(store.file, "user_version", 99)
    before = store.file.read_bytes()
    with pytest.raises(StaleArtifact, match="its schema is 99, and this release"):
        store.labels()
    with pytest.raises(StaleArtifact, match="pip install --upgrade tiefvision"):
        store.save_boxes(label("b.jpg"))
    assert store.file.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_as_it_is(store):
    connection = sqlite3.connect(store.file)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()
    before = store.file.read_bytes()
    with pytest.raises(StaleArtifact, match="database of another program"):
        store.labels()
    with pytest.raises(StaleArtifact, match="database of another program"):
        store.save_boxes(label("a.jpg"))
    assert store.file.read_bytes() == before


def test_a_file_that_is_no_database_is_told(store):
    store.file.write_bytes(b"these are no labels " * 100)
    with pytest.raises(TiefVisionError, match="holds no labels that can be read"):
        store.labels()
    with pytest.raises(TiefVisionError, match="Move it elsewhere"):
        store.save_boxes(label("a.jpg"))


def test_an_empty_file_holds_no_labels_yet(store):
    store.file.touch()
    assert store.labels() == []
    store.save_boxes(label("a.jpg"))
    assert len(store.labels()) == 1


def test_a_folder_in_the_place_of_the_file_is_told(store):
    store.file.mkdir()
    with pytest.raises(StorageFull, match=r"labels\.sqlite cannot be used: unable"):
        store.labels()
    with pytest.raises(StorageFull, match=r"labels\.sqlite cannot be used: unable"):
        store.save_boxes(label("a.jpg"))


def test_a_file_in_the_place_of_the_workspace_is_told(tmp_path):
    (tmp_path / "run").touch()
    store = LabelStore(tmp_path / "run" / "labels.sqlite")
    assert store.labels() == []
    with pytest.raises(StorageFull, match=r"labels\.sqlite cannot be written"):
        store.save_boxes(label("a.jpg"))


def test_names_of_folders_are_no_addresses(tmp_path):
    store = LabelStore(tmp_path / "a?mode=ro#b %41" / "labels.sqlite")
    store.save_boxes(label("a.jpg"))
    assert store.file.is_file()
    assert len(store.labels()) == 1


def set_pragma(file, name, value):
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA {name} = {value}")
    connection.close()
