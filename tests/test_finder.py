"""The front door: ``tiefvision.load``, and what a program does with it."""

import io
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import tiefvision
from tiefvision.catalogue import describing
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.groups import GROUPS, OUTFIT
from tiefvision.locating.locator import Locator
from tiefvision.models.bundle import Bundle
from tiefvision.models.trained import TrainedModels

ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def finder(trained):
    """A finder over the trained workspace and the gallery of its dataset."""
    with tiefvision.load(trained, device="cpu") as made:
        yield made


@pytest.fixture
def no_networks(monkeypatch):
    """Fails a test that loads a network."""

    def refuse(self, *_):
        raise AssertionError("a network was loaded")

    for models in (TrainedModels, Bundle):
        for name in ("locator", "encoder", "trained_ranker"):
            monkeypatch.setattr(models, name, refuse)


@pytest.fixture
def encoded(monkeypatch):
    """Counts how often levels and crops are encoded from now on."""
    count = Counter()
    encode, describe = Locator.encode, describing.describe_crop

    def counting_levels(self, photo):
        count["levels"] += 1
        return encode(self, photo)

    def counting_crops(*arguments):
        count["crops"] += 1
        return describe(*arguments)

    monkeypatch.setattr(Locator, "encode", counting_levels)
    monkeypatch.setattr(describing, "describe_crop", counting_crops)
    return count


def test_the_package_offers_its_names_and_no_others():
    for name in tiefvision.__all__:
        assert getattr(tiefvision, name) is not None
    assert dir(tiefvision) == sorted(tiefvision.__all__)
    assert issubclass(tiefvision.UnreadablePhoto, tiefvision.TiefVisionError)
    with pytest.raises(AttributeError, match="'tiefvision' has no attribute 'lode'"):
        tiefvision.lode  # noqa: B018


def test_a_workspace_is_loaded_with_its_own_models(trained, shipped):
    loaded = tiefvision.load(str(trained))
    assert loaded.models == TrainedModels(loaded.workspace)
    assert loaded.categories == ("outfit",)
    other = tiefvision.load(trained, models="shipped")
    assert isinstance(other.models, Bundle)
    assert other.models.heads.path.parent == shipped


def test_without_a_workspace_the_models_that_ship_are_loaded(
    shipped, bundle, tmp_path, monkeypatch, street
):
    monkeypatch.chdir(tmp_path)
    loaded = tiefvision.load(device="cpu")
    assert loaded.models.heads.path.parent == shipped
    assert not Path("data").exists()
    # A bundle of the same models, given as a folder, locates the same.
    same = tiefvision.load(models=str(bundle), device="cpu")
    found = loaded.open(street).garments
    assert found and same.open(street).garments == found


def test_what_is_no_choice_of_models_is_refused(trained, tmp_path):
    with pytest.raises(tiefvision.BadUsage, match="no models 'best'"):
        tiefvision.load(trained, models="best")
    with pytest.raises(tiefvision.BadWeights, match=r"heads\.safetensors"):
        tiefvision.load(trained, models=str(tmp_path))


def test_an_unknown_device_or_engine_is_refused(trained):
    with pytest.raises(tiefvision.BadUsage, match="no device 'abacus'"):
        tiefvision.load(trained, device="abacus")
    with pytest.raises(tiefvision.BadUsage, match="no engine 'steam'"):
        tiefvision.load(trained, engine="steam")
    with pytest.raises(tiefvision.BadUsage, match="runs on the CPU, not on cuda"):
        tiefvision.load(trained, device="cuda", engine="openvino")


