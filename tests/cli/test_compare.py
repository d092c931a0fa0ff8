import json
import math
import shutil
import sys

import pytest

from tiefvision.cli.compare import Asked, _names
from tiefvision.cli.options import Options
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.datasets.survival import Share, Survival
from tiefvision.judging import protocol
from tiefvision.judging.packs import PAGE
from tiefvision.ranking.registry import OWN

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
            assert list(figure) == ["value", "low", "high", "by_query"]
            assert list(figure["by_query"]) == ["low", "high"]
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
    assert spoken.lines[1]["p_holm"] == spoken.lines[1]["p"]  # of one ranker
    assert all(0 < p <= 1 for p in spoken.lines[1]["p"].values())


@pytest.mark.parametrize(
    ("given", "first"), [(("all", "mix"), "cosine"), (("lab", "all"), "lab")]
)
def test_all_rankers_stand_where_they_are_named_each_once(trained, given, first):
    options = Options(workspace=trained)
    names = _names(Asked(rankers=given), options.choose_models("auto"), options)
    assert names[0] == first
    assert sorted(names) == sorted(OWN)


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


def test_every_ranker_stands_against_the_first(tiefvision, trained):
    names = ("cosine", "mean", "deeprank")
    words = [word for name in names for word in ("--ranker", name)]
    out = tiefvision("compare", "--workspace", trained, *words).out
    table = [line.split() for line in out.splitlines()]
    header = ["against", "cosine", "R@1", "p", "Holm", "MRR", "p", "Holm"]
    place = table.index(header)
    assert [row[0] for row in table[place + 1 : place + 3]] == ["mean", "deeprank"]
    for row in table[place + 1 : place + 3]:
        assert float(row[2]) <= float(row[3])
    assert "Holm: p corrected for 2 rankers" in out


def test_training_seeds_are_a_row_with_their_spread(tiefvision, run):
    for name in ("deeprank-1", "deeprank-2"):
        shutil.copyfile(run / "deeprank.lmdb", run / f"{name}.lmdb")
    words = ("--ranker", "cosine", "--ranker", "deeprank-1,deeprank-2")
    out = tiefvision("compare", "--workspace", run, *words).out
    table = [line.split() for line in out.splitlines()]
    place = table.index(["ranker", "R@1", "R@5", "R@10", "R@20", "MRR", "lost"])
    row, spread = table[place + 2 : place + 4]
    assert row[:2] == ["deeprank", "x2"] and row[-1] == "-"
    assert spread == ["±", "2", "seeds", *["±0.000"] * 5]  # two copies of one
    refused = tiefvision("compare", "--workspace", run, "--ranker", "cosine,mean")
    assert refused.code == BAD_USAGE
    assert "cosine,mean are not training seeds of one ranker" in refused.err


def test_judgements_have_a_table_of_their_own(
    tiefvision, trained, dataset, tmp_path, street_photos
):
    query = street_photos[0].relative_to(dataset / "images").with_suffix("")
    item = street_photos[0].stem.rsplit("-", 1)[0]
    lines = [f"{query.as_posix()}\t{item}\t2"]
    lines += [f"{query.as_posix()}\tshop/{item}\t2", "elsewhere\tother\t1"]
    qrels = tmp_path / "exact.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\n" + "\n".join(lines))
    words = ("compare", "--workspace", trained, "--qrels", qrels)
    pack = tmp_path / "pack"
    lines = tiefvision(*words, "--json", "--pack", pack).lines
    assert [line["queries"] for line in lines] == [1, 1]
    for line in lines:
        # The only relevant photograph is the only one of the item.
        assert line["exact_recall@1"] == line["recall@1"]
        assert line["exact_recall@10"] == line["recall@10"]
    told = json.loads((pack / "metrics.json").read_text("utf-8"))
    assert told["options"]["qrels"] == [str(qrels)]
    assert "qrels/exact" in told["inputs"]
    table = [line.split() for line in tiefvision(*words).out.splitlines()]
    header = ["ranker", "judged", "by", "R@1", "R@10", "nDCG@5", "nDCG@10"]
    row = table[table.index(header) + 1]
    assert row[:2] == ["cosine", "exact"]
    assert row[2] == f"{lines[0]['exact_recall@1']['value']:.3f}"
    qrels.write_text("someone 0 something 1\n")
    refused = tiefvision(*words)
    assert refused.code == BAD_USAGE
    assert "exact judges no photograph as relevant" in refused.err
    qrels.write_text("one\n")
    refused = tiefvision(*words)
    assert refused.code == FAILED
    assert "exact.tsv, line 1: expected query, document and grade" in refused.err


