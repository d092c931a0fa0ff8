import json

import numpy as np
import pytest
import torch
from PIL import Image

from tiefvision.datasets.files import mask_file, write_label_names
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import make_encoder
from tiefvision.errors import BadDataset, StaleArtifact
from tiefvision.progress import untracked
from tiefvision.training import Schedule
from tiefvision.workspace.tuning import TuningRecipe, read_scenes, tune

CPU = torch.device("cpu")
RECIPE = TuningRecipe(Schedule(1, 1e-3))
NAMES = ("null", "skin", "hat", "dress")


@pytest.fixture
def labelled(dataset, tmp_path):
    """The dataset with masks: skin and a dress on each, a hat on one."""
    import shutil

    root = tmp_path / "labelled"
    shutil.copytree(dataset, root)
    write_label_names(root, NAMES)
    for number, photo in enumerate(read_dataset(root).photos):
        mask = np.zeros((photo.height, photo.width), dtype=np.uint8)
        mask[10:40], mask[40:90] = 1, 3
        if number == 0:
            mask[:10] = 2
        file = mask_file(root, photo.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)
    return root


def test_only_training_photographs_teach_and_rare_labels_share_a_class(labelled):
    photos = read_scenes(labelled, None, untracked)
    training = [p for p in read_dataset(labelled).photos if p.split == "train"]
    assert len(photos.scenes) == len(training)
    hats = photos.classes.count("hat")
    assert photos.classes[0] == "ground" and photos.classes[-1] == "others"
    assert {"skin", "dress"} <= set(photos.classes)
    values = set(np.unique([np.unique(s.labels)[-1] for s in photos.scenes]).tolist())
    assert values == {2 + hats}


def test_another_split_may_be_given(labelled):
    path = read_dataset(labelled).photos[0].path
    others = {photo.path: "test" for photo in read_dataset(labelled).photos}
    photos = read_scenes(labelled, others | {path: "train"}, untracked)
    assert len(photos.scenes) == 1


def test_a_mask_that_cannot_be_read_is_named_and_skipped(labelled):
    photo = next(p for p in read_dataset(labelled).photos if p.split == "train")
    mask_file(labelled, photo.path).write_bytes(b"no picture")
    photos = read_scenes(labelled, None, untracked)
    assert len(photos.skipped) == 1 and photo.path[:-4] in photos.skipped[0]


def test_a_dataset_without_masks_is_refused(dataset):
    with pytest.raises(BadDataset, match="has a mask"):
        read_scenes(dataset, None, untracked)


def test_label_names_must_be_a_list_of_names(labelled):
    (labelled / "masks" / "labels.json").write_text(json.dumps({"1": "skin"}))
    with pytest.raises(BadDataset, match="is no list of names"):
        read_scenes(labelled, None, untracked)


def test_the_file_it_writes_is_an_encoder_whose_last_layers_moved(labelled, tmp_path):
    output = tmp_path / "out" / "tuned.safetensors"
    start = make_encoder("alexnet", "random")
    photos = read_scenes(labelled, None, untracked)
    history = tune(RECIPE, photos, start, output, CPU, untracked)
    assert history[-1]["epoch"] == 1
    tuned = make_encoder("alexnet", str(output))
    assert tuned.identity.weights.endswith("-tuned")
    moved = [
        not torch.allclose(one, two, atol=1e-3)
        for one, two in zip(
            start.trunk.state_dict().values(),
            tuned.trunk.state_dict().values(),
            strict=True,
        )
    ]
    assert not any(moved[:4])
    assert list(output.parent.iterdir()) == [output], "its checkpoint is left behind"


def test_a_checkpoint_of_other_settings_is_refused(labelled, tmp_path, monkeypatch):
    output = tmp_path / "tuned.safetensors"
    start = make_encoder("alexnet", "random")
    photos = read_scenes(labelled, None, untracked)

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tiefvision.workspace.tuning.write_encoder", killed)
    with pytest.raises(KeyboardInterrupt):
        tune(RECIPE, photos, start, output, CPU, untracked)
    with pytest.raises(StaleArtifact, match="other settings"):
        tune(TuningRecipe(Schedule(2, 1e-3)), photos, start, output, CPU, untracked)
