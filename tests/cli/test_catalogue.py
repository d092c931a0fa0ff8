"""``tiefvision catalogue``: changes of a catalogue of photographs, one by one."""

import json
import os
import shutil
import time

import pytest

from tests.cli.listed import rows_of
from tiefvision.catalogue import describing
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.store.locking import release_lock, take_lock
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace

COUNTS = ("added", "changed", "removed", "kept")


@pytest.fixture
def encoded(monkeypatch):
    """Grows by one for each view that is encoded."""
    calls, describe_crop = [], describing.describe_crop

    def counted(*arguments):
        calls.append(1)
        return describe_crop(*arguments)

    monkeypatch.setattr(describing, "describe_crop", counted)
    return calls


@pytest.fixture
def indexed(tiefvision, run, catalogue, encoded):
    """Four photographs that can be searched."""
    assert tiefvision("index", catalogue, "--workspace", run).code == DONE
    encoded.clear()
    return catalogue


@pytest.fixture
def change(tiefvision, run):
    """Runs a subcommand with --json; the counts of its report, and what was spoken."""

    def run_it(*arguments):
        spoken = tiefvision("catalogue", *arguments, "--workspace", run, "--json")
        counts = ()
        if spoken.out:
            (line,) = spoken.lines
            counts = tuple(line.get(what) for what in COUNTS)
        return counts, spoken

    return run_it


@pytest.fixture
def held(run):
    """Items by the path of their photograph, as a search shows it."""

    return lambda: rows_of(run)


@pytest.fixture
def search(tiefvision, run):
    """Photographs that a search finds, in order."""

    def ask(photo):
        spoken = tiefvision("search", photo, "--workspace", run, "--whole", "--json")
        assert spoken.code == DONE, spoken.err
        return [hit["photo"] for hit in spoken.lines[0]["results"]]

    return ask


def test_photographs_are_added_removed_and_found(
    indexed, change, search, street, tmp_path, encoded, held
):
    new = tmp_path / "elsewhere" / "nouvelle photo é.jpg"
    new.parent.mkdir()
    shutil.copy(street[0], new)
    counts, spoken = change("add", new)
    assert (counts, spoken.code) == ((1, 0, 0, 0), DONE)
    assert spoken.err.splitlines()[-1].startswith("1 added, ")
    assert encoded
    assert search(street[0])[0] == str(new)
    counts, spoken = change("remove", "nouvelle photo é", indexed / "plain.jpg")
    assert (counts, spoken.code) == ((0, 0, 2, 3), DONE)
    assert "2 removed, 3 kept" in spoken.err
    assert not {str(new), "plain.jpg"} & set(search(street[0]))
    assert len(held()) == 3 and new.exists()


def test_what_a_line_of_json_holds(indexed, change):
    _, spoken = change("add", indexed / "plain.jpg")
    (line,) = spoken.lines
    assert set(line) == {
        *COUNTS,
        *("photos", "items", "up_to_date", "skipped", "problems"),
        *("indexes", "seconds"),
    }
    assert (line["photos"], line["items"], line["up_to_date"]) == (4, 4, True)
    assert set(line["indexes"]) == {"cosine", "deeprank"}
    assert line["seconds"] >= 0


def test_a_removed_photograph_is_named_as_one_likes(indexed, change, held, monkeypatch):
    assert change("remove", "a/shirt.jpg")[0] == (0, 0, 1, 3)  # as a search shows it
    monkeypatch.chdir(indexed / "b")
    assert change("remove", "shirt.jpg")[0] == (0, 0, 1, 2)  # from here
    assert change("remove", indexed / "été" / "服 1.jpg")[0] == (0, 0, 1, 1)
    assert held() == {"plain.jpg": "plain"}
    assert change("remove", "plain")[0] == (0, 0, 1, 0)
    assert held() == {}


def test_an_unknown_item_is_told_beside_a_known_one(indexed, change, held):
    counts, spoken = change("remove", "nothing", "plain", "bad\udce9")
    assert (counts, spoken.code) == ((0, 0, 1, 3), SOME_UNREADABLE)
    assert len(spoken.lines[0]["skipped"]) == 2
    sentence = "There is no item and no photograph nothing in the catalogue."
    assert f"Skipped: {sentence}" in spoken.err
    before = held()
    counts, spoken = change("remove", "nothing")
    assert (counts, spoken.code) == ((0, 0, 0, 3), SOME_UNREADABLE)
    assert held() == before


def test_a_changed_photograph_stays_what_it_was(indexed, change, held, street):
    """Its item had the name of its folder, since another one has a file of its name."""
    before = held()
    assert before["a/shirt.jpg"] == "a/shirt"
    assert change("add", indexed / "a" / "shirt.jpg")[0] == (0, 0, 0, 1)
    shutil.copy(street[0], indexed / "a" / "shirt.jpg")
    assert change("add", indexed / "a" / "shirt.jpg")[0] == (0, 1, 0, 0)
    assert held() == before


