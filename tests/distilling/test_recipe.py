import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from tiefvision.augmenting.views import ViewRules
from tiefvision.distilling.recipe import Phase, Recipe, distil, read_sources
from tiefvision.distilling.student_training import Distillation
from tiefvision.distilling.teachers import EARLIER_LAYERS
from tiefvision.encoders.architectures import ARCHITECTURES
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.encoder_file import APPEARANCE, MEANING
from tiefvision.encoders.weights import load_readouts
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.errors import BadDataset, BadUsage, StaleArtifact
from tiefvision.progress import untracked
from tiefvision.training.checkpoint import FileMemory
from tiefvision.training.loop import Schedule

PHASES = (
    Phase(ViewRules(side=96), 2, Schedule(2, 1e-3)),
    Phase(ViewRules(side=112), 2, Schedule(1, 1e-3)),
)
RECIPE = Recipe("alexnet", PHASES)


@pytest.fixture(autouse=True)
def _untimed(monkeypatch):
    """Every training is in float32, so that no result depends on a timing."""
    monkeypatch.setattr(
        "tiefvision.distilling.recipe.training_dtype", lambda device: torch.float32
    )


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "test"):
        for number in range(4):
            label = "hat" if number % 2 else "shoes"
            file = tmp_path / "photos" / split / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            drawn = np.random.default_rng(number).integers(0, 256, (8, 6, 3))
            small = Image.fromarray(drawn.astype(np.uint8))
            small.resize((120, 160)).save(file)
    return tmp_path / "photos"


@pytest.fixture
def teacher():
    return make_encoder("squeezenet1_1", "random")


def run(folder, teacher, output, recipe=RECIPE):
    sources, _ = read_sources([folder], untracked)
    return distil(recipe, sources, teacher, output, torch.device("cpu"), untracked)


def test_only_the_training_split_is_read_and_damaged_files_are_named(folder):
    bad = folder / "train" / "hat" / "bad.jpg"
    bad.write_bytes(b"no photograph")
    sources, skipped = read_sources([folder], untracked)
    assert sorted(source.label for source in sources) == [0, 0, 1, 1]
    assert len(skipped) == 1 and str(bad) in skipped[0]


def test_masks_of_a_dataset_are_read(dataset, tmp_path):
    import shutil

    root = tmp_path / "dataset"
    shutil.copytree(dataset, root)
    without, _ = read_sources([root], untracked)
    assert without and all(source.mask is None for source in without)
    for file in (root / "images").rglob("*.jpg"):
        mask = (root / "masks" / file.relative_to(root / "images")).with_suffix(".png")
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.new("1", (20, 20), 1).save(mask)
    sources, _ = read_sources([root], untracked)
    assert all(source.mask.size == source.image.size for source in sources)


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(BadDataset):
        read_sources([tmp_path], untracked)


def test_distil_writes_a_trained_encoder(folder, teacher, tmp_path):
    output = tmp_path / "encoder.safetensors"
    longer = dataclasses.replace(
        RECIPE, phases=(Phase(ViewRules(side=96), 2, Schedule(8, 3e-3)),)
    )
    history = run(folder, teacher, output, longer)
    encoder = make_encoder("alexnet", str(output))
    assert encoder.identity.weights == "alexnet-1"
    assert history[-1]["cells"] < history[0]["cells"]
    assert list(tmp_path.glob("encoder*")) == [output]


def test_interrupted_trainings_end_with_the_same_weights(
    folder, teacher, tmp_path, monkeypatch
):
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    run(folder, teacher, whole)

    remember = FileMemory.remember
    for last in (1, 1):  # after an epoch of the first phase, then of the second

        def remember_and_die(memory, snapshot, last=last):
            remember(memory, snapshot)
            if snapshot.epoch == last:
                raise KeyboardInterrupt

        monkeypatch.setattr(FileMemory, "remember", remember_and_die)
        with pytest.raises(KeyboardInterrupt):
            run(folder, teacher, killed)
        assert not killed.exists()
        monkeypatch.setattr(FileMemory, "remember", remember)

    run(folder, teacher, killed)
    first, second = load_file(whole), load_file(killed)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_damaged_checkpoint_is_refused(folder, teacher, tmp_path):
    output = tmp_path / "encoder.safetensors"
    (tmp_path / "encoder.safetensors.phase1").write_bytes(b"damaged")
    with pytest.raises(StaleArtifact, match="cannot be read"):
        run(folder, teacher, output)


def test_alexnet_is_refused_as_a_teacher(folder, tmp_path):
    with pytest.raises(BadUsage, match="cannot be a teacher"):
        run(folder, make_encoder("alexnet", "random"), tmp_path / "out")


def test_a_network_that_is_no_plain_stack_needs_weights_to_start_from(
    folder, teacher, tmp_path
):
    recipe = dataclasses.replace(RECIPE, architecture="mobilenet_v2")
    with pytest.raises(BadUsage, match="mobilenet_v2 is no plain stack") as caught:
        run(folder, teacher, tmp_path / "out", recipe)
    assert "--start imagenet" in caught.value.fix


ONE_STEP = (Phase(ViewRules(side=96), 2, Schedule(1, 1e-3)),)


@pytest.mark.parametrize("taught_by", ["squeezenet1_1", "mobilenet_v2"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_goes_on_from_its_weights(name, taught_by, folder, tmp_path):
    """Whether its first cell lies before the teacher's, behind it or on it."""
    output = tmp_path / "encoder.safetensors"
    start = make_encoder(name, "random", 5)
    sources, _ = read_sources([folder], untracked)
    history = distil(
        Recipe(name, ONE_STEP),
        sources,
        make_encoder(taught_by, "random"),
        output,
        torch.device("cpu"),
        untracked,
        start,
    )
    assert np.isfinite(list(history[-1].values())).all()
    trained = make_encoder(name, str(output))
    facts = read_weights_file(output).facts
    assert facts["start"] == str(start.identity)
    written = {key: np.float16(array) for key, array in start.weights.items()}
    apart = [
        np.abs(array - written[key]).max()  # at the precision of the file
        for key, array in trained.weights.items()
    ]
    assert 0 < max(apart) < 0.1  # it moved, and is no other network
    assert set(load_readouts(trained.architecture, str(output))) == {
        MEANING,
        APPEARANCE,
    }


def test_cells_are_compared_where_student_and_teacher_both_have_them():
    """Cell (i, j) of a map holds the pixel on which it is centred."""
    for student in ARCHITECTURES.values():
        for name in EARLIER_LAYERS:
            teacher = ARCHITECTURES[name]
            mine, theirs = (
                one.first_centre + 16.0 * torch.arange(one.window)
                for one in (student, teacher)
            )
            grids = [
                torch.stack(torch.meshgrid(one, one, indexing="ij"))[None]
                for one in (mine, theirs)
            ]
            training = Distillation((), None, student, SimpleNamespace(name=name))
            one, other = training._aligned(*grids)
            assert one.shape == other.shape
            assert (one - other).abs().max() <= 2
            assert one.shape[2] >= min(student.window, teacher.window) - 1
