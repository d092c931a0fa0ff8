import errno
import json
import os
import re
from pathlib import Path

import pytest
import typer

from tiefvision.cli.running import (
    BAD_USAGE,
    DONE,
    FAILED,
    INTERRUPTED,
    READER_GONE,
    SOME_UNREADABLE,
)
from tiefvision.cli.search import parse_box
from tiefvision.finder import Finder

KEYS = ["query", "ranker", "box", "category", "results"]


def sorted_box(box):
    """A box whose corners are the right way round."""
    x0, y0, x1, y1 = box
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]


def test_a_line_of_json_follows_the_contract(tiefvision, trained, street, dataset):
    spoken = tiefvision("search", *street, "--workspace", trained, "--json", "--k", 5)
    assert spoken.code == DONE
    assert {line["query"] for line in spoken.lines} == {str(path) for path in street}
    for line in spoken.lines:
        assert list(line) == KEYS
        assert (line["ranker"], line["category"]) == ("deeprank", "outfit")
        assert all(isinstance(value, float) for value in line["box"])
        assert [hit["rank"] for hit in line["results"]] == [1, 2, 3, 4, 5]
        assert len({hit["item"] for hit in line["results"]}) == 5
        similarities = [hit["similarity"] for hit in line["results"]]
        assert similarities == sorted(similarities, reverse=True)
        assert -1 <= similarities[-1] <= similarities[0] <= 1
        for hit in line["results"]:
            known = ["rank", "item", "photo", "similarity", "match", "box"]
            assert list(hit) == known
            assert hit["box"] is None or hit["box"] == sorted_box(hit["box"])
            assert (dataset / hit["photo"]).is_file()


def test_a_line_is_written_for_each_garment_the_surest_first(
    tiefvision, trained, street
):
    located = tiefvision("locate", street[0], "--workspace", trained, "--json").lines
    found = tiefvision("search", street[0], "--workspace", trained, "--json").lines
    assert [line["box"] for line in found] == [
        garment["box"] for garment in located[0]["garments"]
    ]


def test_nothing_but_json_goes_to_stdout(processes, trained, street):
    """In a process of its own, in which NMSLIB is imported for the first time."""
    outcome = processes.command(
        "search", *street, "--workspace", trained, "--json", "--k", 1
    )
    assert outcome.code == DONE
    assert [line["ranker"] for line in outcome.lines] == ["deeprank"] * len(
        outcome.lines
    )
    assert re.fullmatch(r"Using the models of .*; gallery of .*\.\n", outcome.stderr)


def test_a_photograph_of_the_gallery_finds_itself(tiefvision, trained, dataset):
    photo = sorted((dataset / "images" / "shop").iterdir())[3]
    for ranker in ("cosine", "deeprank"):
        (line, *_) = tiefvision(
            *("search", photo, "--workspace", trained, "--json", "--k", 1),
            *("--ranker", ranker),
        ).lines
        (hit,) = line["results"]
        assert line["ranker"] == ranker
        assert hit["photo"] == f"images/shop/{photo.name}"
        # Not 1: the box is found anew, and the encoder may compute in bfloat16.
        assert hit["similarity"] > 0.99


def test_more_than_the_gallery_holds_is_all_of_it(tiefvision, trained, street):
    words = ("search", street[0], "--workspace", trained, "--whole", "--json", "--k")
    spoken = tiefvision(*words, 13)
    (line,) = spoken.lines
    assert spoken.code == DONE
    assert [hit["rank"] for hit in line["results"]] == list(range(1, 13))
    assert line["gallery_items"] == 12
    assert spoken.err.endswith(
        "\nNote: the gallery holds 12 items, fewer than the 13 of --k.\n"
    )
    assert tiefvision(*words, 13, "--quiet").err == ""
    enough = tiefvision(*words, 12)
    assert "gallery_items" not in enough.lines[0]
    assert "Note" not in enough.err


def test_a_given_box_is_searched_with(tiefvision, trained, street):
    (line,) = tiefvision(
        *("search", street[0], "--workspace", trained, "--json"),
        *("--box", "10,20.5,110,220"),
    ).lines
    assert line["box"] == [10.0, 20.5, 110.0, 220.0]