def test_a_missing_path_stops_no_good_one(indexed, change, street, tmp_path, held):
    good = tmp_path / "good.jpg"
    shutil.copy(street[0], good)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photograph")
    counts, spoken = change("add", tmp_path / "none.jpg", good, broken, "bad\udce9.jpg")
    assert (counts, spoken.code) == ((1, 0, 0, 0), SOME_UNREADABLE)
    skipped = spoken.lines[0]["skipped"]
    assert len(skipped) == 3
    for name in ("none.jpg", "broken.jpg", "not text"):
        assert sum(name in sentence for sentence in skipped) == 1, skipped
    assert str(good) in held()
    counts, spoken = change("add", tmp_path / "none.jpg")
    assert spoken.code == SOME_UNREADABLE and len(held()) == 5


def test_a_folder_is_synchronised_by_content(indexed, change, street, encoded, held):
    shutil.copy(street[0], indexed / "new.jpg")
    shutil.copy(street[1], indexed / "a" / "shirt.jpg")
    (indexed / "b" / "shirt.jpg").unlink()
    os.utime(indexed / "plain.jpg")  # touched, and of the same content
    views = len(encoded)
    counts, spoken = change("sync", indexed)
    assert (counts, spoken.code) == ((1, 1, 1, 2), DONE)
    assert "1 added, 1 changed, 1 removed, 2 kept, " in spoken.err
    assert len(encoded) > views
    assert set(held()) == {"new.jpg", "a/shirt.jpg", "plain.jpg", "été/服 1.jpg"}
    encoded.clear()
    assert change("sync", indexed)[0] == (0, 0, 0, 4)
    assert not encoded


def test_a_renamed_photograph_is_not_encoded_again(
    indexed, change, encoded, held, search
):
    (indexed / "plain.jpg").rename(indexed / "renamed.jpg")
    assert change("sync", indexed)[0] == (1, 0, 1, 3)
    assert not encoded
    assert "renamed.jpg" in held() and "plain.jpg" not in held()
    assert search(indexed / "renamed.jpg")[0] == "renamed.jpg"


def test_photographs_that_change_places_are_not_encoded_again(indexed, change, encoded):
    first, second = indexed / "plain.jpg", indexed / "a" / "shirt.jpg"
    aside = indexed.parent / "aside"
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    assert change("sync", indexed)[0] == (0, 2, 0, 2)
    assert not encoded


def test_equal_photographs_are_encoded_once(indexed, change, street, encoded, search):
    for name in ("one", "two", "three"):
        shutil.copy(street[0], indexed / f"{name}.jpg")
    assert change("sync", indexed)[0] == (3, 0, 0, 4)
    views = len(encoded)
    assert set(search(street[0])[:3]) == {"one.jpg", "two.jpg", "three.jpg"}
    encoded.clear()
    shutil.copy(street[1], indexed / "other.jpg")
    change("sync", indexed)
    assert len(encoded) == views  # one photograph


def test_equal_files_that_are_no_photographs_are_each_told(indexed, change):
    for name in ("one", "two", "three"):
        (indexed / f"{name}.jpg").write_bytes(b"no photograph")
    counts, spoken = change("sync", indexed)
    assert (counts, spoken.code) == ((0, 0, 0, 4), SOME_UNREADABLE)
    skipped = spoken.lines[0]["skipped"]
    assert len(skipped) == 3
    for name in ("one", "two", "three"):
        assert sum(f"{name}.jpg" in sentence for sentence in skipped) == 1


def test_a_symbolic_link_is_a_photograph(indexed, change, street, tmp_path, held):
    link = indexed / "link.jpg"
    link.symlink_to(street[0])
    assert change("sync", indexed)[0] == (1, 0, 0, 4)
    assert "link.jpg" in held()
    shutil.copy(street[1], tmp_path / "other.jpg")
    link.unlink()
    link.symlink_to(tmp_path / "other.jpg")
    assert change("sync", indexed)[0] == (0, 1, 0, 4)
    link.unlink()
    link.symlink_to(tmp_path / "nowhere.jpg")
    _, spoken = change("sync", indexed)
    assert spoken.code in (DONE, SOME_UNREADABLE)


def test_a_photograph_that_becomes_unreadable_keeps_its_row(
    indexed, change, held, search
):
    photo = indexed / "plain.jpg"
    good = shutil.copy(photo, indexed.parent / "good.jpg")
    photo.write_bytes(photo.read_bytes()[:300])
    for _ in range(2):
        counts, spoken = change("sync", indexed)
        assert (counts, spoken.code) == ((0, 0, 0, 3), SOME_UNREADABLE)
        assert "plain.jpg" in spoken.lines[0]["skipped"][0]
        assert held()["plain.jpg"] == "plain"
    assert search(good)[0] == "plain.jpg"


