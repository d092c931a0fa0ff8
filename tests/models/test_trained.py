import numpy as np
import pytest

from tiefvision.catalogue.gallery import read_rows
from tiefvision.catalogue.living.collection import (
    Collection,
    make_current,
    put_collection,
)
from tiefvision.catalogue.loading import describe_indexed, gallery_name
from tiefvision.engines.choice import Backend
from tiefvision.errors import BadUsage, MissingArtifact, StaleArtifact
from tiefvision.finder import Finder
from tiefvision.models.bundle import read_bundle
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.models.protocol import default_rankers, preferred_ranker
from tiefvision.models.trained import TrainedModels
from tiefvision.photos.working import open_photo
from tiefvision.ranking.deeprank import ColourRanker, DeepRanker
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.store.table import Table
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos, record_to_garment

CPU = Backend("cpu").inference


def test_a_loaded_locator_finds_what_the_stage_found(trained):
    workspace = Workspace(trained)
    locator = TrainedModels(workspace).locator(CPU)
    with workspace.open("photos") as records, workspace.open("locations") as locations:
        for photo in read_photos(records)[::8]:
            stored = locations.record(f"found/{photo.path}")
            found = locator.find(open_photo(photo_path(records, photo.path)))
            expected = [record_to_garment(garment) for garment in stored]
            assert len(found) == len(expected)
            for mine, other in zip(found, expected, strict=True):
                assert mine.category == other.category
                # The locator may compute in bfloat16, the stage computes in float32.
                np.testing.assert_allclose(
                    mine.box_in_image, other.box_in_image, atol=2
                )


def test_garments_are_encoded_by_another_encoder_than_they_are_located_by(trained):
    """Each encoder is the one that made the maps of its artifact."""
    workspace = Workspace(trained)
    models = TrainedModels(workspace)
    for encoder, name in (
        (models.locator(CPU).encoder, "features"),
        (models.encoder(CPU), "crops"),
    ):
        with workspace.open(name) as artifact:
            assert artifact.header.encoder == encoder.identity.to_dict()
    assert models.locator(CPU).encoder.identity != models.encoder(CPU).identity


def search(workspace, ranker, path):
    """The closest photograph of the gallery to a located garment of the gallery."""
    with Finder(workspace, TrainedModels(workspace), Backend("cpu")) as finder:
        root = finder.indexed.root
        (answer, *_) = finder.search(root / path, k=1, ranker=ranker)
        assert finder.describer.encoder.identity.name
        return answer.hits[0]


def gallery_photos(workspace):
    with workspace.open("gallery") as gallery:
        return [f"images/{row.photo}" for row in read_rows(gallery)]


def test_an_encoder_of_another_architecture_serves_the_rankers(run, run_stage):
    """The maps of the rankers have other channels and cells than the locator's."""
    changes = {"encoder": "squeezenet1_1", "grid": 3}
    run_stage(run, "encode_crops", **changes)
    models = TrainedModels(Workspace(run))
    with pytest.raises(StaleArtifact, match=r"deeprank\.lmdb was made with .*stage-8 "):
        models.trained_ranker("deeprank")
    run_stage(run, "baseline")
    run_stage(run, "train_deeprank", epochs=1)
    run_stage(run, "compare")
    assert models.locator(CPU).encoder.identity.name == "alexnet"
    assert models.encoder(CPU).identity.name == "squeezenet1_1"
    path = gallery_photos(models.workspace)[0]
    assert search(models.workspace, "deeprank", path).photo == path


def test_the_gallery_finds_its_own_photographs(trained):
    workspace = Workspace(trained)
    similarities = []
    for path in gallery_photos(workspace):
        hit = search(workspace, "cosine", path)
        assert hit.photo == path
        similarities.append(hit.similarity)
    # The gallery's boxes are found in maps of half precision: a few are cut out a pixel
    # beside those of the search, which changes a map of random weights visibly.
    assert np.median(similarities) > 0.999
    assert min(similarities) > 0.9


def test_the_rankers_are_those_that_were_trained(run):
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    assert models.trained == ("deeprank",)
    assert preferred_ranker(models) == "deeprank"
    assert default_rankers(models) == ("cosine", "deeprank")
    (run / "deeprank.lmdb").rename(run / "deeprank-other.lmdb")
    assert models.trained == ("deeprank-other",)
    assert preferred_ranker(models) == "deeprank-other"
    (run / "deeprank-other.lmdb").unlink()
    assert models.trained == ()
    assert preferred_ranker(models) == "cosine"
    assert default_rankers(models) == ("cosine",)


