import json
import shutil
import sys

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, WORSE
from tiefvision.judging.packs import PAGE
from tiefvision.models.choice import choose_models
from tiefvision.ranking.registry import RANKERS
from tiefvision.version import __version__
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import input_digests

RECALLS = [f"recall@{k}" for k in (1, 3, 5, 10, 20, 30, 50)]
LISTS = ["average_precision", "precision@30", "triplet_accuracy"]
FIGURES = [*RECALLS, "reciprocal_rank", *LISTS]


def test_a_line_of_json_follows_the_contract(tiefvision, trained):
    spoken = tiefvision("compare", "--workspace", trained, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    assert [line["ranker"] for line in spoken.lines] == ["cosine", "deeprank"]
    for line in spoken.lines:
        assert list(line)[:14] == ["ranker", "protocol", "queries", *FIGURES]
        assert line["queries"] == 4
        for name in FIGURES:
            figure = line[name]
            assert list(figure) == ["value", "low", "high"]
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert "score@30" in line
        assert set(line["index"]) == {
            "embedding",
            "bytes",
            "recall_of_exact",
            "ahead_of_exact",
        }
        assert line["index"]["recall_of_exact"] == 1.0  # so few are all linked
        assert set(line["index"]["ahead_of_exact"]) == {"recall@1", "recall@10"}
    assert spoken.lines[1]["ahead_of"] == "cosine"
    every = {*FIGURES, "score@30", "similarity_precision"}
    assert set(spoken.lines[1]["p"]) == every
    assert all(0 < p <= 1 for p in spoken.lines[1]["p"].values())


def test_the_command_says_what_the_stage_said(tiefvision, trained):
    report = json.loads((trained / "reports" / "compare.json").read_text("utf-8"))
    spoken = tiefvision("compare", "--workspace", trained, "--json")
    assert spoken.lines == report["figures"]["rankers"]


def test_rankers_are_chosen_and_ordered(tiefvision, run):
    (run / "deeprank.lmdb").unlink()
    words = ["--ranker", "spoc", "--ranker", "mean", "--ranker", "gem", "--json"]
    spoken = tiefvision("compare", "--workspace", run, *words)
    assert spoken.code == DONE
    assert [line["ranker"] for line in spoken.lines] == ["spoc", "mean", "gem"]
    assert spoken.lines[2]["ahead_of"] == "spoc"
    unknown = tiefvision("compare", "--workspace", run, "--ranker", "magic")
    assert unknown.code == BAD_USAGE
    assert "magic" in unknown.err and "gem" in unknown.err


def test_the_verdict_comes_first_and_the_tables_after_it(tiefvision, trained):
    spoken = tiefvision("compare", "--workspace", trained)
    assert spoken.code == DONE
    verdict, _, protocol, queries, *rest = spoken.out.splitlines()
    assert "deeprank finds the right item first in" in verdict
    assert "of 4 searches, cosine in" in verdict
    assert protocol.strip() == "protocol"
    assert queries.split() == ["queries", "4", "street", "photographs"]
    tables = [line.split() for line in rest]
    # Average precision would repeat the MRR: every item has one photograph.
    header = ["ranker", "R@1", "R@5", "R@10", "R@20", "MRR", "lost"]
    place = tables.index(header)
    names = [line[0] for line in tables[place + 1 : place + 5]]
    assert names == ["cosine", "deeprank", "deeprank", "p"]
    assert tables[place + 1][-1] == "0.0%"
    assert "Average precision equals reciprocal rank here" in spoken.out


def test_the_tables_show_the_figures_of_json(tiefvision, trained):
    command = ("compare", "--workspace", trained)
    shown = [line.split() for line in tiefvision(*command).out.splitlines()]
    place = [line[:1] for line in shown].index(["ranker"])
    cosine, deeprank = tiefvision(*command, "--json").lines
    names = ("recall@1", "recall@5", "recall@10", "recall@20", "reciprocal_rank")
    for number, line in enumerate((cosine, deeprank), start=1):
        values = [float(cell) for cell in shown[place + number][1:6]]
        assert values == [pytest.approx(line[n]["value"], abs=6e-4) for n in names]
    gained = [float(cell) for cell in shown[place + 3][3:8]]
    ahead = deeprank["ahead"]
    assert gained == [pytest.approx(ahead[n]["value"], abs=6e-4) for n in names]
    chances = [float(cell) for cell in shown[place + 4][1:6]]
    assert chances == [pytest.approx(deeprank["p"][n], abs=6e-5) for n in names]


def test_nothing_is_wider_than_80_columns_but_sentences(tiefvision, trained):
    lines = tiefvision("compare", "--workspace", trained).out.splitlines()
    wide = [line for line in lines if len(line.rstrip()) > 80]
    assert all(line.endswith(".") for line in wide)


def test_the_page_holds_both_rankers(tiefvision, trained, tmp_path):
    page = tmp_path / "new" / "page.html"
    spoken = tiefvision("compare", "--workspace", trained, "--html", page)
    assert spoken.code == DONE
    text = page.read_text("utf-8")
    for words in (
        "deeprank",
        "deeprank finds the right item first in",
        "lost by NMSLIB",
        "farthest",
        "Map of the gallery by cosine",
        "block by block",
    ):
        assert words in text


def test_without_a_ranker_the_next_command_is_named(tiefvision, run):
    (run / "deeprank.lmdb").unlink()
    spoken = tiefvision("compare", "--workspace", run, "--json")
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert spoken.err.endswith(f"Run: make stage-8 RUN={run}\n")


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
    assert tiefvision("compare", after, pack, "--fail-if", "recall@20<0").code == DONE


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


def test_the_table_notes_a_gallery_smaller_than_its_cuts(
    tiefvision, trained, monkeypatch
):
    note = "A query may find 12 items at most: from recall@12 on every query"
    command = ("compare", "--workspace", trained, "--ranker", "cosine")
    assert note in tiefvision(*command).out
    assert note not in tiefvision(*command, "--json").out
    module = sys.modules["tiefvision.cli.compare"]
    monkeypatch.setattr(module, "LARGEST_CUT", 12)
    assert note in tiefvision(*command).out
    monkeypatch.setattr(module, "LARGEST_CUT", 11)
    assert note not in tiefvision(*command).out


def test_another_dataset_is_located_encoded_and_compared(
    tiefvision, run, dataset, tmp_path
):
    words = ["compare", "--workspace", run, "--data", dataset, "--json"]
    rankers = list(RANKERS)
    chosen = [word for name in rankers for word in ("--ranker", name)]
    spoken = tiefvision(*words, *chosen, "--pack", tmp_path / "pack")
    assert spoken.code == DONE, spoken.err
    assert [line["ranker"] for line in spoken.lines] == rankers
    assert spoken.lines[-1]["rival"]["ahead_of"] in rankers[1:-1]
    assert (tmp_path / "pack" / PAGE).stat().st_size < 5_000_000
    own = tiefvision("compare", "--workspace", run, "--json")
    # The same photographs by the same models: the same figures, but for crops that
    # lay on disk in half precision before and after.
    assert spoken.lines[0]["queries"] == own.lines[0]["queries"]
    assert spoken.lines[0]["recall@5"] == own.lines[0]["recall@5"]
    assert len(list((run / "compared").iterdir())) == 1


def test_the_steps_of_a_reduction_are_told(tiefvision, trained, tmp_path):
    page = tmp_path / "page.html"
    words = ("compare", "--workspace", trained, "--ranker", "cosine", "--ranker", "pca")
    cosine, pca = tiefvision(*words, "--json").lines
    assert "steps" not in cosine["index"]
    facts = pca["index"]
    assert list(facts["steps"]) == ["whole", "reduced", "indexed", "reranked"]
    for k in ("recall@1", "recall@10"):
        assert facts["steps"]["whole"][k] == cosine[k]
        assert facts["steps"]["reduced"][k] == pca[k]
        # Re-ranking the whole gallery equals exact search.
        assert facts["steps"]["reranked"][k] == cosine[k]
    assert (facts["shortlist"], facts["shortlist_holds"]) == (12, 1.0)
    sentence = "its first 12 ordered again by whole maps"
    assert sentence in tiefvision(*words, "--html", page).out
    assert sentence in page.read_text("utf-8")


def test_whole_photographs_miss_nothing(tiefvision, run, dataset):
    words = ["--data", dataset, "--boxes", "whole", "--queries", "street*", "--json"]
    spoken = tiefvision("compare", "--workspace", run, *words)
    assert spoken.code == DONE, spoken.err
    assert "whole photographs; 0 could not be read" in spoken.lines[0]["protocol"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--boxes", "round"), "located, whole"),
        (("--boxes", "whole"), "--data"),
        (("--within", "reach"), "category"),
        (("--data", "nowhere"), "nowhere"),
        (("--queries", "no such*"), "No query matches no such*"),
        (("--within", "variants"), "--within variants: no query has a known"),
    ],
)
def test_what_cannot_be_compared_is_told(tiefvision, trained, words, named):
    spoken = tiefvision("compare", "--workspace", trained, *words)
    assert spoken.code in (BAD_USAGE, FAILED)
    assert named in spoken.err
    assert "Traceback" not in spoken.err


