"""A network of the literature is compared, indexed and searched as others are."""

import json

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.models import rankers
from tiefvision.ranking.registry import OWN


def test_a_trained_network_is_compared_indexed_and_searched(
    tiefvision, run, catalogue, put_network, tmp_path, monkeypatch
):
    put_network(run, "mobilenet-tenth", 0.1)
    words = ("--workspace", run, "--json")
    page = tmp_path / "page.html"
    loadable = rankers.loadable_rankers
    known = []

    def few(workspace, models):
        """The first and the last of all: the others take a minute."""
        known.extend(loadable(workspace, models))
        return known[0], known[-1]

    monkeypatch.setattr(rankers, "loadable_rankers", few)
    compared = tiefvision("compare", *words, "--ranker", "all", "--html", page)
    assert compared.code == DONE, compared.err
    assert known == [*OWN, "mobilenet-tenth"]
    assert [line["ranker"] for line in compared.lines] == ["cosine", "mobilenet-tenth"]
    assert 0 <= compared.lines[1]["index"]["recall_of_exact"] <= 1
    assert "mobilenet-tenth" in page.read_text("utf-8")
    indexed = tiefvision("index", catalogue, *words, "--ranker", "mobilenet-tenth")
    assert indexed.code == DONE, indexed.err
    assert set(json.loads(indexed.out)["indexes"]) == {"mobilenet-tenth"}
    photo = catalogue / "plain.jpg"
    (found, *_) = tiefvision("search", photo, *words, "--whole").lines
    assert found["ranker"] == "mobilenet-tenth"
    assert len(found["results"]) == 4
    assert all(-1 <= hit["similarity"] <= 1 for hit in found["results"])


def test_an_untrained_network_names_its_command(tiefvision, run):
    spoken = tiefvision("compare", "--workspace", run, "--ranker", "mildnet")
    assert spoken.code == FAILED
    assert f"Run: tiefvision train mildnet --workspace {run}" in spoken.err


def test_a_misspelt_network_is_told_what_is_near_it(tiefvision, run):
    spoken = tiefvision("compare", "--workspace", run, "--ranker", "deep_rankin")
    assert spoken.code == BAD_USAGE
    assert "Did you mean deep_ranking" in spoken.err
    assert len(spoken.err) < 400