def test_the_whole_photograph_is_searched_with(tiefvision, trained, street):
    (line,) = tiefvision(
        "search", street[0], "--workspace", trained, "--json", "--whole"
    ).lines
    assert (line["box"], line["category"]) == (None, "")


def test_where_nothing_is_found_the_whole_photograph_is_taken(
    tiefvision, trained, blank, monkeypatch
):
    monkeypatch.setattr("tiefvision.locating.findings.to_search", lambda *_: ())
    arguments = ("search", blank, "--workspace", trained, "--category", "outfit")
    (line,) = tiefvision(*arguments, "--json").lines
    assert list(line) == [*KEYS, "note"]
    assert (line["box"], line["category"]) == (None, "")
    assert line["note"] == "no outfit found: searched with the whole photograph"
    assert line["results"]
    assert "no outfit found" in tiefvision(*arguments).out


def test_an_unknown_category_is_told_with_those_there_are(tiefvision, trained, street):
    words = ("--workspace", trained, "--category", "tent")
    spoken = tiefvision("search", street[0], *words)
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert "knows no category 'tent'. Use outfit." in spoken.err


def test_models_and_catalogue_are_named_in_a_line(tiefvision, trained, street):
    spoken = tiefvision("search", street[0], "--workspace", trained)
    (line,) = spoken.err.splitlines()
    assert line.startswith(f"Using the models of {trained}; gallery of ")
    assert re.search(r": 12 photographs, 12 items, indexed 20\d\d-\d\d-\d\d ", line)
    assert tiefvision("search", street[0], "--workspace", trained, "--quiet").err == ""


def test_an_outfit_that_is_not_told_is_searched_with_and_called_unsure(
    tiefvision, run, run_stage, street, tmp_path
):
    run_stage(run, "localise", least_score=0.99)
    for stage in ("encode_crops", "baseline", "train_deeprank", "compare"):
        run_stage(run, stage)
    arguments = (street[0], "--workspace", run)
    (located,) = tiefvision("locate", *arguments, "--json").lines
    assert located["garments"] == []
    page = tmp_path / "page.html"
    (line,) = tiefvision("search", *arguments, "--json", "--html", page).lines
    assert list(line) == [*KEYS, "unsure", "note"]
    assert (line["unsure"], line["category"]) == (True, "outfit")
    assert len(line["box"]) == 4
    assert "score of only 0." in line["note"]
    assert "unsure: outfit with a score" in tiefvision("search", *arguments).out
    assert line["note"] in page.read_text("utf-8")


NO_BOXES = """
    1,2,3  a,b,c,d  1,2,3,4,5  9,9,1,1  0,0,0,9  -5,0,9,9  nan,0,9,9  0,0,inf,9  ,
    9000,0,9001,9  0,9000,9,9001  0,0,0.4,0.4  10,10,17,90
"""


@pytest.mark.parametrize("box", NO_BOXES.split())
def test_an_invalid_box_is_bad_usage(box, tiefvision, trained, street):
    spoken = tiefvision(
        *("search", street[0], "--workspace", trained, "--json", f"--box={box}")
    )
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert "box" in spoken.err


def test_a_box_is_parsed():
    assert parse_box("1, 2.5,3,4e1") == (1.0, 2.5, 3.0, 40.0)
    assert parse_box("") is None
    with pytest.raises(typer.BadParameter, match="reversed"):
        parse_box("3,0,1,9")


@pytest.mark.parametrize("k", ["0", "-1", "many"])
def test_an_invalid_k_is_bad_usage(k, tiefvision, trained, street):
    spoken = tiefvision("search", street[0], "--workspace", trained, "--k", k)
    assert spoken.code == BAD_USAGE


def test_a_box_and_the_whole_exclude_each_other(tiefvision, trained, street):
    spoken = tiefvision(
        "search", street[0], "--workspace", trained, "--whole", "--box", "0,0,9,9"
    )
    assert spoken.code == BAD_USAGE


def test_an_unknown_ranker_is_named_with_those_there_are(tiefvision, trained, street):
    spoken = tiefvision("search", street[0], "--workspace", trained, "--ranker", "x")
    assert spoken.code == BAD_USAGE
    assert "no ranker x. Use cosine, mean, " in spoken.err