def test_a_benchmark_is_imported_and_compared(
    tiefvision, run, dataset, tmp_path, monkeypatch
):
    """LookBench's form, with drawn photographs: the main attribute tells the item."""
    described = json.loads((dataset / "annotations.json").read_text("utf-8"))
    rows = {"query": [], "gallery": []}
    for image in described["images"]:
        part = "query" if image["source"] == "street" else "gallery"
        if part == "gallery" or image["split"] == "test":
            content = (dataset / "images" / image["file_name"]).read_bytes()
            label = {"category": "Dress", "main_attribute": image["item_id"]}
            label |= {"item_ID": image["item_id"], "other_attributes": ["drawn"]}
            rows[part].append({"image": {"bytes": content}} | label)
    for part in rows:
        (tmp_path / f"{part}.parquet").touch()
    monkeypatch.setattr(
        "tiefvision.datasets.importers.lookbench.read_parquet_rows",
        lambda file, *_: iter(rows[file.stem]),
    )
    out = tmp_path / "out"
    assert tiefvision("data", "import", "lookbench", tmp_path, out).code == DONE
    names = ("coarse", "fine", "overlap")
    words = [w for name in names for w in ("--qrels", out / "qrels" / f"{name}.tsv")]
    words += ["--data", out, "--boxes", "whole", "--ranker", "cosine", "--json"]
    spoken = tiefvision("compare", "--workspace", run, *words)
    assert spoken.code == DONE, spoken.err
    (line,) = spoken.lines
    assert line["queries"] == len(rows["query"]) == 4
    assert line["coarse_recall@1"]["value"] == 1.0
    assert line["fine_recall@1"] == line["recall@1"]
    assert line["fine_recall@10"] == line["recall@10"]
    # Every photograph shares "drawn", and that of the item its main attribute too: a
    # list without it has 5/6 of the best gain, were it not for the discounts.
    flat = sum(1 / math.log2(rank + 1) for rank in range(1, 6))
    least = flat / (flat + 1)
    assert least - 1e-4 <= line["overlap_ndcg@5"]["value"] <= 1.0
    assert line["overlap_recall@1"]["value"] == 1.0


def test_nothing_is_wider_than_80_columns_but_sentences(tiefvision, trained):
    words = ("--ranker", "cosine", "--ranker", "mean", "--ranker", "deeprank")
    lines = tiefvision("compare", "--workspace", trained, *words).out.splitlines()
    wide = [line for line in lines if len(line.rstrip()) > 80]
    assert all(line.endswith(".") for line in wide)


def test_all_published_queries_have_a_table_of_their_own(
    tiefvision, trained, monkeypatch
):
    counts = Survival(Share(40, 24), Share(12, 12), Share(16, 4))
    monkeypatch.setattr(protocol, "read_survival", lambda root: counts)
    words = ("compare", "--workspace", trained, "--ranker", "cosine")
    text = tiefvision(*words).out
    assert "published 16 queries; 12 of them lost" in " ".join(text.split())
    table = text.split("Of all 16 published queries, the lost ones being misses:\n")[1]
    heading, row = table.splitlines()[:2]
    (line,) = tiefvision(*words, "--json").lines
    assert line["queries"] == 4
    shown = dict(zip(heading.split(), row.split(), strict=True))
    for name, figure in (("R@1", "recall@1"), ("MRR", "reciprocal_rank")):
        assert line["published"][figure]["value"] == pytest.approx(
            line[figure]["value"] * 4 / 16, abs=1e-4
        )
        assert shown[name] == f"{line['published'][figure]['value']:.3f}"
    # A search within categories asks the same queries; a pattern asks others.
    within = tiefvision(*words, "--within", "category", "--json").lines[0]
    assert within["published"]["queries"] == 16
    some = tiefvision(*words, "--queries", "*0*", "--json").lines[0]
    assert "published" not in some


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


def test_the_table_notes_a_gallery_smaller_than_its_cuts(
    tiefvision, trained, monkeypatch
):
    note = "A query may find 12 items at most: from recall@12 on every query"
    command = ("compare", "--workspace", trained, "--ranker", "cosine")
    assert note in tiefvision(*command).out
    assert note not in tiefvision(*command, "--json").out
    module = sys.modules["tiefvision.cli.compare_tables"]
    monkeypatch.setattr(module, "LARGEST_CUT", 12)
    assert note in tiefvision(*command).out
    monkeypatch.setattr(module, "LARGEST_CUT", 11)
    assert note not in tiefvision(*command).out


def test_another_dataset_is_located_encoded_and_compared(
    tiefvision, run, dataset, tmp_path
):
    words = ["compare", "--workspace", run, "--data", dataset, "--json"]
    rankers = list(OWN)
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
