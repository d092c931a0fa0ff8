"""``tiefvision compare``: result packs, what they tell, and two of them compared."""

import json
import shutil

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, WORSE
from tiefvision.judging.packs import PAGE
from tiefvision.models.choice import choose_models
from tiefvision.version import __version__
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests


@pytest.fixture(scope="module")
def pack(trained, tmp_path_factory):
    """A result pack of the trained workspace; tests must not change it."""
    from tiefvision.cli.main import app
    from tiefvision.cli.running import guarded

    folder = tmp_path_factory.mktemp("packs") / "pack"
    words = ["compare", "--workspace", str(trained), "--pack", str(folder), "--quiet"]
    assert guarded(app, words) == DONE
    return folder


def worse(pack, folder):
    """A copy of a pack in which DeepRank finds nothing."""
    shutil.copytree(pack, folder)
    path = folder / "queries.csv"
    head, *rows = path.read_text().splitlines()
    spoilt = [
        ",".join([*row.split(",")[:3], "0", *["0"] * (len(head.split(",")) - 4)])
        if ",deeprank," in row
        else row
        for row in rows
    ]
    path.write_text("\n".join([head, *spoilt]) + "\n")
    return folder


def test_a_pack_holds_the_figures_and_the_page(pack):
    assert {file.name for file in pack.iterdir()} == {
        "metrics.json",
        "queries.csv",
        "compare.html",
    }


def test_a_pack_against_itself_has_not_changed(tiefvision, pack):
    spoken = tiefvision("compare", pack, pack, "--fail-if", "recall@20<-0.01", "--json")
    assert spoken.code == DONE
    assert {line["ranker"] for line in spoken.lines} == {"cosine", "deeprank"}
    assert all(line["difference"]["value"] == 0 for line in spoken.lines)
    assert all(line["p"] == 1.0 for line in spoken.lines)


def test_a_change_for_the_worse_has_its_own_code(tiefvision, pack, tmp_path):
    after = worse(pack, tmp_path / "after")
    condition = "deeprank:recall@20<-0.01"
    spoken = tiefvision("compare", pack, after, "--fail-if", condition)
    assert spoken.code == WORSE
    assert f"Failed: {condition}" in spoken.err
    assert "deeprank" in spoken.out and "recall@20" in spoken.out
    assert max(map(len, spoken.out.splitlines())) <= 80
    for allowed in ("cosine:recall@20<-0.01", "recall@20>0.01"):
        assert tiefvision("compare", pack, after, "--fail-if", allowed).code == DONE


def keeping(pack, folder, kept):
    """A copy of a pack with some of the lines of its queries."""
    shutil.copytree(pack, folder)
    path = folder / "queries.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *filter(kept, rows)]) + "\n")
    return folder


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
@pytest.mark.parametrize("condition", ["recall@20<-0.01", "deeprank:recall@20<-0.01"])
def test_a_ranker_that_is_gone_is_no_pass(quiet, condition, tiefvision, pack, tmp_path):
    after = keeping(pack, tmp_path / "after", lambda row: ",deeprank," not in row)
    spoken = tiefvision("compare", pack, after, "--fail-if", condition, *quiet)
    assert spoken.code == WORSE
    assert f"Failed: {condition}: {after} has no recall@20 of deeprank." in spoken.err
    # Conditions on other figures, and no conditions at all, do not fail.
    other = ("--fail-if", "cosine:recall@20<-0.01")
    assert tiefvision("compare", pack, after, *other, *quiet).code == DONE
    assert tiefvision("compare", pack, after, *quiet).code == DONE
    # A ranker that is new in the second pack is no failure.
    spoken = tiefvision("compare", after, pack, "--fail-if", "recall@20<0", *quiet)
    assert spoken.code == DONE
    told = "In AFTER alone, so not compared: deeprank." in spoken.err
    assert told == (not quiet)


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_queries_that_are_gone_are_no_pass(quiet, tiefvision, pack, tmp_path):
    lines = (pack / "queries.csv").read_text().splitlines()
    first = lines[1].split(",")[0]
    after = keeping(pack, tmp_path / "after", lambda row: not row.startswith(first))
    condition = ("--fail-if", "recall@20<-0.01")
    spoken = tiefvision("compare", pack, after, *condition, *quiet)
    assert spoken.code == WORSE
    assert f"Failed: {after} lacks 1 of 4 queries, {first} among them." in spoken.err
    assert tiefvision("compare", pack, after, *quiet).code == DONE
    # New queries have nothing to be compared with.
    assert tiefvision("compare", after, pack, *condition, *quiet).code == DONE


