"""A vision transformer of timm from the photographs to the comparison of rankers."""

import json

import pytest

import tiefvision
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
from tiefvision.encoders.dense import make_encoder
from tiefvision.models.bundle import read_bundle
from tiefvision.models.bundle_writing import write_bundle
from tiefvision.models.listing import list_models
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.encoding import read_encoder

pytest.importorskip("timm")

VIT = "timm:test_vit"
OWN = {"encoder": VIT, "weights": "random"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, run_stage):
    """A workspace whose locator and whose crops both use the transformer."""
    run = tmp_path_factory.mktemp("vit") / "run"
    run_stage(run, "ingest")
    run_stage(run, "encode", **OWN)
    for stage in ("train_classifier", "train_boxes"):
        run_stage(run, stage, epochs=1)
    run_stage(run, "localise")
    run_stage(run, "encode_crops", **OWN, grid=7, alterations=0)
    run_stage(run, "baseline")
    return run


def test_artifacts_tell_the_encoder_and_hold_its_weights(workspace):
    made = make_encoder(VIT, "random", 8)
    for name, seed in (("features", 0), ("crops", 8)):
        with Workspace(workspace).open(name) as artifact:
            identity = artifact.header.encoder
            restored = read_encoder(artifact)
        assert (identity["name"], identity["weights"]) == (VIT, f"random (seed {seed})")
        assert restored.identity.to_dict() == identity
    assert restored.identity == made.identity


def test_garments_are_located_indexed_searched_and_compared(
    workspace, dataset, street, capsys
):
    with tiefvision.load(workspace, device="cpu") as finder:
        assert finder.index(dataset)["photos"] == 12
        (answer, *_) = finder.search(street, k=3)
        assert len(answer.hits) == 3
        # The catalogue's own photograph is found again.
        (same, *_) = finder.search(dataset / answer.hits[0].photo, k=1)
        assert same.hits[0].photo == answer.hits[0].photo
    arguments = ("compare", "--workspace", str(workspace), "--json", "--quiet")
    rankers = ("--ranker", "cosine", "--ranker", "mean")
    assert guarded(app, [*arguments, *rankers]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["ranker"] for line in lines] == ["cosine", "mean"]


def test_the_models_are_listed_and_exported(workspace, tmp_path, street):
    (listed,) = (one for one in list_models(Workspace(workspace)) if one.name == VIT)
    assert (listed.parameters, listed.embedding) == (306240, 64 * 14 * 14)
    assert listed.status == "in the workspace"
    with tiefvision.load(workspace, device="cpu") as finder:
        expected = finder.open(street).garments
    # DeepRank is not trained here; a bundle holds what there is.
    paths = write_bundle(Workspace(workspace), tmp_path, "vit-1")
    assert paths[0].name == "encoder-timm-test_vit.safetensors"
    bundle = read_bundle(tmp_path)
    assert bundle.encoder().identity.name == VIT
    with tiefvision.load(tmp_path / "new", models=str(tmp_path)) as finder:
        found = finder.open(street).garments
    assert [one.category for one in found] == [one.category for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.box_in_image == pytest.approx(other.box_in_image, abs=2)