def test_a_device_that_is_not_here_is_refused_when_a_network_has_to_run(
    trained, street, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    photo = tiefvision.load(trained, device="cuda").open(street)
    with pytest.raises(tiefvision.BadUsage, match="no device 'cuda' here"):
        _ = photo.garments


def test_engines_find_the_same_garments(trained, street):
    both = [
        tiefvision.load(trained, device="cpu", engine=engine).open(street).garments
        for engine in ("openvino", "torch")
    ]
    assert both[0]
    for one, other in zip(*both, strict=True):
        assert one.category == other.category
        assert one.score == pytest.approx(other.score, abs=1e-3)
        assert one.box_in_image == pytest.approx(other.box_in_image, abs=0.5)


def test_every_source_of_a_photograph_gives_the_same_garments(finder, street, tmp_path):
    """The file lies on its side, and its EXIF block says how to turn it."""
    upright = Image.open(street).convert("RGB")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    file = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(file, exif=exif)
    sources = {
        "path": file,
        "str": str(file),
        "bytes": file.read_bytes(),
        "image": Image.open(file),
        "array": np.asarray(upright),
    }
    photos = {name: finder.open(source) for name, source in sources.items()}
    expected = photos["array"].garments
    assert expected
    for name, photo in photos.items():
        assert (photo.width, photo.height) == upright.size, name
        assert photo.garments == expected, name


def test_what_is_no_photograph_is_refused(finder, tmp_path):
    for source in (tmp_path / "none.jpg", b"no photograph", np.zeros((9, 9)), 7):
        with pytest.raises(tiefvision.UnreadablePhoto):
            finder.open(source)


def test_garments_come_the_surest_first_and_lie_inside(finder, street):
    photo = finder.open(street)
    scores = [garment.score for garment in photo.garments]
    assert scores == sorted(scores, reverse=True)
    assert photo.to_search == photo.garments  # as some are sure
    for garment in photo.garments:
        assert isinstance(garment, tiefvision.Garment)
        assert garment.category in finder.categories
        x0, y0, x1, y1 = garment.box_in_image
        assert 0 <= x0 < x1 <= photo.width and 0 <= y0 < y1 <= photo.height


def test_levels_are_encoded_once_and_each_crop_once(finder, street, encoded):
    photo = finder.open(street)
    assert encoded == {}  # nothing before somebody asks
    first = finder.search(photo)
    garments = len(first)
    assert [answer.box for answer in first] == [
        garment.box_in_image for garment in photo.garments
    ]
    assert encoded == {"levels": 1, "crops": garments}
    photo.explain()
    finder.search(photo, k=1)
    finder.search(photo, ranker="cosine")
    finder.search(photo, category="outfit")
    finder.search(photo, box=first[0].box)
    assert encoded == {"levels": 1, "crops": garments}
    finder.search(photo, whole=True)
    finder.search(photo, whole=True)
    finder.search(photo, box=(1, 2, 30, 40))
    finder.search(photo, box=(1, 2, 30, 40), ranker="cosine")
    assert encoded == {"levels": 1, "crops": garments + 2}


@pytest.mark.parametrize("asked", [{"box": (0, 0, 50, 50)}, {"whole": True}])
def test_nothing_is_located_where_the_query_is_given(asked, trained, street, encoded):
    with tiefvision.load(trained, device="cpu") as fresh:
        fresh.search(street, **asked)
        assert encoded == {"crops": 1}
        assert "locator" not in vars(fresh)


def test_an_answer_says_what_was_asked_and_found(finder, street):
    (answer,) = finder.search(street, box=(10, 20.5, 110, 220), k=3)
    assert isinstance(answer, tiefvision.Answer)
    assert (answer.box, answer.category) == ((10, 20.5, 110, 220), "")
    assert (answer.note, answer.ranker) == ("box as given", "deeprank")
    assert [hit.rank for hit in answer.hits] == [1, 2, 3]
    assert len({hit.item for hit in answer.hits}) == 3
    similarities = [hit.similarity for hit in answer.hits]
    assert similarities == sorted(similarities, reverse=True)
    for hit in answer.hits:
        assert isinstance(hit, tiefvision.Hit)
        assert -1.0 <= hit.similarity <= 1.0
        assert (finder.indexed.root / hit.photo).is_file()
        assert hit.category in ("", OUTFIT, *GROUPS)


def test_the_whole_photograph_is_searched_with_where_asked(finder, street):
    (answer,) = finder.search(street, whole=True, ranker="cosine")
    assert (answer.box, answer.category, answer.ranker) == (None, "", "cosine")
    assert answer.note == "whole photograph, as asked"


def test_of_a_category_only_its_garments_are_searched_for(finder, street, facts_of):
    photo = finder.open(street)
    outfits = finder.search(photo, category="outfit")
    assert facts_of(outfits) == facts_of(finder.search(photo))


def test_a_photograph_of_the_gallery_finds_itself_by_every_ranker(finder):
    file = sorted((finder.indexed.root / "images" / "shop").iterdir())[3]
    assert set(finder.indexed.rankers) == {"cosine", "deeprank"}
    photo = finder.open(file)
    for ranker in finder.indexed.rankers:
        (answer, *_) = finder.search(photo, k=1, ranker=ranker)
        assert [hit.photo for hit in answer.hits] == [f"images/shop/{file.name}"]
        assert answer.hits[0].similarity > 0.99


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"ranker": "hue"}, "no ranker hue. Use cosine, mean, "),
        ({"ranker": "cosine-2"}, "no ranker cosine-2"),
        ({"category": "tent"}, "knows no category 'tent'. Use outfit."),
        ({"box": (9000, 0, 9001, 9)}, "lies outside a photograph of"),
        ({"box": (0, 9000, 9, 9001)}, "lies outside a photograph of"),
        ({"box": (-20, -20, -10, 9)}, "lies outside a photograph of"),
        ({"box": (9, 9, 1, 1)}, "empty, reversed or endless"),
        ({"box": (0, 0, float("nan"), 9)}, "empty, reversed or endless"),
        ({"box": (1, 2, 3)}, "is not x0, y0, x1, y1"),
        ({"k": 0}, "k = 0 asks for no item"),
    ],
    ids=str,
)
def test_bad_usage_is_refused_before_a_network_is_loaded(
    asked, message, trained, street, no_networks
):
    with (
        tiefvision.load(trained) as fresh,
        pytest.raises(tiefvision.BadUsage, match=re.escape(message)),
    ):
        fresh.search(street, **asked)


