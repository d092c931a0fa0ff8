"""Search by words: a model of open_clip with random weights, kept in a workspace."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiefvision
from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.errors import BadUsage
from tiefvision.judging.packs import compared_inputs
from tiefvision.models.choice import choose_models
from tiefvision.models.rankers import load_ranker
from tiefvision.ranking.crops import closeup_boxes
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Resources

pytest.importorskip("open_clip")

TEXT = "red floral dress"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory, tiny_clips, bundle, dataset):
    """A workspace with two such models, and a catalogue indexed for one of them."""
    from tiefvision.models.adding import add_ranker

    run = tmp_path_factory.mktemp("text") / "run"
    for name in ("clip", "clip-siglip"):
        model = "open_clip:tiny-siglip" if "-" in name else "open_clip:tiny-clip"
        add_ranker(Workspace(run), f"{model}:random", name, None, Resources(seed=3))
    with tiefvision.load(run, models=str(bundle), device="cpu") as finder:
        finder.index(dataset, ("cosine", "clip"))
    return run


@pytest.fixture
def search(tiefvision, indexed, bundle):
    shared = ("--workspace", indexed, "--models", bundle, "--quiet")
    return lambda *words: tiefvision("search", *words, *shared)


@pytest.fixture(scope="module")
def expected(indexed, bundle, street):
    """The ranker, the embedding of a street photograph, and those of every crop and its
    close-ups, (4, D), by photograph; by a plain loop."""
    workspace = Workspace(indexed)
    models = choose_models(workspace, str(bundle))
    ranker = load_ranker(workspace, models, "clip", Resources())
    with tiefvision.load(indexed, models=str(bundle), device="cpu") as finder:
        (answer,) = finder.search(text=TEXT, k=50)
        root, embedded = finder.indexed.root, {}
        for hit in answer.hits:
            opened = finder.open(root / hit.photo)
            with Image.open(root / hit.photo) as image:
                whole = (0, 0, *image.size)
            boxes = closeup_boxes(hit.box_in_image or whole, 3)
            crops = [opened.described(box) for box in (hit.box_in_image, *boxes)]
            embedded[hit.photo] = np.concatenate([ranker(crop) for crop in crops])
        image = ranker(finder.open(street[0]).described(None))
    return ranker, image, embedded


def test_a_text_alone_searches_the_whole_catalogue(search, expected):
    spoken = search("--text", TEXT, "--k", 50, "--json")
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert (line["query"], line["text"], line["ranker"]) == (None, TEXT, "clip")
    assert line["box"] is None and line["note"] == f"by the text '{TEXT}'"
    ranker, _, embedded = expected
    assert len(line["results"]) == len(embedded) == 12
    for hit in line["results"]:
        best = (embedded[hit["photo"]] @ ranker.embed_text(TEXT)[0]).max()
        assert hit["similarity"] == pytest.approx(best, abs=2e-3)
    found = [hit["similarity"] for hit in line["results"]]
    assert found == sorted(found, reverse=True)


def test_a_text_beside_a_photograph_is_weighed(search, expected, street):
    ranker, image, embedded = expected
    words = (street[0], "--whole", "--text", TEXT, "--k", 12, "--json")
    for weight in (1, 0, 0.3):
        mixed = (1 - weight) * image[0] + weight * ranker.embed_text(TEXT)[0]
        mixed /= np.linalg.norm(mixed)
        (line,) = search(*words, "--text-weight", weight).lines
        assert len(line["results"]) == 12
        for hit in line["results"]:
            best = (embedded[hit["photo"]] @ mixed).max()
            assert hit["similarity"] == pytest.approx(best, abs=3e-3)


def test_conditions_and_groups_hold_for_a_text(search):
    every = search("--text", TEXT, "--k", 50, "--json").lines[0]["results"]
    items = [hit["item"] for hit in every]
    condition = f"item == '{items[4]}' or item == '{items[1]}'"
    (line,) = search("--text", TEXT, "--where", condition, "--json").lines
    assert [hit["item"] for hit in line["results"]] == [items[1], items[4]]
    (outfits,) = search("--text", TEXT, "--category", "outfit", "--json").lines
    assert outfits["category"] == "outfit"
    wanted = search("--text", TEXT, "--where", "colour == 'red'", "--json")
    assert (wanted.code, "colour" in wanted.err) == (BAD_USAGE, True)
    wrong = search("--text", TEXT, "--category", "hat")
    assert (wrong.code, "hat" in wrong.err) == (BAD_USAGE, True)


def test_a_table_and_a_page_show_the_text(search, tmp_path, street):
    page = tmp_path / "page.html"
    spoken = search("--text", TEXT, "--html", page)
    assert spoken.out.splitlines()[0] == f"by the text '{TEXT}' (clip)"
    assert page.read_text("utf-8").count(TEXT) > 1
    beside = search(street[0], "--whole", "--text", TEXT)
    assert f"with the text '{TEXT}' (clip)" in " ".join(beside.out.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to search with"),
        (("--text", " "), "blank"),
        (("--text", "a", "--whole"), "that of a photograph"),
        (("--text", "a", "--preview"), "shows a photograph"),
        (
            ("--text", "a", "--ranker", "cosine"),
            "by cosine. Search by clip, which reads",
        ),
        (("--text", "a", "--text-weight", "2"), "text-weight"),
        (("a.jpg", "--text-weight", "0.3"), "weight of a text needs the text"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(words, said, search):
    spoken = search(*words)
    assert spoken.code == BAD_USAGE
    assert said in " ".join(spoken.err.split())


def test_models_are_added_and_listed(tiefvision, tmp_path, tiny_clips):
    words = ("models", "--workspace", tmp_path)
    added = tiefvision(*words, "--add", "open_clip:tiny-clip:random", "--json")
    assert added.lines == [{"ranker": "clip", "weights": "random (seed 0)"}]
    (line,) = (
        one for one in tiefvision(*words, "--json").lines if one["name"] == "clip"
    )
    assert (line["kind"], line["embedding"], line["trainable"]) == ("ranker", 24, 0)
    assert line["status"] == "in the workspace"
    with Workspace(tmp_path).open("clip") as kept:
        assert kept.header.encoder["name"] == "open_clip:tiny-clip"
        assert line["parameters"] == sum(
            int(np.prod(shape)) for shape in kept.header.details["shapes"].values()
        )


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("open_clip:tiny-clip",), BAD_USAGE, "with its weights"),
        (("timm:test_vit:random",), BAD_USAGE, "is no model of open_clip"),
        (("open_clip:tiny-clip:random", "--name", "deeprank"), BAD_USAGE, "is no clip"),
        (
            ("open_clip:tiny-clap:random",),
            BAD_USAGE,
            "Did you mean open_clip:tiny-clip",
        ),
        (("open_clip:tiny-clip:no.safetensors",), FAILED, "no weights file at no.saf"),
    ],
)
def test_what_cannot_be_added_is_refused(
    given, code, said, tiefvision, tmp_path, tiny_clips
):
    spoken = tiefvision("models", "--workspace", tmp_path, "--add", *given)
    assert (spoken.code, said in " ".join(spoken.err.split())) == (code, True)
    assert not list(tmp_path.glob("*.lmdb"))


def test_a_model_that_is_not_kept_is_missed_with_the_command(
    tiefvision, dataset, tmp_path, bundle
):
    words = ("--workspace", tmp_path, "--models", bundle, "--ranker", "clip")
    spoken = tiefvision("index", dataset, *words)
    assert spoken.code == FAILED
    assert "tiefvision models --add open_clip:MODEL:FILE --name clip" in spoken.err


def test_a_model_ranks_beside_the_others(tiefvision, run, tiny_clips):
    words = ("--workspace", run, "--json", "--quiet")
    tiefvision("models", *words[:2], "--add", "open_clip:tiny-clip:random")
    spoken = tiefvision("compare", "--ranker", "cosine", "--ranker", "clip", *words)
    assert spoken.code == DONE, spoken.err
    assert [line["ranker"] for line in spoken.lines] == ["cosine", "clip"]
    workspace = Workspace(run)
    models = choose_models(workspace, "auto")
    inputs = compared_inputs(workspace, workspace, models, ("cosine", "clip"))
    with workspace.open("clip") as kept:
        assert inputs["clip"] == kept.header.digest
    assert spoken.lines[1]["index"]["embedding"] == 24


def test_what_reads_no_text_names_the_commands_that_add_one(tmp_path):
    from tiefvision.catalogue.loading import Indexed
    from tiefvision.catalogue.words import reading_ranker

    run = Workspace(tmp_path)
    shop = Indexed("catalogue", Path("a shop"), 1, 1, ("cosine",), 0.0)
    index = f"tiefvision index 'a shop' --workspace {tmp_path} --ranker clip"
    add = f"tiefvision models --add open_clip:NAME:FILE --workspace {tmp_path}; then "
    with pytest.raises(BadUsage) as caught:
        reading_ranker("", shop, run)
    assert caught.value.fix == f"Run: {add}{index}"
    run.path("clip").write_bytes(b"")  # added, and not indexed yet
    with pytest.raises(BadUsage) as caught:
        reading_ranker("", shop, run)
    assert caught.value.fix == f"Run: {index}"