def test_a_pack_tells_how_it_was_made(tiefvision, run, dataset, tmp_path):
    words = ["--boxes", "whole", "--queries", "street*", "--within", "category"]
    words += ["--seed", 4, "--ranker", "lab", "--ranker", "cosine"]
    packs = ("--data", dataset, "--pack", tmp_path / "pack")
    assert tiefvision("compare", "--workspace", run, *words, *packs).code == DONE
    metrics = metrics_of(tmp_path / "pack")
    assert metrics["options"] == {
        "rankers": ["lab", "cosine"],
        "data": str(dataset),
        "boxes": "whole",
        "within": "category",
        "queries": "street*",
        "models": "auto",
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
        "boxes": "located",
        "within": "all",
        "queries": "*",
        "models": "auto",
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


def test_models_over_other_maps_are_told_before_a_dataset_is_encoded(
    tiefvision, run, run_stage, shipped, dataset
):
    run_stage(run, "encode_crops", grid=5)
    words = ("compare", "--workspace", run, "--models", "shipped", "--quiet")
    refused = tiefvision(*words, "--ranker", "cosine", "--ranker", "deeprank")
    assert (refused.code, refused.out) == (FAILED, "")
    assert f"Add --data {dataset}, " in refused.err
    learnt = tiefvision(*words, "--data", dataset, "--ranker", "pca")
    assert (learnt.code, learnt.out) == (FAILED, "")
    assert "Leave out pca" in learnt.err
    assert not (run / "compared").exists()
    advised = tiefvision(*words, "--data", dataset)
    assert advised.code == DONE, advised.err