def test_a_file_that_changes_while_it_is_read_is_told(
    indexed, change, street, monkeypatch, held
):
    """Otherwise its description would be kept under the name of the old content."""
    photo = indexed / "new.jpg"
    shutil.copy(street[0], photo)
    describe = describing.Describer.describe

    def replace_and_describe(self, path, opened):
        shutil.copy(street[1], photo)
        return describe(self, path, opened)

    with monkeypatch.context() as patched:
        patched.setattr(describing.Describer, "describe", replace_and_describe)
        counts, spoken = change("sync", indexed)
    assert (counts, spoken.code) == ((0, 0, 0, 4), SOME_UNREADABLE)
    assert "new.jpg has changed meanwhile: run again." in spoken.err
    assert change("sync", indexed)[0] == (1, 0, 0, 4)
    assert "new.jpg" in held()


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_that_is_empty_or_missing_removes_nothing(
    name, indexed, change, held, tmp_path
):
    """As where a disk is not mounted."""
    indexed.rename(tmp_path / "away")
    if name == "empty":
        indexed.mkdir()
    counts, spoken = change("sync", indexed)
    assert (counts, spoken.code) == ((), FAILED)
    assert "no photograph in" in spoken.err or "no folder" in spoken.err
    assert len(held()) == 4


def test_synchronising_a_part_leaves_the_rest(indexed, change, held, street, tmp_path):
    (indexed / "ab").mkdir()
    shutil.copy(street[0], indexed / "ab" / "c.jpg")
    change("sync", indexed)
    (indexed / "a" / "shirt.jpg").rename(indexed / "a" / "other.jpg")
    assert change("sync", indexed / "a")[0] == (1, 0, 1, 0)
    assert "ab/c.jpg" in held() and len(held()) == 5


@pytest.mark.parametrize("words", [("remove", "a"), ("compact",), ("status",)])
def test_without_a_catalogue_the_command_that_makes_one_is_told(
    words, change, run, tiefvision
):
    counts, spoken = change(*words)
    assert (counts, spoken.code) == ((), FAILED)
    assert f"There is no catalogue in {run}." in spoken.err
    assert "tiefvision index" in spoken.err
    assert not (run / "catalogue.lmdb").exists()


def test_a_first_catalogue_can_be_added(change, catalogue, held, search):
    _, spoken = change("sync", catalogue)
    assert spoken.code == FAILED and "There is no catalogue" in spoken.err
    counts, spoken = change("add", catalogue, catalogue / "plain.jpg")
    assert (counts, spoken.code) == ((4, 0, 0, 0), DONE)
    assert len(search(catalogue / "plain.jpg")) == 4
    assert set(held()) == {"a/shirt.jpg", "b/shirt.jpg", "plain.jpg", "été/服 1.jpg"}


@pytest.mark.parametrize("command", ["add", "sync"])
def test_other_models_are_refused_and_nothing_changes(
    command, tiefvision, run, indexed, tmp_path, held
):
    write_bundle(Workspace(run), tmp_path / "bundle", "other-1")
    spoken = tiefvision(
        *("catalogue", command, indexed, "--workspace", run),
        *("--models", tmp_path / "bundle"),
    )
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert "was made by other models" in spoken.err
    assert "tiefvision index" in spoken.err
    assert len(held()) == 4


@pytest.mark.parametrize("command", ["add", "sync", "remove", "compact", "index"])
def test_a_second_writer_is_refused(command, tiefvision, run, indexed, held):
    words = {
        "remove": ("catalogue", "remove", "plain"),
        "compact": ("catalogue", "compact"),
        "index": ("index", indexed),
    }.get(command, ("catalogue", command, indexed))
    lock = take_lock(run / "catalogue.lmdb")
    try:
        spoken = tiefvision(*words, "--workspace", run)
    finally:
        release_lock(lock)
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert f"Another process is changing the catalogue in {run}." in spoken.err
    assert "Wait for it, or stop it." in spoken.err
    assert len(held()) == 4
    assert tiefvision(*words, "--workspace", run).code == DONE


def test_a_merge_beside_stops_no_change(tiefvision, run, indexed, street, held):
    """It goes on in the background, and the next one takes the new rows."""
    shutil.copy(street[0], indexed / "new.jpg")
    lock = take_lock(run / "catalogue.merging")
    try:
        assert tiefvision("index", indexed, "--workspace", run).code == DONE
        spoken = tiefvision("catalogue", "compact", "--workspace", run)
    finally:
        release_lock(lock)
    assert len(held()) == 5
    assert spoken.code == FAILED
    assert f"Another process is merging the catalogue in {run}." in spoken.err


