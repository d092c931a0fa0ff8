import pytest

from tiefvision.datasets.layout import read_dataset
from tiefvision.datasets.triplets import read_triplets
from tiefvision.triplets.sources import SAMPLINGS


@pytest.fixture
def build(tiefvision, trained, tmp_path):
    """Runs ``tiefvision triplets build`` on the trained workspace."""

    def run(sampling, *arguments, output=tmp_path / "out.csv"):
        return tiefvision(
            *("triplets", "build", "--workspace", trained, "--sampling", sampling),
            *("--output", output, *arguments),
        )

    return run


def test_the_file_holds_triplets_of_the_split(build, dataset, tmp_path):
    options = ("--split", "test", "--set", "by=item")
    done = build("uniform", "--count", 30, *options, "--json")
    assert done.code == 0
    (said,) = done.lines
    assert (said["triplets"], said["split"], said["seed"]) == (30, "test", 0)
    assert said["same_item"] == said["out_of_class"] == 1
    photos = {one.path: one for one in read_dataset(dataset).photos}
    triplets, problems = read_triplets(tmp_path / "out.csv", photos)
    assert len(triplets) == 30 and not problems
    for one in triplets:
        split = {photos[path].split for path in (one.query, one.positive, one.negative)}
        assert split == {"test"}


def test_the_same_seed_writes_the_same_bytes(build, tmp_path):
    texts = []
    for number, seed in enumerate((5, 5, 6)):
        file = tmp_path / f"{number}.csv"
        options = ("--scorer", "lab", "--scorer", "cosine", "--seed", seed)
        assert build("shares", *options, "--count", 40, output=file).code == 0
        texts.append(file.read_bytes())
    assert texts[0] == texts[1] != texts[2]


def test_shares_are_told_with_what_is_scaled_down(build):
    done = build("shares", "--scorer", "lab", "--set", "in_class=1", "--count", 20)
    assert done.code == 0
    assert "proposed by lab" in done.out and "100.0%" in done.out
    assert "their ranks are scaled down" in done.err
    assert "20 triplets are in" in done.err
    quiet = build("shares", "--scorer", "lab", "--count", 20, "--quiet")
    assert not quiet.err


def test_a_pool_bounds_the_photographs_that_are_compared(build):
    done = build("close", "--scorer", "lab", "--pool", 6, "--json")
    assert done.lines[0]["photos"] <= 6
    assert "Drawn from 6 of" in done.lines[0]["notes"][0]


def test_a_feature_of_the_engineered_recommender_proposes(build):
    """Each crop of the small dataset has hundreds of jets, so 1,024 words suffice."""
    done = build("shares", "--scorer", "pattern", "--scorer", "colour", "--json")
    assert done.code == 0, done.err
    assert done.lines[0]["sources"].keys() <= {"pattern", "colour"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("hard",), "There is no sampling hard. Use uniform, vertical"),
        (
            ("uniform", "--scorer", "lab"),
            "uniform reads no scorer. Leave --scorer out.",
        ),
        (
            ("shares", "--scorer", "x"),
            "There is no scorer x. Use structure, pattern, colour (the features of "
            "engineered), or a ranker: cosine, ",
        ),
        (("shares", "--scorer", "colours"), "Did you mean colour? Use structure"),
        (
            ("shares", "--scorer", "deeprnk"),
            "Did you mean deeprank or deep_ranking? Use s",
        ),
        (("uniform", "--set", "by"), "--set by has no value. Write --set by=VALUE."),
        (("uniform", "--set", "x=1"), "has no setting x. Use count, by"),
        (("uniform", "--split", "all"), "--split all is unknown. Use train, val"),
    ],
)
def test_wrong_options_are_named(build, arguments, said):
    done = build(*arguments)
    assert done.code == 2
    assert said in done.err


def test_what_people_judged_is_not_replaced(build, tmp_path):
    (tmp_path / "annotations.json").write_text("{}")
    file = tmp_path / "triplets.csv"
    file.write_text("query,positive,negative\n")
    done = build("uniform", output=file)
    assert done.code == 2
    assert f"{file} holds the judged triplets of a dataset." in done.err
    assert file.read_text() == "query,positive,negative\n"


def test_a_workspace_without_photographs_names_the_stage(tiefvision, tmp_path):
    done = tiefvision(
        *(
            "triplets",
            "build",
            "--sampling",
            "uniform",
            "--workspace",
            tmp_path / "run",
        ),
        *("--output", tmp_path / "out.csv"),
    )
    assert done.code == 1
    assert f"Run: make stage-1 RUN={tmp_path}/run" in done.err


def test_every_sampling_is_listed(tiefvision):
    done = tiefvision("triplets", "samplings")
    assert done.code == 0
    for name, sampling in SAMPLINGS.items():
        assert name in done.out and sampling.summary in done.out
    lines = tiefvision("triplets", "samplings", "--json").lines
    assert [line["name"] for line in lines] == list(SAMPLINGS)
    assert lines[1]["settings"]["negatives"]["default"] == 100
