import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.listed import rows_of
from tiefvision.catalogue.living.current import current_of
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, INTERRUPTED, SOME_UNREADABLE
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace


def test_a_folder_is_indexed_and_searched(tiefvision, run, catalogue):
    spoken = tiefvision("index", catalogue, "--workspace", run, "--json")
    assert spoken.code == DONE
    assert "4 photographs can be searched" in spoken.err
    (line,) = spoken.lines
    assert (line["photos"], line["up_to_date"], line["skipped"]) == (4, False, [])
    assert line["items"] == 4
    assert "one item" not in spoken.err
    assert set(line["indexes"]) == {"cosine", "deeprank"}
    for facts in line["indexes"].values():
        assert facts["recall_of_exact"] == pytest.approx(1.0)
    # Two files of one name are two items, under the names of their folders.
    assert rows_of(run) == {
        "a/shirt.jpg": "a/shirt",
        "b/shirt.jpg": "b/shirt",
        "plain.jpg": "plain",
        "été/服 1.jpg": "服 1",
    }
    photo = catalogue / "été" / "服 1.jpg"
    (found, *_) = tiefvision("search", photo, "--workspace", run, "--json").lines
    assert len(found["results"]) == 4
    assert found["results"][0]["photo"] == "été/服 1.jpg"
    assert (catalogue / found["results"][0]["photo"]).is_file()


def test_a_catalogue_of_one_item_is_told(tiefvision, run, catalogue):
    for other in ("été/服 1.jpg", "a/shirt.jpg", "b/shirt.jpg"):
        (catalogue / other).unlink()
    note = "Note: the gallery holds one item alone, which every search will find.\n"
    words = ("--workspace", run, "--json")
    for _ in range(2):  # also where there is nothing to do
        spoken = tiefvision("index", catalogue, *words)
        assert spoken.code == DONE
        assert spoken.lines[0]["items"] == 1
        assert note in spoken.err
    found = tiefvision("search", catalogue / "plain.jpg", *words)
    assert (found.code, found.err.splitlines()[1]) == (DONE, note.strip())
    assert tiefvision("search", catalogue / "plain.jpg", *words, "--quiet").err == ""


def test_a_second_run_has_nothing_to_do(tiefvision, run, catalogue):
    tiefvision("index", catalogue, "--workspace", run)
    before = current_of(Workspace(run))
    spoken = tiefvision("index", catalogue, "--workspace", run)
    assert spoken.code == DONE
    assert "4 photographs can be searched (up to date)" in spoken.err
    assert current_of(Workspace(run)) == before


def test_an_added_and_a_removed_photograph_are_noticed(
    tiefvision, run, catalogue, street
):
    tiefvision("index", catalogue, "--workspace", run)
    shutil.copy(street[0], catalogue / "new.jpg")
    tiefvision("index", catalogue, "--workspace", run)
    assert "new.jpg" in rows_of(run)
    (catalogue / "new.jpg").unlink()
    (catalogue / "plain.jpg").unlink()
    tiefvision("index", catalogue, "--workspace", run)
    assert sorted(rows_of(run)) == ["a/shirt.jpg", "b/shirt.jpg", "été/服 1.jpg"]


@pytest.mark.parametrize("end", [3, 600], ids=["no header", "half"])
def test_a_broken_file_is_named_until_it_is_gone(
    end, tiefvision, run, catalogue, street
):
    broken = catalogue / "broken one.jpg"
    broken.write_bytes(street[0].read_bytes()[:end])
    for _ in range(2):
        spoken = tiefvision("index", catalogue, "--workspace", run, "--json")
        assert spoken.code == SOME_UNREADABLE
        (reason,) = spoken.lines[0]["skipped"]
        assert "broken one.jpg" in reason
        assert f"Skipped: {reason}" in spoken.err
        assert len(rows_of(run)) == 4
    broken.unlink()
    spoken = tiefvision("index", catalogue, "--workspace", run, "--json")
    assert spoken.code == DONE
    assert spoken.lines[0]["skipped"] == []


def test_of_a_dataset_the_shop_photographs_are_indexed(tiefvision, run, dataset):
    assert tiefvision("index", dataset, "--workspace", run).code == DONE
    rows = rows_of(run)
    assert len(rows) == 12
    assert all(photo == f"images/shop/{item}.jpg" for photo, item in rows.items())
    photo = dataset / "images" / "shop" / "dress-0001.jpg"
    (found, *_) = tiefvision("search", photo, "--workspace", run, "--json").lines
    assert found["results"][0]["photo"] == "images/shop/dress-0001.jpg"


