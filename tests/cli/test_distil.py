import numpy as np
import pytest
from PIL import Image

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.weights import load_weights, write_encoder
from tiefvision.encoders.weights_files import read_weights_file

MOBILENET = architecture_named("mobilenet_v2")


@pytest.fixture
def photos(tmp_path):
    """Two training photographs of two classes, and one of the test split."""
    for split, label in (("train", "hat"), ("train", "shoes"), ("test", "hat")):
        file = tmp_path / "photos" / split / label / "0.png"
        file.parent.mkdir(parents=True)
        drawn = np.random.default_rng(len(label)).integers(0, 256, (60, 50, 3))
        Image.fromarray(drawn.astype(np.uint8)).save(file)
    return tmp_path / "photos"


def test_a_file_that_is_no_encoder_is_no_teacher(tiefvision, photos, tmp_path):
    (tmp_path / "bad.safetensors").write_bytes(b"x" * 40)
    result = tiefvision(
        "distil",
        str(photos),
        "--output",
        str(tmp_path / "out.safetensors"),
        "--teacher-weights",
        str(tmp_path / "bad.safetensors"),
    )
    assert result.code == FAILED
    assert "is not a safetensors file" in result.err
    assert not (tmp_path / "out.safetensors").exists()


def test_the_output_is_an_encoder_with_read_outs(tiefvision, photos, tmp_path):
    output = tmp_path / "mine" / "encoder.safetensors"
    epochs = ("--epochs", "1", "--last-epochs", "1")
    student = ("--student", "alexnet", "--start", "random")
    options = ("--output", output, *epochs, *student, *TEACHER)
    spoken = tiefvision("distil", photos, *options)
    assert spoken.code == DONE
    assert f"--weights {output}" in spoken.err
    luma = tmp_path / "luma"
    rows = ["file,product,colour,view"]
    for view in ("main", "back", "alt1"):
        rows.append(f"{view}.png,a,red,{view}")
        (luma / "images").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 50), (200, 0, 0)).save(luma / "images" / f"{view}.png")
    (luma / "images.csv").write_text("\n".join(rows) + "\n")
    spoken = tiefvision(
        "quality", "--luma", luma, "--encoder", f"alexnet:{output}", "--json"
    )
    forms = {line["features"] for line in spoken.lines if line["encoder"] == "alexnet"}
    assert {"mean", "maxima", "meaning", "appearance"} <= forms


TEACHER = ("--teacher", "squeezenet1_1", "--teacher-weights", "random")


def test_a_student_goes_on_from_a_file(tiefvision, photos, tmp_path):
    start, output = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    weights, _ = load_weights(MOBILENET, "random", seed=3)
    write_encoder(start, MOBILENET, weights, {"name": "begun-1"})
    student = ("--student", MOBILENET.name, "--start", start)
    epochs = ("--epochs", "0", "--last-epochs", "1")
    spoken = tiefvision(
        "distil", photos, "--output", output, *student, *TEACHER, *epochs
    )
    assert spoken.code == DONE
    assert f"--encoder {MOBILENET.name} --weights {output}" in spoken.err
    assert "begun-1" in read_weights_file(output).facts["start"]


def test_a_student_that_needs_weights_to_start_from_says_so(
    tiefvision, photos, tmp_path
):
    output = tmp_path / "out.safetensors"
    student = ("--student", MOBILENET.name, "--start", "random")
    result = tiefvision("distil", photos, "--output", output, *student, *TEACHER)
    assert result.code == BAD_USAGE
    assert "--start imagenet" in result.err
    assert not output.exists()


def test_an_unknown_teacher_is_bad_usage(tiefvision, photos, tmp_path):
    result = tiefvision(
        "distil", str(photos), "--output", str(tmp_path / "out"), "--teacher", "vgg"
    )
    assert result.code == BAD_USAGE
    assert "vgg" in result.err