def test_several_trained_rankers_live_in_one_workspace(run, run_stage):
    with Workspace(run).open("deeprank") as artifact:
        before = artifact.header.digest
    changes = {"name": "deeprank-cells", "network": "cells", "size": 0, "epochs": 1}
    report = run_stage(run, "train_deeprank", **changes)
    assert report["config"]["name"] == "deeprank-cells"
    assert (run / "reports" / "train_deeprank-deeprank-cells.json").is_file()
    models = TrainedModels(Workspace(run))
    assert models.trained == ("deeprank", "deeprank-cells")
    assert isinstance(models.trained_ranker("deeprank-cells"), DeepRanker)
    assert isinstance(models.trained_ranker("deeprank"), ColourRanker)
    with Workspace(run).open("deeprank") as artifact:
        assert artifact.header.digest == before
    assert run_stage(run, "train_deeprank", **changes) is None
    assert run_stage(run, "train_deeprank") is None


def test_a_network_of_the_literature_needs_no_crops(run, put_network):
    """It reads pixels, so no encoder's maps can be the wrong ones."""
    put_network(run, "mobilenet-tenth", 0.1)
    models = TrainedModels(Workspace(run))
    assert models.trained == ("deeprank", "mobilenet-tenth")
    (run / "crops.lmdb").unlink()
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), np.uint8)
    rows = models.trained_ranker("mobilenet-tenth")(GarmentBatch(pixels=pixels))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows.shape == (2, 102)


def test_a_network_stays_out_of_a_bundle(run, put_network, tmp_path):
    put_network(run, "mobilenet", 0.1)
    write_bundle(Workspace(run), tmp_path / "bundle", "test")
    assert read_bundle(tmp_path / "bundle").trained == ("deeprank",)


def test_a_ranker_of_another_kind_is_no_deeprank(run, run_stage):
    with pytest.raises(BadUsage, match="--name cosine is no deeprank"):
        run_stage(run, "train_deeprank", name="cosine")


def test_a_catalogue_is_preferred_to_the_gallery(run):
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    assert gallery_name(workspace, models) == "gallery"
    collection = Collection("made", str(run), {}, {}, {})
    with Table(run / "catalogue.lmdb", create=True) as table:
        with table.write() as changes:
            put_collection(changes, collection)
        assert gallery_name(workspace, models) == "gallery"  # not finished yet
        with table.write() as changes:
            make_current(changes, collection)
    assert gallery_name(workspace, models) == "catalogue"


@pytest.mark.parametrize(
    ("missing", "number"),
    [("features", 2), ("crop_classifier", 3), ("box_regressors", 4), ("locations", 5)],
)
def test_the_missing_artifact_of_a_locator_is_named(missing, number, run):
    (run / f"{missing}.lmdb").unlink()
    expected = f"Run: make stage-{number} RUN={run}$"
    with pytest.raises(MissingArtifact, match=expected):
        TrainedModels(Workspace(run)).locator(CPU)


def test_a_gallery_of_another_encoder_is_refused(run, run_stage):
    run_stage(run, "encode_crops", seed=2)
    run_stage(run, "train_deeprank", epochs=1)
    workspace = Workspace(run)
    path = gallery_photos(workspace)[0]
    with pytest.raises(StaleArtifact, match=r"gallery\.lmdb was made with"):
        search(workspace, "cosine", path)


def test_without_a_test_split_the_command_indexes_a_catalogue(run, monkeypatch):
    from tiefvision.catalogue import loading

    workspace = Workspace(run)
    models = TrainedModels(workspace)
    (run / "gallery.lmdb").unlink()
    expected = rf"gallery\.lmdb.*Run: make stage-9 RUN={run}$"
    with pytest.raises(MissingArtifact, match=expected):
        describe_indexed(workspace, models)

    def without_test(records):
        return [photo for photo in read_photos(records) if photo.split != "test"]

    monkeypatch.setattr(loading, "read_photos", without_test)
    expected = f"Run: tiefvision index CATALOGUE --workspace {run}$"
    with pytest.raises(MissingArtifact, match=expected):
        describe_indexed(workspace, models)
