"""``export`` and ``recommend``; tests/exporting tests what they write."""

import csv
import json

import numpy as np
import pytest

from tiefvision.cli.export import STORES
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.exporting.targets import TARGETS


@pytest.fixture
def indexed(tiefvision, run, catalogue):
    """A workspace with a catalogue of four photographs."""
    assert tiefvision("index", catalogue, "--workspace", run).code == DONE
    return run


def test_the_command_names_every_target():
    assert tuple(TARGETS) == STORES


def test_rows_and_vectors_are_exported_and_checked(tiefvision, indexed, tmp_path):
    output = tmp_path / "out"
    words = ("--workspace", indexed, "--to", "npy", "--output", output)
    spoken = tiefvision("export", *words, "--check", "--json")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert (line["rows"], line["ranker"]) == (4, "deeprank")
    assert line["check"]["recall"] == 1.0 and line["check"]["same"] == 1.0
    vectors = np.load(output / "vectors.npy", allow_pickle=False)
    assert vectors.shape == (4, line["dimension"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    rows = [
        json.loads(r)
        for r in (output / "rows.jsonl").read_text("utf-8").split("\n")
        if r
    ]
    assert {row["photo"] for row in rows} == {
        *("a/shirt.jpg", "b/shirt.jpg", "plain.jpg", "été/服 1.jpg")
    }
    assert "are in" in tiefvision("export", *words).err


def test_a_ranker_that_was_not_indexed_is_refused(tiefvision, indexed, tmp_path):
    words = ("--workspace", indexed, "--to", "npy", "--output", tmp_path / "out")
    spoken = tiefvision("export", *words, "--ranker", "lab")
    assert spoken.code == FAILED
    assert "no index for lab, only for cosine, deeprank" in spoken.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["export", "recommend"])
def test_without_a_catalogue_the_command_is_named(command, tiefvision, tmp_path):
    words = {"export": ("--to", "npy"), "recommend": ()}[command]
    output = tmp_path / "out.csv"
    spoken = tiefvision(command, *words, "--output", output, "--workspace", tmp_path)
    assert spoken.code == FAILED
    assert f"tiefvision index CATALOGUE --workspace {tmp_path}" in spoken.err


def test_an_unknown_target_is_refused(tiefvision, indexed, tmp_path):
    words = ("--workspace", indexed, "--output", tmp_path / "out")
    spoken = tiefvision("export", *words, "--to", "solr")
    assert spoken.code == BAD_USAGE
    assert "Use parquet, npy" in spoken.err


def test_recommendations_are_written_and_kept(tiefvision, indexed, catalogue, tmp_path):
    output = tmp_path / "next.csv"
    words = ("recommend", "--workspace", indexed, "--output", output, "--by", "group")
    (line,) = tiefvision(*words, "--json").lines
    assert line["items"] == 4 and line["kept"] == 0
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == line["lines"]
    assert all(row["item"] != row["neighbour"] for row in rows)
    content = output.read_bytes()
    (line,) = tiefvision(*words, "--json").lines
    assert line["kept"] == line["partitions"]
    assert output.read_bytes() == content
    twins = tmp_path / "twins.csv"
    copy = catalogue / "copy.jpg"
    copy.write_bytes((catalogue / "plain.jpg").read_bytes())
    assert tiefvision("catalogue", "add", copy, "--workspace", indexed).code == DONE
    (line,) = tiefvision(*words, "--twins", twins, "--json").lines
    assert line["items"] == 5 and line["listed_twice"] >= 1
    assert "copy" in twins.read_text(encoding="utf-8")