def test_status_counts_what_went_or_changed(
    tiefvision, run, indexed, street, search, tmp_path, change
):
    _, spoken = change("status")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert (line["photos"], line["gone"], line["differs"]) == (4, 0, 0)
    assert line["root"] == str(indexed)
    photo = shutil.copy(indexed / "plain.jpg", tmp_path / "asked.jpg")
    (indexed / "plain.jpg").unlink()
    shutil.copy(street[0], indexed / "a" / "shirt.jpg")
    os.utime(indexed / "b" / "shirt.jpg")  # touched alone
    _, spoken = change("status")
    assert spoken.code == SOME_UNREADABLE
    (line,) = spoken.lines
    assert (line["gone"], line["differs"]) == (1, 1)
    table = tiefvision("catalogue", "status", "--workspace", run)
    assert table.code == SOME_UNREADABLE
    rows = [line.split() for line in table.out.splitlines()]
    assert ["files", "that", "went", "1"] in rows
    assert ["files", "that", "changed", "1"] in rows
    assert f"Next: tiefvision catalogue sync {indexed}" in table.err
    doctor = tiefvision("doctor", "--workspace", run)
    told = " ".join(doctor.out.split())
    assert "1 file is gone and 1 changed since" in told

    words = ("search", photo, "--workspace", run, "--whole")
    states = {
        hit["photo"]: hit.get("file", "")
        for hit in tiefvision(*words, "--json").lines[0]["results"]
    }
    assert states == {
        "plain.jpg": "gone",
        "a/shirt.jpg": "changed",
        "b/shirt.jpg": "",
        "été/服 1.jpg": "",
    }
    shown = tiefvision(*words, "--html", tmp_path / "page.html")
    assert shown.code == DONE
    for text in ("plain.jpg (gone)", "a/shirt.jpg (changed)"):
        assert text in shown.out
    page = (tmp_path / "page.html").read_text()
    assert [page.count(f"file {state}<") for state in ("gone", "changed")] == [1, 1]
    change("sync", indexed)
    assert change("status")[1].code == DONE


def test_compact_and_status_say_what_there_is(tiefvision, run, indexed, change):
    spoken = tiefvision("catalogue", "compact", "--workspace", run)
    assert (spoken.code, spoken.out) == (DONE, "")
    assert spoken.err.endswith("0 graphs built.\n")
    _, spoken = change("compact", "--if-due")
    assert spoken.code == DONE
    assert spoken.lines[0]["graphs"] == 0
    assert change("status")[1].lines[0]["last_merge"] == "0 built"


@pytest.mark.parametrize("command", ["", "add", "remove", "sync", "compact", "status"])
def test_help_is_readable_at_80_columns(command, tiefvision, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = [command] if command else []
    spoken = tiefvision("catalogue", *words, "--help")
    assert spoken.code == DONE
    assert max(map(len, spoken.out.splitlines())) <= 80
    assert "…" not in spoken.out


def test_nothing_to_do_is_bad_usage(tiefvision, run):
    for command in ("add", "remove", "sync"):
        assert tiefvision("catalogue", command, "--workspace", run).code == BAD_USAGE


ADD = """
import os, sys
from tests.cli.listed import rows_of
from tiefvision.catalogue import describing
describe = describing.Describer.describe
def tell_and_describe(self, path, photo):
    os.write(1, b"describing\\n")
    return describe(self, path, photo)
describing.Describer.describe = tell_and_describe
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
words = ["catalogue", "add", folder, "--workspace", workspace, "--json"]
sys.exit(guarded(app, words))
"""


def test_adding_that_is_killed_goes_on(
    processes, indexed, dataset, run, held, change, encoded, search
):
    """What was described before is not described again."""
    folder = dataset / "images" / "shop"
    count = len(list(folder.glob("*.jpg")))
    described = 0
    for most in (0, 1, 2):
        process = processes.start(ADD, folder=str(folder), workspace=str(run))
        while process.printed().count("describing") <= most:
            assert process.is_alive(), process.wait().stderr
            time.sleep(0.005)
        described += process.kill().stdout.count("describing") - 1
        with Table(run / "catalogue.lmdb") as table, table.read() as now:
            assert len(list(now.keys("crop/"))) >= min(described, count)
        assert len(search(indexed / "plain.jpg")) >= 4
    counts, spoken = change("add", folder)
    assert spoken.code == DONE, spoken.err
    assert len(held()) == json.loads(spoken.out)["photos"]
    assert counts[0] + counts[3] == count
    assert change("add", folder)[0] == (0, 0, 0, count)