@pytest.mark.parametrize(
    "words",
    [
        ["PACK"],
        ["PACK", "PACK", "PACK"],
        ["PACK", "PACK", "--html", "page.html"],
        ["PACK", "PACK", "--fail-if", "recall@20"],
        ["PACK", "PACK", "--fail-if", "recall@21<0"],
        ["PACK", "PACK", "--fail-if", "magic:recall@20<0"],
        ["--fail-if", "recall@20<0"],
    ],
)
def test_what_cannot_be_compared_is_said(tiefvision, pack, words):
    words = [pack if word == "PACK" else word for word in words]
    spoken = tiefvision("compare", *words)
    assert spoken.code == BAD_USAGE
    assert len(spoken.err.splitlines()) == 1


@pytest.mark.parametrize(
    "option",
    [
        ("--data", "."),
        ("--boxes", "whole"),
        ("--within", "category"),
        ("--queries", "a*"),
        ("--models", "shipped"),
        ("--ranker", "cosine"),
        ("--html", "page.html"),
        ("--qrels", "judged.tsv"),
        ("--pack", "new"),
    ],
)
def test_options_without_effect_on_two_packs_are_refused(
    option, tiefvision, pack, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    spoken = tiefvision("compare", pack, pack, *option)
    assert (spoken.code, spoken.out) == (BAD_USAGE, "")
    assert option[0] in spoken.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_pack_is_named(tiefvision, pack, tmp_path):
    spoken = tiefvision("compare", pack, tmp_path)
    assert spoken.code == FAILED
    assert str(tmp_path) in spoken.err and "--pack" in spoken.err


def test_a_pack_tells_how_it_was_made(tiefvision, run, dataset, tmp_path):
    words = ["--boxes", "whole", "--queries", "street*", "--within", "category"]
    words += ["--seed", 4, "--ranker", "lab", "--ranker", "cosine"]
    packs = ("--data", dataset, "--pack", tmp_path / "pack")
    assert tiefvision("compare", "--workspace", run, *words, *packs).code == DONE
    metrics = metrics_of(tmp_path / "pack")
    assert metrics["options"] == {
        "rankers": ["lab", "cosine"],
        "data": str(dataset),
        "vectors": [],
        "boxes": "whole",
        "within": "category",
        "queries": "street*",
        "models": "auto",
        "qrels": [],
    }
    assert metrics["seed"] == 4
    assert metrics["dataset"] == dataset.name
    assert metrics["models"] == f"the models of {run}"
    with Workspace(run).open("crops") as crops:
        assert metrics["encoder"] == crops.header.encoder
    assert metrics["environment"]["tiefvision"] == __version__


def test_options_that_were_not_given_are_in_a_pack_too(pack):
    assert metrics_of(pack)["options"] == {
        "rankers": ["cosine", "deeprank"],
        "data": None,
        "vectors": [],
        "boxes": "located",
        "within": "all",
        "queries": "*",
        "models": "auto",
        "qrels": [],
    }


def metrics_of(pack):
    return json.loads((pack / "metrics.json").read_text("utf-8"))


@pytest.mark.parametrize(("models", "curves"), [("auto", True), ("shipped", False)])
def test_a_pack_and_its_page_tell_of_the_models_that_were_compared(
    models, curves, tiefvision, run, shipped, tmp_path
):
    """The pack names the models of the command, not those of the workspace."""
    words = ("--models", models, "--pack", tmp_path / "pack")
    assert tiefvision("compare", "--workspace", run, *words).code == DONE
    inputs = metrics_of(tmp_path / "pack")["inputs"]
    chosen = choose_models(Workspace(run), models)
    expected = input_digests(Workspace(run), ["photos", "crops"])
    ranker = "deeprank" if curves else "heads"
    assert inputs == expected | {ranker: chosen.digests(["deeprank"])[ranker]}
    page = (tmp_path / "pack" / PAGE).read_text("utf-8")
    assert ("epoch" in page) == curves