@pytest.mark.parametrize(
    ("name", "message"),
    [("empty", "no photograph in"), ("nowhere", "no folder"), ("file", "no folder")],
)
def test_nothing_to_index_fails(name, message, tiefvision, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("no folder")
    spoken = tiefvision("index", tmp_path / name, "--workspace", trained, "--json")
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert message in spoken.err
    assert not (trained / "catalogue.lmdb").exists()


def test_an_address_in_place_of_a_folder_gets_a_hint(tiefvision, trained):
    spoken = tiefvision("index", "https://shop.example/", "--workspace", trained)
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert "Download the photographs first." in spoken.err


@pytest.mark.parametrize("count", [1, 10, 12])
@pytest.mark.parametrize("end", [0, 600], ids=["empty", "half"])
def test_a_folder_of_broken_files_alone_fails_with_their_reasons(
    end, count, tiefvision, run, street, tmp_path
):
    (tmp_path / "bad").mkdir()
    for number in range(count):
        file = tmp_path / "bad" / f"{number:02}.jpg"
        file.write_bytes(street[0].read_bytes()[:end])
    spoken = tiefvision("index", tmp_path / "bad", "--workspace", run)
    assert spoken.code == FAILED
    assert f"No photograph in {tmp_path / 'bad'} can be read." in spoken.err
    for number in range(count):
        named = f"Cannot read {tmp_path / 'bad' / f'{number:02}.jpg'}: " in spoken.err
        assert named == (number < 10)
    assert ("and 2 more" in spoken.err) == (count == 12)
    assert "data check" not in spoken.err


def write_annotations(folder, *names, **values):
    folder.mkdir(exist_ok=True)
    images = [
        {"id": number, "file_name": name, "width": 600, "height": 900, **values}
        for number, name in enumerate(names)
    ]
    described = json.dumps({"images": images})
    (folder / "annotations.json").write_text(described)


@pytest.mark.parametrize("name", ["images/a.jpg", "images\\a.jpg"])
def test_paths_of_another_form_get_the_hint(name, tiefvision, run, tmp_path):
    write_annotations(tmp_path / "data", name)
    spoken = tiefvision("index", tmp_path / "data", "--workspace", run)
    assert spoken.code == FAILED
    hint = "Paths start below images/ and use slashes: write 'a.jpg'."
    assert hint in spoken.err
    assert "no such file" in spoken.err


@pytest.mark.parametrize(
    ("names", "values", "message"),
    [
        ((), {}, "There is no photograph in"),
        (("a.jpg", "b.jpg"), {"split": "dev"}, 'images[1].split is "dev"'),
    ],
)
def test_a_dataset_without_a_photograph_that_can_be_used_fails(
    names, values, message, tiefvision, run, tmp_path
):
    write_annotations(tmp_path / "data", *names, **values)
    spoken = tiefvision("index", tmp_path / "data", "--workspace", run)
    assert spoken.code == FAILED
    assert message in spoken.err


def test_a_photograph_whose_entry_is_broken_is_told(tiefvision, run, catalogue):
    shutil.copytree(catalogue, catalogue / "data" / "images")
    write_annotations(catalogue / "data", "plain.jpg", "a/shirt.jpg", source="shop")
    described = json.loads((catalogue / "data" / "annotations.json").read_text())
    described["images"][1]["source"] = "web"
    del described["images"][0]["height"]
    (catalogue / "data" / "annotations.json").write_text(json.dumps(described))
    spoken = tiefvision("index", catalogue / "data", "--workspace", run, "--json")
    assert spoken.code == SOME_UNREADABLE
    assert spoken.lines[0]["photos"] == 1
    assert 'Skipped: images[1].source is "web"' in spoken.err


def test_without_models_the_next_command_is_named(tiefvision, catalogue, tmp_path):
    arguments = ("--workspace", tmp_path / "none", "--models", "workspace")
    spoken = tiefvision("index", catalogue, *arguments)
    assert spoken.code == FAILED
    none = tmp_path / "none"
    assert spoken.err.endswith(f"Run: make stage-6 RUN={none}\n")


def test_with_the_shipped_models_an_empty_folder_is_enough(
    tiefvision, shipped, catalogue, tmp_path
):
    arguments = ("--workspace", tmp_path / "new" / "run", "--json")
    spoken = tiefvision("index", catalogue, *arguments)
    assert spoken.code == DONE
    used = "Using the models that ship with tiefvision (test-1); the catalogue of "
    run = tmp_path / "new" / "run"
    assert spoken.err.startswith(f"{used}{catalogue} goes to {run}.\n")
    assert set(spoken.lines[0]["indexes"]) == {"cosine", "deeprank"}
    photo = catalogue / "été" / "服 1.jpg"
    (found, *_) = tiefvision("search", photo, *arguments).lines
    assert found["ranker"] == "deeprank"
    assert found["results"][0]["photo"] == "été/服 1.jpg"
    assert found["results"][0]["similarity"] > 0.99
    assert tiefvision("index", catalogue, *arguments).lines[0]["up_to_date"]


def test_a_catalogue_names_the_bundle_that_made_it(
    tiefvision, shipped, catalogue, tmp_path
):
    content = (shipped / "heads.safetensors").read_bytes()
    tiefvision("index", catalogue, "--workspace", tmp_path / "new")
    made_by = current_of(Workspace(tmp_path / "new")).models
    assert made_by["heads"] == hashlib.sha256(content).hexdigest()


def test_before_a_catalogue_is_indexed_the_command_is_named(
    tiefvision, run, shipped, street
):
    """The gallery of the workspace's own models is not mistaken for one."""
    spoken = tiefvision("search", street[0], "--workspace", run, "--models", "shipped")
    assert spoken.code == FAILED
    assert "There is no catalogue in" in spoken.err
    command = f"tiefvision index CATALOGUE --workspace {run} --models shipped"
    assert spoken.err.endswith(f"Run: {command}\n")


def test_a_catalogue_of_other_models_is_refused(
    tiefvision, run, shipped, catalogue, street, tmp_path
):
    search = ("search", street[0], "--workspace", run)
    mended = f"Run: tiefvision index {catalogue} --workspace {run}"
    tiefvision("index", catalogue, "--workspace", run, "--models", "shipped")
    spoken = tiefvision(*search)
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert "catalogue.lmdb was made with" in spoken.err
    assert spoken.err.endswith(f"{mended}\n")
    assert tiefvision(*search, "--models", "shipped").code == DONE
    write_bundle(Workspace(run), shipped, "test-2")  # the next release
    spoken = tiefvision(*search, "--models", "shipped")
    assert spoken.code == FAILED
    assert "catalogue.lmdb was indexed by other models, not" in spoken.err
    assert spoken.err.endswith(f"{mended} --models shipped\n")
    tiefvision("index", catalogue, "--workspace", run)
    spoken = tiefvision(*search, "--models", "shipped")
    assert spoken.code == FAILED
    assert spoken.err.endswith(f"{mended} --models shipped\n")


def test_another_locator_indexes_anew(tiefvision, run, run_stage, catalogue):
    tiefvision("index", catalogue, "--workspace", run)
    for name in ("encode", "train_classifier", "train_boxes", "localise"):
        run_stage(run, name, **({"seed": 3} if name == "encode" else {}))
    spoken = tiefvision("index", catalogue, "--workspace", run, "--json")
    assert not spoken.lines[0]["up_to_date"]


def test_a_catalogue_holds_the_encoder_of_garments(tiefvision, run, catalogue):
    tiefvision("index", catalogue, "--workspace", run)
    workspace = Workspace(run)
    with workspace.open("crops") as crops:
        assert current_of(workspace).encoder == crops.header.encoder


def test_a_catalogue_of_an_earlier_deeprank_is_refused(
    tiefvision, run, run_stage, catalogue, street
):
    tiefvision("index", catalogue, "--workspace", run)
    run_stage(run, "train_deeprank", seed=1)
    spoken = tiefvision("search", street[0], "--workspace", run)
    assert spoken.code == FAILED
    assert "catalogue.lmdb was indexed by another deeprank" in spoken.err
    assert spoken.err.endswith(f"Run: tiefvision index {catalogue} --workspace {run}\n")
    assert tiefvision("index", catalogue, "--workspace", run).code == DONE
    assert tiefvision("search", street[0], "--workspace", run).code == DONE


def test_a_full_map_is_one_sentence_and_a_larger_one_goes_on(
    tiefvision, run, catalogue
):
    spoken = tiefvision("index", catalogue, "--workspace", run, "--max-gib", 0.0005)
    assert spoken.code == FAILED
    assert "Run again with a larger --max-gib." in spoken.err
    assert current_of(Workspace(run)) is None
    assert tiefvision("index", catalogue, "--workspace", run).code == DONE


INDEX = """
import sys, time
from pathlib import Path
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
from tiefvision.catalogue import describing
described = []
def slowly(*arguments, describe_crop=describing.describe_crop):
    described.append(arguments)
    if len(described) > 8:  # two photographs, each with three close-ups
        Path(workspace, "asleep").touch()
        time.sleep(600)  # until it is interrupted
    return describe_crop(*arguments)
describing.describe_crop = slowly
sys.exit(guarded(app, ["index", folder, "--workspace", workspace]))
"""


def test_only_the_rankers_asked_for_are_indexed(tiefvision, run, catalogue, street):
    index = ("index", catalogue, "--workspace", run, "--json")
    (line,) = tiefvision(*index, "--ranker", "rgb", "--ranker", "spoc").lines
    assert list(line["indexes"]) == ["rgb", "spoc"]
    assert line["indexes"]["rgb"]["embedding"] == 512
    assert line["indexes"]["spoc"]["embedding"] == 256
    search = ("search", catalogue / "plain.jpg", "--workspace", run, "--json")
    for ranker in ("rgb", "spoc"):
        (found, *_) = tiefvision(*search, "--whole", "--ranker", ranker).lines
        assert found["ranker"] == ranker
        assert len(found["results"]) == 4
    spoken = tiefvision(*search, "--ranker", "deeprank")
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert "no index for deeprank, only for rgb, spoc" in spoken.err
    assert spoken.err.endswith(
        f"Run: tiefvision index {catalogue} --workspace {run} --ranker deeprank\n"
    )


def test_a_ranker_that_learns_is_learnt_once_and_served(tiefvision, run, catalogue):
    index = ("index", catalogue, "--workspace", run, "--json")
    assert tiefvision(*index, "--ranker", "pca", "--ranker", "mix").code == DONE
    learnt = (run / "pca.lmdb").stat()
    search = ("search", catalogue / "plain.jpg", "--workspace", run, "--json")
    for ranker in ("pca", "mix"):
        (found, *_) = tiefvision(*search, "--ranker", ranker).lines
        assert found["results"][0]["photo"] == "plain.jpg"
        assert found["results"][0]["similarity"] > 0.99
    assert (run / "pca.lmdb").stat().st_mtime_ns == learnt.st_mtime_ns


@pytest.mark.parametrize("ranker", ["magic", "deeprank-none", "cosine-2"])
def test_an_unknown_ranker_is_refused_before_anything_is_read(
    ranker, tiefvision, run, catalogue
):
    spoken = tiefvision("index", catalogue, "--workspace", run, "--ranker", ranker)
    assert spoken.code in (BAD_USAGE, FAILED)
    assert ranker in spoken.err
    assert not (run / "catalogue.lmdb").exists()


def test_what_was_finished_before_an_interrupt_is_kept(
    processes, tiefvision, run, catalogue
):
    running = processes.start(INDEX, folder=str(catalogue), workspace=str(run))
    while not (run / "asleep").exists():
        assert running.is_alive(), running.wait().stderr
        time.sleep(0.02)
    running.interrupt()
    outcome = running.wait()
    assert outcome.code == INTERRUPTED
    assert outcome.stderr.endswith(
        "\nInterrupted; what was finished is kept. Run the same command to go on.\n"
    )
    assert current_of(Workspace(run)) is None
    with Table(run / "catalogue.lmdb") as table, table.read() as now:
        assert len(list(now.keys("crop/"))) == 2
    assert tiefvision("index", catalogue, "--workspace", run).code == DONE
    assert len(rows_of(run)) == 4


def test_several_processes_encode(tiefvision, run, catalogue, monkeypatch):
    from tiefvision.catalogue.partitions import partition, processes

    started, start = [], processes._start

    def noted(threads):
        started.append(start(threads))
        return started[-1]

    root = Path(__file__).parent.parent.parent
    monkeypatch.setenv("PYTHONPATH", str(root))  # of the processes
    monkeypatch.setattr(partition, "SIZE", 2)
    monkeypatch.setattr(processes, "_start", noted)
    (catalogue / "broken one.jpg").write_bytes(b"\xff\xd8\xff no photograph")
    words = ("index", catalogue, "--workspace", run, "--json", "--workers", 2)
    spoken = tiefvision(*words)
    assert spoken.code == SOME_UNREADABLE
    assert "broken one.jpg" in spoken.lines[0]["skipped"][0]
    assert "Traceback" not in spoken.err
    assert len(rows_of(run)) == 4 and len(started) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--address", "10.0.0.1:6379"), "Add --ray."),
        (("--workers", "-1"), "--workers"),
        (("--ray",), "Run: pip install 'tiefvision[ray]'"),
    ],
)
@pytest.mark.parametrize("command", ["index", "catalogue add", "catalogue sync"])
def test_workers_that_cannot_be_are_refused(
    command, words, message, tiefvision, trained, catalogue, monkeypatch
):
    from tiefvision.catalogue.partitions import workers

    monkeypatch.setattr(workers, "find_spec", lambda name: None)
    asked = (*command.split(), catalogue, "--workspace", trained, *words)
    spoken = tiefvision(*asked)
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert message in spoken.err
    assert not (trained / "catalogue.lmdb").exists()
