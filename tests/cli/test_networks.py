"""A network of the literature is indexed, searched and compared as other rankers are."""

import json

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.ranking.registry import OWN


def test_a_trained_network_is_compared_indexed_and_searched(
    tiefvision, run, catalogue, put_network, tmp_path
):
    put_network(run, "mobilenet-tenth", 0.1)
    words = ("--workspace", run, "--json")
    page = tmp_path / "page.html"
    named = ("--ranker", "cosine", "--ranker", "mobilenet-tenth", "--html", page)
    compared = tiefvision("compare", *words, *named)
    assert compared.code == DONE, compared.err
    assert [line["ranker"] for line in compared.lines] == ["cosine", "mobilenet-tenth"]
    assert compared.lines[1]["index"]["recall@1"] is not None
    assert "mobilenet-tenth" in page.read_text("utf-8")
    indexed = tiefvision("index", catalogue, *words, "--ranker", "mobilenet-tenth")
    assert indexed.code == DONE, indexed.err
    assert set(json.loads(indexed.out)["indexes"]) == {"mobilenet-tenth"}
    photo = catalogue / "plain.jpg"
    (found, *_) = tiefvision("search", photo, *words, "--whole").lines
    assert found["ranker"] == "mobilenet-tenth"
    assert len(found["results"]) == 4
    assert all(-1 <= hit["similarity"] <= 1 for hit in found["results"])


def test_all_rankers_are_those_that_can_be_loaded(tiefvision, run, put_network):
    put_network(run, "cardigan", 0.05)
    words = ("compare", "--workspace", run, "--ranker", "all", "--json")
    compared = tiefvision(*words)
    assert compared.code == DONE, compared.err
    assert [line["ranker"] for line in compared.lines] == [*OWN, "cardigan"]


def test_an_untrained_network_names_its_command(tiefvision, run):
    spoken = tiefvision("compare", "--workspace", run, "--ranker", "mildnet")
    assert spoken.code == FAILED
    assert f"Run: tiefvision train mildnet --workspace {run}" in spoken.err


def test_a_misspelt_network_is_told_what_is_near_it(tiefvision, run):
    spoken = tiefvision("compare", "--workspace", run, "--ranker", "deep_rankin")
    assert spoken.code == BAD_USAGE
    assert "Did you mean deep_ranking" in spoken.err
    assert len(spoken.err) < 400
