"""A ranker of the user, from the catalogue to the comparison."""

import json

import numpy as np
import pytest

from tiefvision.catalogue.living.current import current_of
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.finder import load
from tiefvision.ranking import own
from tiefvision.workspace.artifacts import Workspace

MINE = '''
class Ranker:
    """The mean colour of a crop."""

    needs = ("pixels",)

    def embed(self, garments):
        return garments.pixels.mean(axis=(1, 2)) / 255
'''
BAD = """
import numpy as np

class Ranker:
    needs = ("pixels",)

    def embed(self, garments):
        rows = np.ones((len(garments.pixels), 4))
        rows[-1] = np.nan
        return rows
"""


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch):
    monkeypatch.setattr(own, "_LOADED", {})


@pytest.fixture
def forget(monkeypatch):
    """Lets the next command begin as a process of its own does."""
    return lambda: monkeypatch.setattr(own, "_LOADED", {})


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(MINE)
    return file


def test_a_catalogue_remembers_name_and_source(
    tiefvision, run, catalogue, mine, forget
):
    where = ("--workspace", run)
    given = f"{mine}:Ranker"
    both = ("--ranker", "cosine", "--ranker", given)
    spoken = tiefvision("index", catalogue, *where, *both, "--json")
    assert spoken.code == DONE
    assert set(spoken.lines[0]["indexes"]) == {"cosine", "mine.Ranker"}
    space = current_of(Workspace(run)).spaces["mine.Ranker"]
    assert (space.dimension, len(space.digest)) == (3, 64)

    photo = catalogue / "plain.jpg"
    found = tiefvision("search", photo, *where, "--ranker", given, "--json", "--whole")
    (line,) = found.lines
    assert (line["ranker"], len(line["results"])) == ("mine.Ranker", 4)
    assert all(0.5 < hit["similarity"] <= 1 for hit in line["results"])

    forget()  # a search by others, and an export, need not run it
    assert tiefvision("search", photo, *where, "--json").lines[0]["ranker"] == "cosine"
    words = ("--to", "npy", "--output", run.parent / "exported", "--ranker", given)
    assert "(mine.Ranker)" in tiefvision("export", *where, *words).err
    unknown = tiefvision("search", photo, *where, "--ranker", "mine.Ranker")
    assert unknown.code == BAD_USAGE
    assert "--ranker FILE.py:Ranker" in unknown.err

    assert load(run).searchable_rankers == ("cosine",)  # what pages offer
    refused = tiefvision("catalogue", "add", photo, *where)
    assert (refused.code, "There is no ranker mine.Ranker." in refused.err) == (2, True)
    added = tiefvision("catalogue", "add", photo, *where, "--ranker", given)
    assert added.code == DONE

    mine.write_text(MINE + "# a second version\n")
    changed = tiefvision("search", photo, *where, "--ranker", given)
    assert changed.code == FAILED
    assert "catalogue.lmdb was indexed by another mine.Ranker." in changed.err
    assert f"--ranker cosine --ranker {given}" in changed.err
    again = tiefvision("index", catalogue, *where, *both)
    assert again.code == DONE
    assert current_of(Workspace(run)).spaces["mine.Ranker"].digest != space.digest
    assert tiefvision("search", photo, *where, "--ranker", given).code == DONE


@pytest.mark.parametrize("command", ["export", "recommend"])
def test_a_ranker_that_was_not_indexed_is_advised_as_a_command_takes_it(
    command, tiefvision, run, catalogue, mine
):
    where = ("--workspace", run)
    tiefvision("index", catalogue, *where, "--ranker", "cosine")
    output = run.parent / "next.csv"
    words = (command, *where, "--output", output)
    if command == "export":
        words = (*words, "--to", "npy")
    given = f"{mine}:Ranker"
    for ranker, advised in ((given, given), ("mine.Ranker", "FILE.py:Ranker")):
        refused = tiefvision(*words, "--ranker", ranker)
        assert refused.code == FAILED
        assert "has no index for mine.Ranker, only for cosine." in refused.err
        assert refused.err.rstrip().endswith(f"--ranker {advised}")
    named = refused.err.rstrip().rpartition("Run: ")[2].replace("FILE.py", str(mine))
    assert tiefvision(*named.split()[1:]).code == DONE  # what is advised works
    assert tiefvision(*words, "--ranker", "mine.Ranker").code == DONE


def test_what_is_no_embedding_names_the_photograph(tiefvision, run, catalogue, mine):
    mine.write_text(BAD)
    words = ("--workspace", run, "--ranker", f"{mine}:Ranker")
    for first in (True, False):
        spoken = tiefvision("index", catalogue, *words)
        assert spoken.code == FAILED
        assert "Ranker mine.Ranker gave NaN for " in spoken.err
        assert any(f"{name}.jpg." in spoken.err for name in ("1", "shirt", "plain"))
        if first:  # then the space is filled from descriptions that are there
            assert tiefvision("index", catalogue, *words[:2]).code == DONE
    mine.write_text(MINE)
    tiefvision("index", catalogue, *words)
    mine.write_text(BAD)
    photo = catalogue / "plain.jpg"
    assert tiefvision("compare", *words).err.count("gave NaN for street/") == 1
    assert "another mine.Ranker" in tiefvision("search", photo, *words).err


