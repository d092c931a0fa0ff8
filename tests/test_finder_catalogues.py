"""The front door over catalogues: indexing, several finders, files that are open.

tests/test_finder.py asks a single finder.
"""

import json
import shutil

import pytest

import tiefvision
from tiefvision.cli.main import app
from tiefvision.cli.running import DONE, guarded
from tiefvision.store import artifact as store


@pytest.fixture
def shop(dataset, tmp_path):
    """Four photographs of items, in a folder of their own."""
    folder = tmp_path / "shop"
    folder.mkdir()
    for file in sorted((dataset / "images" / "shop").glob("*.jpg"))[:4]:
        shutil.copy(file, folder)
    return folder


def command_line(capfd, *words):
    """The JSON lines of a command."""
    capfd.readouterr()
    assert guarded(app, [str(word) for word in words]) == DONE
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_a_ranker_that_was_not_indexed_is_told_how_to_be(run, dataset, street, capfd):
    finder = tiefvision.load(run, device="cpu")
    with pytest.raises(tiefvision.StaleArtifact, match="no index for mean") as caught:
        finder.search(street, ranker="mean")
    command = f"tiefvision index {dataset} --workspace {run} --ranker mean"
    assert caught.value.fix == f"Run: {command}"
    command_line(capfd, *command.split()[1:], "--json")
    assert finder.search(street, ranker="mean", whole=True)[0].hits


def test_indexed_and_searched_as_by_the_command_line(run, shop, street, capfd):
    with tiefvision.load(run, device="cpu") as finder:
        report = finder.index(shop)
        assert (report["photos"], report["items"], report["skipped"]) == (4, 4, [])
        assert set(report["indexes"]) == {"cosine", "deeprank"}
        assert not report["up_to_date"]
        photo = finder.open(street)
        answers = finder.search(photo, k=4)
        located = photo.garments
        given = finder.search(photo, (10, 20, 110, 220), k=4, ranker="cosine")
    words = ("--workspace", run, "--device", "cpu", "--json")
    (again,) = command_line(capfd, "index", shop, *words)
    times = report.pop("milliseconds")
    assert set(times) == {"cosine", "deeprank"} and min(times.values()) > 0
    nothing = {"up_to_date": True, "added": 0, "kept": 4}
    assert again == report | nothing | {"seconds": again["seconds"]}
    (found,) = command_line(capfd, "locate", street, *words)
    assert [garment["category"] for garment in found["garments"]] == [
        garment.category for garment in located
    ]
    for mine, theirs in zip(located, found["garments"], strict=True):
        assert theirs["box"] == pytest.approx(mine.box_in_image, abs=0.051)
        assert theirs["score"] == pytest.approx(mine.score, abs=5.1e-5)
    lines = command_line(capfd, "search", street, *words, "--k", 4)
    assert_same_answers(answers, lines)
    boxed = ("--box", "10,20,110,220", "--ranker", "cosine", "--k", 4)
    assert_same_answers(given, command_line(capfd, "search", street, *words, *boxed))


def assert_same_answers(answers, lines):
    for answer, line in zip(answers, lines, strict=True):
        assert line["box"] == pytest.approx(answer.box, abs=0.051)
        assert line["category"] == answer.category
        assert line["ranker"] == answer.ranker
        assert line.get("note", "") == answer.note
        assert line["results"] == [
            {
                "rank": hit.rank,
                "item": hit.item,
                "photo": hit.photo,
                "similarity": round(hit.similarity, 4),
                "match": None if hit.match is None else round(hit.match, 4),
                "box": hit.box_in_image
                and [round(value, 1) for value in hit.box_in_image],
            }
            for hit in answer.hits
        ]


def test_a_finder_that_has_searched_indexes_anew_and_sees_it(run, shop, street):
    with tiefvision.load(run, device="cpu") as finder:
        finder.index(shop)
        (first,) = finder.search(street, whole=True)
        assert len(first.hits) == 4
        (shop / first.hits[0].photo).unlink()
        finder.index(shop)
        (second,) = finder.search(street, whole=True)
    assert [hit.item for hit in second.hits] == [hit.item for hit in first.hits[1:]]


def test_a_ranker_indexed_for_is_preferred_to_one_that_is_not(run, shop, street):
    with tiefvision.load(run, device="cpu") as finder:
        assert finder.ranker_name() == "deeprank"
        finder.index(shop, ["cosine", "mean", "cosine"])
        assert finder.indexed.rankers == ("cosine", "mean")
        assert finder.ranker_name() == "mean"
        assert finder.search(street, whole=True)[0].ranker == "mean"


def test_the_end_of_a_with_block_releases_the_files(run, shop, street, facts_of):
    def held():
        """Readers of files of the workspace, which other tests' finders may share."""
        nodes = {file.stat().st_ino for file in run.glob("*.lmdb")}
        opened = store._shared_environments.items()
        return sum(shared.readers for (_, node), shared in opened if node in nodes)

    before = held()
    with tiefvision.load(run, device="cpu") as finder:
        expected = facts_of(finder.search(street))
        assert held() > before
        finder.close()
        finder.close()
        assert held() == before
        assert facts_of(finder.search(street)) == expected  # opens them again
    assert held() == before
    finder.close()
    finder.index(shop)
    assert finder.search(street, whole=True)[0].hits
    finder.close()
    assert held() == before


def test_several_finders_share_a_workspace(run, street, shop, facts_of):
    first, second = (tiefvision.load(run, device="cpu") for _ in range(2))
    with first, second:
        expected = facts_of(first.search(street))
        assert facts_of(second.search(street)) == expected
        first.close()
        assert facts_of(second.search(street)) == expected
        first.index(shop)
        assert len(first.search(street, whole=True)[0].hits) == 4


def test_a_photograph_of_another_finder_is_seen_by_the_models_that_search(
    trained, street, run, run_stage, facts_of
):
    """Or embeddings of one encoder would be compared with those of another."""
    run_stage(run, "encode_crops", seed=3)
    for stage in ("baseline", "train_deeprank", "compare"):
        run_stage(run, stage)
    first, other = (tiefvision.load(it, device="cpu") for it in (trained, run))
    with first, other:
        opened = first.open(street)
        expected = facts_of(other.search(street, whole=True))
        assert facts_of(other.search(opened, whole=True)) == expected
        assert facts_of(first.search(opened, whole=True)) != expected