def test_an_array_serves_as_a_box(finder, street):
    box = np.array([10, 20, 110, 220])
    (answer,) = finder.search(street, box=box)
    assert answer.box == (10.0, 20.0, 110.0, 220.0)


def test_what_is_missing_is_named_with_the_command_that_makes_it(
    run, street, shipped, tmp_path, no_networks
):
    (run / "gallery.lmdb").unlink()
    with pytest.raises(tiefvision.MissingArtifact) as caught:
        tiefvision.load(run).search(street)
    assert caught.value.fix == f"Run: make stage-9 RUN={run}"
    none = tmp_path / "none"
    with pytest.raises(tiefvision.MissingArtifact) as caught:
        tiefvision.load(none).search(street)
    assert caught.value.fix == f"Run: tiefvision index CATALOGUE --workspace {none}"


def test_a_ranker_that_does_not_exist_is_refused_before_indexing(run, no_networks):
    with pytest.raises(tiefvision.BadUsage, match="no ranker hue"):
        tiefvision.load(run).index(run, ["cosine", "hue"])
    assert not (run / "catalogue.lmdb").exists()


def test_where_nothing_is_found_the_whole_photograph_is_searched_with(finder):
    file = io.BytesIO()
    Image.new("RGB", (90, 120), (127, 127, 127)).save(file, "PNG")
    photo = finder.open(file.getvalue())
    vars(photo)["_candidates"] = ()  # what the untrained locator makes of grey varies
    assert photo.garments == photo.to_search == ()
    (answer,) = finder.search(photo)
    assert (answer.box, answer.category) == (None, "")
    assert answer.note == "no garment found: searched with the whole photograph"
    assert answer.hits and not answer.query.unsure