def test_a_photograph_that_cannot_be_read_stops_no_other(
    tiefvision, trained, street, broken
):
    spoken = tiefvision("search", broken, street[0], "--workspace", trained, "--json")
    assert spoken.code == SOME_UNREADABLE
    first, *others = spoken.lines
    assert list(first) == ["photo", "error"]
    assert {line["query"] for line in others} == {str(street[0])}


def test_the_page_shows_query_and_results(tiefvision, trained, street, tmp_path):
    page = tmp_path / "new" / "page.html"
    spoken = tiefvision(
        "search", street[0], "--workspace", trained, "--html", page, "--k", 2
    )
    assert spoken.code == DONE
    assert str(page) in spoken.err
    text = page.read_text("utf-8")
    assert street[0].name in text
    assert text.count("data:image/") >= 3


def test_without_a_gallery_the_next_command_is_named(tiefvision, run, street):
    (run / "gallery.lmdb").unlink()
    spoken = tiefvision("search", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert spoken.err.endswith(f"Run: make stage-9 RUN={run}\n")


def test_a_gallery_of_an_earlier_deeprank_is_refused(
    tiefvision, run, run_stage, street
):
    run_stage(run, "train_deeprank", seed=1)
    spoken = tiefvision("search", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert "gallery.lmdb was indexed by another deeprank" in spoken.err
    assert spoken.err.endswith(f"Run: make stage-9 RUN={run}\n")
    run_stage(run, "compare")
    assert tiefvision("search", street[0], "--workspace", run).code == DONE


def test_a_damaged_index_is_refused(run, street, tiefvision):
    from tiefvision.store.artifact import Artifact, ArtifactWriter

    path = run / "gallery.lmdb"
    with Artifact(path) as gallery:
        header, rows = gallery.header, gallery.records("row")
        index = gallery.tensors("derived/deeprank/000000")["bytes"]
    index[1000:1100] ^= 255
    with ArtifactWriter(path, header, 0.1) as writer:
        writer.write(
            {"derived/deeprank/000000": {"bytes": index}},
            {f"row/{number:08d}": row for number, row in enumerate(rows)},
        )
        writer.finish(header.encoder, header.details)
    spoken = tiefvision("search", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert "The deeprank index in" in spoken.err
    assert "is damaged. Run: make stage-9" in spoken.err


def test_json_survives_names_of_every_script(tiefvision, trained, catalogue):
    photo = catalogue / "été" / "服 1.jpg"
    spoken = tiefvision("search", photo, "--workspace", trained, "--json", "--k", 1)
    assert json.loads(spoken.out.splitlines()[0])["query"] == str(photo)


@pytest.fixture
def full_disk(monkeypatch):
    """Makes the renaming of every file fail."""

    def fail(self, target):
        raise OSError(
            errno.ENOSPC, os.strerror(errno.ENOSPC), str(self), 0, str(target)
        )

    monkeypatch.setattr(Path, "replace", fail)


def test_a_full_disk_leaves_the_good_page(
    tiefvision, trained, street, tmp_path, full_disk
):
    page = tmp_path / "page.html"
    page.write_text("good")
    spoken = tiefvision(
        *("search", street[0], "--workspace", trained, "--quiet", "--html", page)
    )
    assert spoken.code == FAILED
    [line] = spoken.err.splitlines()
    assert line.startswith("Error: ") and str(page) in line and ".partial" not in line
    assert page.read_text() == "good"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_an_interrupted_search_leaves_a_page_of_what_was_found(
    tiefvision, trained, street, tmp_path, monkeypatch
):
    asked = []
    opened = Finder.open

    def stopped(self, file):
        asked.append(file)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return opened(self, file)

    monkeypatch.setattr(Finder, "open", stopped)
    page = tmp_path / "page.html"
    spoken = tiefvision(
        *("search", *street[:2], "--workspace", trained, "--html", page)
    )
    assert spoken.code == INTERRUPTED
    text = page.read_text("utf-8")
    assert street[0].name in text and street[1].name not in text


def test_a_reader_of_the_first_line_alone_is_no_accident(processes, trained, street):
    outcome = processes.run(
        """
import os, sys
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 1)
sys.exit(guarded(app, ["search", *photos, "--json", "--workspace", workspace]))
""",
        photos=[str(photo) for photo in street],
        workspace=trained,
    )
    assert outcome.code == READER_GONE
    assert outcome.stderr.startswith("Using ")
    assert len(outcome.stderr.splitlines()) <= 2
