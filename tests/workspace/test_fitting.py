import numpy as np

from tiefvision.store.artifact import Artifact, ArtifactWriter
from tiefvision.store.header import Header
from tiefvision.training.loop import Snapshot
from tiefvision.workspace.fitting import WriterMemory

HEADER = Header("train_boxes", 1, {}, {})


def snapshot(epoch):
    tensors = {
        "module/weight": np.full((2, 3), epoch, dtype=np.float32),
        "moments/0/step": np.array(float(epoch), dtype=np.float32),
    }
    return Snapshot(
        epoch, tensors, tuple({"epoch": float(n)} for n in range(epoch + 1))
    )


def test_the_last_snapshot_is_remembered_by_the_next_process(tmp_path):
    path = tmp_path / "a.lmdb"
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        memory = WriterMemory(writer)
        assert memory.recall() is None
        for epoch in range(3):
            memory.remember(snapshot(epoch))
    with ArtifactWriter(path, HEADER, 0.1) as writer:
        recalled = WriterMemory(writer).recall()
    expected = snapshot(2)
    assert (recalled.epoch, recalled.history) == (2, expected.history)
    assert set(recalled.tensors) == set(expected.tensors)
    for name, array in expected.tensors.items():
        assert recalled.tensors[name].shape == array.shape
        np.testing.assert_array_equal(recalled.tensors[name], array)


def test_a_finished_artifact_holds_no_snapshot(trained):
    for name in ("crop_classifier", "box_regressors", "deeprank"):
        with Artifact(trained / f"{name}.lmdb") as artifact:
            assert artifact.header.count == {"weights": 1, "training": 1}
            assert not any(artifact.has(key) for key in WriterMemory.keys)
