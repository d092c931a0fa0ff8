import numpy as np
import pytest
from PIL import Image

from tiefvision.cli.running import DONE, FAILED, SOME_UNREADABLE
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights import load_readouts

ALEXNET = architecture_named("alexnet")


@pytest.fixture
def clothing(tmp_path):
    """Red hats and blue shoes, with noise."""
    root = tmp_path / "clothing"
    generator = np.random.default_rng(0)
    for split, count in (("train", 6), ("validation", 2), ("test", 1)):
        for label, colour in (("hat", (180, 20, 20)), ("shoes", (20, 20, 180))):
            folder = root / split / label
            folder.mkdir(parents=True)
            for number in range(count):
                noise = generator.integers(-20, 20, (40, 30, 3)) + np.array(colour)
                picture = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
                picture.save(folder / f"{number}.png")
    return root


def test_encoder_and_read_out_are_written_into_one_file(tiefvision, clothing, tmp_path):
    output = tmp_path / "encoder.safetensors"
    spoken = tiefvision(
        *("readout", clothing, "--output", output, "--encoder", "alexnet"),
        *("--weights", "random", "--name", "mine", "--json"),
    )
    assert spoken.code == DONE
    (line,) = spoken.lines
    assert (line["name"], line["photographs"]) == ("mine", 12)
    assert line["accuracy"] == 1.0
    made = make_encoder("alexnet", str(output))
    assert made.identity.weights == "mine"
    same = make_encoder("alexnet", "random")
    for name, array in same.weights.items():
        np.testing.assert_allclose(made.weights[name], array, atol=2e-3)
    ((name, layer),) = load_readouts(ALEXNET, str(output)).items()
    assert name == "meaning"
    assert layer.weight.shape[1] == 4 * ALEXNET.channels
    cells = same.encode(np.zeros((224, 224, 3), np.uint8))
    assert layer.read(cells).shape == (len(layer.bias),)


def test_an_unreadable_photograph_is_named(tiefvision, clothing, tmp_path):
    broken = clothing / "train" / "hat" / "1.png"
    broken.write_bytes(b"nothing")
    output = tmp_path / "encoder.safetensors"
    spoken = tiefvision(
        *("readout", clothing, "--output", output, "--encoder", "alexnet"),
        *("--weights", "random"),
    )
    assert spoken.code == SOME_UNREADABLE
    assert str(broken) in spoken.err
    assert f"--encoder alexnet --weights {output}" in spoken.err.replace("\n", " ")


def test_another_folder_is_refused(tiefvision, tmp_path):
    spoken = tiefvision("readout", tmp_path, "--output", tmp_path / "x.safetensors")
    assert spoken.code == FAILED
    assert "does not hold class folders" in spoken.err
    assert not (tmp_path / "x.safetensors").exists()
