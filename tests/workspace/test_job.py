from dataclasses import replace

import pytest

from tiefvision.errors import MissingArtifact, StaleArtifact
from tiefvision.store.header import Header
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.job import Job, Resources, input_digests, require_same_encoder

HEADER = Header("baseline", 1, {"seed": 0}, {"crops": "d1"})
ENCODER = {"name": "alexnet", "weights": "a", "weights_hash": "f" * 64} | {
    "preprocessing": "imagenet"
}


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


def write(workspace, name, header=HEADER, encoder=None, records=None):
    with (
        Job(workspace, name, header, Resources(max_gib=0.1)) as job,
        job.write() as writer,
    ):
        writer.write(None, records)
        writer.finish(encoder)


def test_a_job_is_due_until_its_artifact_is_finished(workspace):
    assert not Job(workspace, "baseline", HEADER).up_to_date
    write(workspace, "baseline")
    assert Job(workspace, "baseline", HEADER).up_to_date


@pytest.mark.parametrize(
    "change",
    [{"version": 2}, {"config": {"seed": 1}}, {"inputs": {"crops": "d2"}}],
    ids=lambda change: next(iter(change)),
)
def test_a_job_is_due_again_after_a_change(workspace, change):
    write(workspace, "baseline")
    assert not Job(workspace, "baseline", replace(HEADER, **change)).up_to_date


def test_a_damaged_artifact_is_due_again(workspace):
    workspace.path("baseline").write_bytes(b"nonsense" * 4096)
    assert not Job(workspace, "baseline", HEADER).up_to_date


def test_artifacts_that_a_job_read_are_closed_when_it_ends(workspace):
    write(workspace, "crops", records={"crop/a": 1})
    with Job(workspace, "baseline", HEADER) as job:
        crops = job.read("crops")
        assert crops.record("crop/a") == 1
    assert crops._shared is None


def test_inputs_are_known_by_their_digests(workspace):
    write(workspace, "photos", records={"photo/a": 1})
    write(workspace, "crops", records={"crop/a": 1})
    before = input_digests(workspace, ("photos", "crops"))
    write(workspace, "crops", records={"crop/a": 2})
    after = input_digests(workspace, ("photos", "crops"))
    assert before["photos"] == after["photos"]
    assert before["crops"] != after["crops"]


def test_the_first_missing_input_is_named(workspace):
    write(workspace, "photos")
    with pytest.raises(MissingArtifact, match=r"features\.lmdb.*make stage-2 RUN="):
        input_digests(workspace, ("photos", "features", "crops"))


def test_artifacts_of_one_encoder_are_accepted(workspace):
    # The label of the weights says where they came from: a copy has another one.
    for name, label in (("features", "a"), ("crops", "b"), ("deeprank", "c")):
        write(workspace, name, encoder=ENCODER | {"weights": label})
    with Job(workspace, "gallery", HEADER) as job:
        artifacts = [job.read(name) for name in ("features", "crops", "deeprank")]
        assert require_same_encoder(*artifacts) == ENCODER


@pytest.mark.parametrize("key", ["name", "weights_hash", "preprocessing"])
def test_artifacts_of_two_encoders_are_refused(workspace, key):
    write(workspace, "features", encoder=ENCODER)
    write(workspace, "crops", encoder=ENCODER)
    write(workspace, "deeprank", encoder=ENCODER | {key: "another"})
    with Job(workspace, "gallery", HEADER) as job:
        artifacts = [job.read(name) for name in ("features", "crops", "deeprank")]
        with pytest.raises(
            StaleArtifact,
            match=r"deeprank\.lmdb was made with .* but features\.lmdb .*make stage-8",
        ):
            require_same_encoder(*artifacts)


def test_an_artifact_without_an_encoder_is_refused(workspace):
    write(workspace, "features")
    with Job(workspace, "gallery", HEADER) as job:
        features = job.read("features")
        with pytest.raises(StaleArtifact, match=r"names no encoder.*make stage-2 RUN="):
            require_same_encoder(features)
