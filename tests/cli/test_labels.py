import json

import pytest

from tests.labels.made import SKIRT, judgement, label
from tiefvision.labels.store import LabelStore

HEADER = "query,positive,negative\n"


@pytest.fixture
def store(tmp_path):
    return LabelStore(tmp_path / "run" / "labels.sqlite")


@pytest.fixture
def labels(tiefvision, tmp_path):
    """Runs ``tiefvision labels`` in a workspace of its own."""

    def run(*arguments):
        return tiefvision("labels", *arguments, "--workspace", tmp_path / "run")

    return run


def test_a_dataset_goes_in_and_out(labels, tiefvision, dataset, tmp_path):
    done = labels("import", dataset, "--who", "anna")
    assert done.code == 0
    assert "24 photographs and" in done.err
    assert f"Next: tiefvision labels status --workspace {tmp_path}/run" in done.err
    again = labels("import", dataset, "--json")
    assert (again.lines[0]["photographs"], again.lines[0]["triplets"]) == (0, 0)
    out = labels("export", tmp_path / "out")
    assert out.code == 0
    assert f"Next: tiefvision data check {tmp_path}/out" in out.err
    assert tiefvision("data", "check", tmp_path / "out").code == 0
    for name in ("annotations", "categories"):
        assert described(tmp_path / "out")[name] == described(dataset)[name]
    assert {one["annotated_by"] for one in described(tmp_path / "out")["images"]} == {
        "anna"
    }


def described(folder):
    return json.loads((folder / "annotations.json").read_text("utf-8"))


def test_export_tells_what_is_missing(labels, store, tmp_path):
    store.save_boxes(label("a.jpg", SKIRT))
    done = labels("export", tmp_path / "out", "--json")
    assert done.code == 3
    assert done.lines == [
        {
            "dataset": str(tmp_path / "out"),
            "photographs": 1,
            "boxes": 1,
            "triplets": 0,
        }
    ]
    assert "Skipped: /nowhere/a.jpg has labels and was not copied" in done.err


def test_import_tells_what_cannot_be_used(labels, tmp_path):
    (tmp_path / "triplets.csv").write_text(f"{HEADER}a,b,c\n")
    done = labels("import", tmp_path / "triplets.csv")
    assert done.code == 3
    assert "line 2: query 'a' is not a photograph of the dataset" in done.err


def test_export_never_replaces_a_dataset(labels, store, dataset):
    store.save_boxes(label("a.jpg", SKIRT))
    before = (dataset / "annotations.json").read_bytes()
    done = labels("export", dataset)
    assert done.code == 2
    assert "holds another dataset, which is not replaced. Name a new" in done.err
    assert (dataset / "annotations.json").read_bytes() == before


def test_status_without_labels(labels, tmp_path):
    done = labels("status")
    assert done.code == 0
    assert "Nothing is labelled yet. Run: tiefvision serve" in done.err
    assert not (tmp_path / "run").exists()


def test_status_counts_and_names_contradictions(labels, store):
    store.save_boxes(label("a.jpg", SKIRT, who="anna"))
    store.save_boxes(label("b.jpg"))
    store.save_boxes(label("c.jpg", state="skipped"))
    for names in (("q", "a", "b"), ("q", "a", "b"), ("r", "a", "b"), ("r", "b", "a")):
        store.save_judgement(judgement(*names, who="ben"))
    store.save_judgement(judgement("q", "c", "d", neither=True))
    done = labels("status")
    assert done.code == 0
    for told in (
        "labelled        2 photographs, 1 of them without a garment",
        "boxes           1 (1 lower)",
        "triplets        4 (1 no difference)",
        "people          anna, anonymous, ben",
        "q: a closer than b (ben)",
        "r: a closer than b (ben); r: b closer than a (ben)",
    ):
        assert told in done.out
    (facts,) = labels("status", "--json").lines
    assert (facts["photographs"], facts["skipped"], facts["by group"]) == (
        2,
        1,
        {"lower": 1},
    )
    assert [[one["number"] for one in group] for group in facts["doubles"]] == [[1, 2]]
    assert [[one["number"] for one in g] for g in facts["contradictions"]] == [[3, 4]]


def test_status_tells_how_many_street_photographs_there_are(tiefvision, run):
    done = tiefvision("labels", "status", "--workspace", run)
    assert "the dataset has 12 street photographs" in done.out


def test_a_store_that_cannot_be_used_is_one_sentence(labels, store):
    store.file.parent.mkdir()
    store.file.write_bytes(b"no labels " * 200)
    for command in (("status",), ("export", store.file.parent / "out")):
        done = labels(*command)
        assert done.code == 1
        assert done.err.startswith("Error:")
        assert "holds no labels that can be read" in done.err
        assert "Traceback" not in done.err
