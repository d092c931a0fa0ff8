from tiefvision.cli.running import DONE, FAILED

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
    assert spoken.lines[1]["ahead_of"] == "cosine"
    assert set(spoken.lines[1]["p"]) == {*FIGURES, "score@30"}
    assert all(0 < p <= 1 for p in spoken.lines[1]["p"].values())


def test_the_command_says_what_the_stage_said(tiefvision, trained):
    import json

    report = json.loads((trained / "reports" / "compare.json").read_text("utf-8"))
    spoken = tiefvision("compare", "--workspace", trained, "--json")
    assert spoken.lines == report["figures"]["rankers"]


def test_the_table_shows_both_rankers_and_their_difference(tiefvision, trained):
    spoken = tiefvision("compare", "--workspace", trained)
    assert spoken.code == DONE
    for words in (
        "street photographs search",
        "cosine",
        "deeprank -",
        "recall@1",
        "p of no",
    ):
        assert words in spoken.out


def test_the_page_holds_both_rankers(tiefvision, trained, tmp_path):
    page = tmp_path / "new" / "page.html"
    spoken = tiefvision("compare", "--workspace", trained, "--html", page)
    assert spoken.code == DONE
    text = page.read_text("utf-8")
    assert "cosine" in text
    assert "deeprank" in text


def test_without_a_ranker_the_next_command_is_named(tiefvision, run):
    (run / "deeprank.lmdb").unlink()
    spoken = tiefvision("compare", "--workspace", run, "--json")
    assert (spoken.code, spoken.out) == (FAILED, "")
    assert spoken.err.endswith("Run: make stage-8\n")
