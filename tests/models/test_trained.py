import numpy as np
import pytest
import torch

from tiefvision.catalogue.loading import gallery_name, load_searcher
from tiefvision.errors import MissingArtifact, StaleArtifact, TiefVisionError
from tiefvision.models.trained import (
    TrainedModels,
    load_locator,
    load_rankers,
    ranker_name,
)
from tiefvision.photos.working import open_photo
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos, record_to_garment

CPU = torch.device("cpu")


def test_a_loaded_locator_finds_what_the_stage_found(trained):
    workspace = Workspace(trained)
    locator = load_locator(workspace, CPU)
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
    """And each is the one whose maps lie in the workspace."""
    workspace = Workspace(trained)
    models = TrainedModels(workspace)
    for encoder, name in (
        (models.locator(CPU).encoder, "features"),
        (models.encoder(CPU), "crops"),
    ):
        with workspace.open(name) as artifact:
            assert artifact.header.encoder == encoder.identity.to_dict()
    assert models.locator(CPU).encoder.identity != models.encoder(CPU).identity


def test_an_encoder_of_another_architecture_serves_the_rankers(run, run_stage):
    """Its maps have other channels and cells than the locator's."""
    changes = {"encoder": "squeezenet1_1", "grid": 3}
    run_stage(run, "encode_crops", **changes)
    with pytest.raises(StaleArtifact, match=r"deeprank\.lmdb was made with .*stage-8$"):
        load_rankers(Workspace(run), CPU)
    run_stage(run, "baseline")
    run_stage(run, "train_deeprank", epochs=1)
    run_stage(run, "compare")
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    assert models.locator(CPU).encoder.identity.name == "alexnet"
    searcher, root = load_searcher(workspace, models, "deeprank", CPU)
    assert searcher.encoder.identity.name == "squeezenet1_1"
    path = searcher.photos[0]
    photo = open_photo(root / path)
    (surest, *_) = models.locator(CPU).find(photo)
    (hit,) = searcher.nearest(photo, surest.box_in_image, 1)
    assert hit.photo == path


def test_a_loaded_searcher_finds_a_photograph_of_the_gallery(trained):
    workspace = Workspace(trained)
    models = TrainedModels(workspace)
    locator = models.locator(CPU)
    searcher, root = load_searcher(workspace, models, "cosine", CPU)
    for path in searcher.photos[::5]:
        photo = open_photo(root / path)
        (surest, *_) = locator.find(photo)
        (hit,) = searcher.nearest(photo, surest.box_in_image, 1)
        assert hit.photo == path
        assert hit.similarity > 0.99


def test_the_rankers_are_those_that_were_trained(run):
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    assert list(load_rankers(workspace, CPU)) == ["cosine", "deeprank"]
    assert ranker_name(models, "") == "deeprank"
    assert ranker_name(models, "cosine") == "cosine"
    (run / "deeprank.lmdb").unlink()
    assert list(load_rankers(workspace, CPU)) == ["cosine"]
    assert ranker_name(models, "") == "cosine"
    with pytest.raises(
        TiefVisionError, match=r"no ranker 'deeprank' here\. Use cosine"
    ):
        ranker_name(models, "deeprank")


def test_a_catalogue_is_preferred_to_the_gallery(run):
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    assert gallery_name(workspace, models) == "gallery"
    (run / "catalogue.lmdb").write_bytes(b"")
    assert gallery_name(workspace, models) == "catalogue"


@pytest.mark.parametrize(
    ("missing", "number"),
    [("features", 2), ("crop_classifier", 3), ("box_regressors", 4), ("locations", 5)],
)
def test_what_a_locator_lacks_is_named(missing, number, run):
    (run / f"{missing}.lmdb").unlink()
    with pytest.raises(MissingArtifact, match=f"Run: make stage-{number}$"):
        load_locator(Workspace(run), CPU)


def test_a_gallery_of_another_encoder_is_refused(run, run_stage):
    run_stage(run, "encode_crops", seed=2)
    run_stage(run, "train_deeprank", epochs=1)
    workspace = Workspace(run)
    models = TrainedModels(workspace)
    with pytest.raises(StaleArtifact, match=r"gallery\.lmdb was made with"):
        load_searcher(workspace, models, "cosine", CPU)


def test_where_no_stage_can_make_a_gallery_the_catalogue_is_advised(run, monkeypatch):
    from tiefvision.catalogue import loading

    workspace = Workspace(run)
    models = TrainedModels(workspace)
    (run / "gallery.lmdb").unlink()
    with pytest.raises(MissingArtifact, match=r"gallery\.lmdb.*Run: make stage-9$"):
        load_searcher(workspace, models, "cosine", CPU)

    def without_test(records):
        return [photo for photo in read_photos(records) if photo.split != "test"]

    monkeypatch.setattr(loading, "read_photos", without_test)
    with pytest.raises(MissingArtifact, match=r"Run: tiefvision index CATALOGUE$"):
        load_searcher(workspace, models, "cosine", CPU)