def test_an_outfit_too_unsure_to_be_told_is_searched_with_and_said(finder, street):
    photo = finder.open(street)
    unsure = tiefvision.Garment("outfit", (1.0, 2.0, 50.0, 60.0), 0.2)
    vars(photo)["_candidates"] = (unsure,)
    assert photo.garments == ()
    assert photo.to_search == (unsure,)
    (answer,) = finder.search(photo)
    assert (answer.box, answer.category) == (unsure.box_in_image, "outfit")
    assert answer.note == "outfit with a score of only 0.20"
    assert answer.query.unsure


def test_evidence_tells_of_the_garments(finder, street):
    photo = finder.open(street)
    evidence = photo.explain()
    assert evidence.heat.max() > 0
    x0, y0, x1, y1 = photo.garments[0].box_in_image
    # The windows that voted lie around the garment that they voted for.
    left, top, right, bottom = evidence.voters_in_image.T
    assert len(left) == len(evidence.weights) > 0
    assert ((left < x1) & (right > x0) & (top < y1) & (bottom > y0)).all()


def test_threads_are_limited_in_both_networks(trained):
    with tiefvision.load(trained, device="cpu", threads=3) as fresh:
        assert fresh.describer.encoder.engine == OpenVinoEngine(3)
        assert fresh.locator.encoder.engine is fresh.describer.encoder.engine


def test_threads_of_torch_are_limited_when_the_networks_are_loaded(
    trained, monkeypatch
):
    asked = []
    monkeypatch.setattr("tiefvision.engines.choice.limit_threads", asked.append)
    choice = {"device": "cpu", "engine": "torch", "threads": 3}
    with tiefvision.load(trained, **choice) as fresh:
        assert asked == []
        assert fresh.describer.encoder
        assert fresh.locator
    assert asked == [3]


def test_adding_a_photograph_loads_no_network_again(
    shipped, street_photos, tmp_path, monkeypatch
):
    first, second, third, *_ = street_photos
    with tiefvision.load(tmp_path / "run", models="shipped", device="cpu") as finder:
        finder.catalogue().add([first])
        finder.search(first)

        def refuse(self, *_):
            raise AssertionError("a network was loaded")

        locator, encoder = Bundle.locator, Bundle.encoder
        for name in ("locator", "encoder"):
            monkeypatch.setattr(Bundle, name, refuse)
        assert finder.catalogue().add([second])["added"] == 1
        assert finder.search(second)[0].hits[0].photo.endswith(second.name)

        monkeypatch.setattr(Bundle, "locator", locator)
        monkeypatch.setattr(Bundle, "encoder", encoder)
        before = finder.locator
        digests = {"heads": "0" * 64}  # as if they had been trained again
        monkeypatch.setattr(Bundle, "digests", lambda self, rankers=(): digests)
        with pytest.raises(tiefvision.StaleArtifact, match="made by other models"):
            finder.catalogue().add([third])
        assert finder.locator is not before


def test_the_rank_under_another_ranker_is_that_of_its_own_answer(finder, street):
    photo = finder.open(street)
    for answer in finder.search(photo, ranker="deeprank"):
        (other,) = (
            one
            for one in finder.search(photo, ranker="cosine", k=50)
            if one.box == answer.box
        )
        expected = {hit.item: hit.rank for hit in other.hits}
        items = [hit.item for hit in answer.hits]
        ranks = finder.rank_of(photo, answer.query, [*items, "no such"], "cosine")
        assert ranks == {item: expected[item] for item in items} | {"no such": None}
        only = f"item in ('{items[0]}', '{items[-1]}')"
        within = finder.rank_of(photo, answer.query, items, "cosine", where=only)
        assert {rank for rank in within.values() if rank} <= {1, 2}
        assert [within[items[0]] is None, within[items[-1]] is None] == [False, False]


def test_behind_so_many_items_no_rank_is_told(finder, street, monkeypatch):
    monkeypatch.setattr("tiefvision.catalogue.answers.RANKED", 2)
    photo = finder.open(street)
    (answer,) = finder.search(photo, whole=True, ranker="cosine")
    items = [hit.item for hit in answer.hits]
    ranks = finder.rank_of(photo, answer.query, items, "cosine")
    assert [*ranks.values()] == [1, 2, *[None] * (len(items) - 2)]