def test_a_photograph_that_is_searched_for_is_named(tiefvision, run, catalogue, mine):
    # By its first row, all is well: a catalogue is indexed in one block.
    mine.write_text(MINE.replace("/ 255", "/ 255 * (len(garments.pixels) > 1)"))
    words = ("--workspace", run, "--ranker", f"{mine}:Ranker")
    assert tiefvision("index", catalogue, *words).code == DONE
    photo = catalogue / "plain.jpg"
    spoken = tiefvision("search", photo, *words, "--whole")
    assert spoken.code == FAILED
    assert f"gave a vector of zeros for {photo}." in spoken.err


def test_compare_takes_it_like_its_own(tiefvision, trained, mine, tmp_path):
    page, pack = tmp_path / "page.html", tmp_path / "pack"
    words = ("--workspace", trained, "--ranker", "cosine", "--ranker", f"{mine}:Ranker")
    spoken = tiefvision("compare", *words, "--json", "--html", page, "--pack", pack)
    assert spoken.code == DONE
    cosine, own_line = spoken.lines
    assert own_line["ranker"] == "mine.Ranker"
    assert own_line["ahead_of"] == "cosine"
    assert own_line["index"]["embedding"] == 3
    assert set(own_line["by_box"]) == set(cosine["by_box"]) != set()
    assert "The mean colour of a crop" in page.read_text("utf-8")
    assert '"mine.Ranker": "' in (pack / "metrics.json").read_text("utf-8")


def test_vectors_are_compared_like_a_ranker(tiefvision, trained, dataset, tmp_path):
    words = ("--workspace", trained)
    annotated = json.loads((dataset / "annotations.json").read_text())
    items = {one["file_name"]: one["item_id"] for one in annotated["images"]}
    numbers = {item: number for number, item in enumerate(sorted(set(items.values())))}
    rows = np.eye(len(numbers), dtype=np.float32)
    names = list(items)
    oracle, noise = tmp_path / "oracle.npy", tmp_path / "noise.npy"
    np.save(oracle, rows[[numbers[items[name]] for name in names]])
    oracle.with_suffix(".txt").write_text("".join(f"images/{n}\n" for n in names))
    asked = [
        one["file_name"]
        for one in annotated["images"]
        if (one["source"], one["split"]) == ("street", "test")
    ]
    there = [name for name in names if name != asked[0]]
    np.save(noise, np.random.default_rng(0).standard_normal((len(there), 4)))
    noise.with_suffix(".txt").write_text("".join(f"{name}\n" for name in there))
    page, pack = tmp_path / "page.html", tmp_path / "pack"
    words += ("--vectors", f"noise={noise}", "--vectors", f"oracle={oracle}")
    spoken = tiefvision("compare", *words, "--json", "--html", page, "--pack", pack)
    assert spoken.code == DONE
    cosine, random, right = spoken.lines
    assert [line["ranker"] for line in spoken.lines] == ["cosine", "noise", "oracle"]
    sure = {"low": 1.0, "high": 1.0}
    assert right["recall@1"] == {"value": 1.0, **sure, "by_query": sure}
    assert right["ahead_of"] == "cosine" and right["index"]["recall_of_exact"] == 1
    assert right["by_box"] == {} != cosine["by_box"]
    assert random["index"] == {"embedding": 4}
    assert random["search"]["vectors"] == {
        "noise": {"queries": 1, "gallery": 0},
        "oracle": {"queries": 0, "gallery": 0},
    }
    said = "noise: vectors of whole photographs or items as they come, without boxes; 1"
    assert said in random["protocol"]
    text = page.read_text("utf-8")
    assert said in text and "vectors made elsewhere: oracle.npy" in text
    metrics = json.loads((pack / "metrics.json").read_text("utf-8"))
    assert metrics["options"]["vectors"] == [f"noise={noise}", f"oracle={oracle}"]
    assert {"noise", "oracle"} <= set(metrics["inputs"])


def test_what_the_project_exports_is_compared(tiefvision, run, dataset, tmp_path):
    """Vectors of its own cosine index, read back, rank its gallery as it does."""
    exported, words = tmp_path / "exported", ("--workspace", run)
    assert tiefvision("index", dataset, *words, "--ranker", "mean").code == DONE
    tiefvision("export", *words, "--to", "npy", "--output", exported, "--quiet")
    given = ("--ranker", "mean", "--vectors", f"again={exported}")
    _, again = tiefvision("compare", *words, *given, "--json").lines
    # The catalogue holds no street photograph.
    assert again["search"]["vectors"]["again"] == {"queries": 4, "gallery": 0}
    assert again["recall@1"]["value"] == 0.0


def test_vectors_that_do_not_fit_stop_before_anything(tiefvision, trained, tmp_path):
    absent = tmp_path / "absent.npy"
    words = ("--workspace", trained, "--vectors", f"mine={absent}")
    spoken = tiefvision("compare", *words)
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert f"There is no file {absent}." in spoken.err


def test_a_server_loads_it_before_it_listens(tiefvision, run, tmp_path):
    words = ("--workspace", run, "--port", "0")
    spoken = tiefvision("serve", *words, "--ranker", f"{tmp_path / 'mine.py'}:Ranker")
    assert (spoken.code, "Open http" in spoken.err) == (BAD_USAGE, False)
    assert f"There is no file {tmp_path / 'mine.py'}." in spoken.err
