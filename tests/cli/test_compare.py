from tiefvision.cli.running import DONE, FAILED

FIGURES = ["recall@1", "recall@5", "recall@10", "recall@20", "reciprocal_rank"]


def test_a_line_of_json_follows_the_contract(tiefvision, trained):
    spoken = tiefvision("compare", "--workspace", trained, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    assert [line["ranker"] for line in spoken.lines] == ["cosine", "deeprank"]
    for line in spoken.lines:
        assert list(line)[:8] == ["ranker", "protocol", "queries", *FIGURES]
        assert line["queries"] == 4
        for name in FIGURES:
            figure = line[name]
            assert list(figure) == ["value", "low", "high"]
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1


def test_the_command_says_what_the_stage_said(tiefvision, trained):
    import json

    report = json.loads((trained / "reports" / "compare.json").read_text("utf-8"))
    spoken = tiefvision("compare", "--workspace", trained, "--json")
    assert spoken.lines == report["figures"]["rankers"]


def test_the_table_shows_both_rankers_and_their_difference(tiefvision, trained):
    spoken = tiefvision("compare", "--workspace", trained)
    assert spoken.code == DONE
    for words in ("street photographs search", "cosine", "deeprank -", "recall@1"):
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
