import shutil

import numpy as np
from PIL import Image

from tiefvision.cli.running import DONE, FAILED
from tiefvision.datasets.files import mask_file
from tiefvision.datasets.layout import read_dataset


def test_a_tuned_encoder_is_one_that_stage_2_takes(tiefvision, dataset, run, tmp_path):
    root = tmp_path / "labelled"
    shutil.copytree(dataset, root)
    for photo in read_dataset(root).photos:
        mask = np.zeros((photo.height, photo.width), dtype=np.uint8)
        mask[40:90] = 255
        file = mask_file(root, photo.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(file)
    output = tmp_path / "tuned.safetensors"
    options = ("--weights", "random", "--epochs", "1", "--split-of", run)
    result = tiefvision("tune", root, "--output", output, *options)
    assert result.code == DONE
    assert f"--weights {output}" in result.err
    again = tiefvision("tune", root, "--output", output, *options, "--json")
    (line,) = again.lines
    assert line["labels"] == ["ground", "label 255", "others"]
    assert line["photos"] > 0


def test_a_dataset_without_masks_is_refused(tiefvision, dataset, tmp_path):
    output = tmp_path / "tuned.safetensors"
    result = tiefvision("tune", dataset, "--output", output, "--weights", "random")
    assert result.code == FAILED
    assert "has a mask" in result.err
    assert not output.exists()
