import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tiefvision.augmenting.scenes import UNLABELLED
from tiefvision.datasets.files import mask_file, write_label_names
from tiefvision.datasets.layout import read_dataset
from tiefvision.encoders.dense import make_encoder
from tiefvision.encoders.weights_files import read_weights_file
from tiefvision.engines.modules import restore_module
from tiefvision.errors import BadDataset, BadUsage, StaleArtifact
from tiefvision.groups import OUTFIT, group_of
from tiefvision.locating.building import build_classifier, build_regressors
from tiefvision.locating.heads import HeadSizes
from tiefvision.locating.heads_file import CLASSIFIER, REGRESSORS
from tiefvision.locating.targets import ALL
from tiefvision.progress import untracked
from tiefvision.training.loop import Schedule
from tiefvision.tuning.joint import JointRules
from tiefvision.tuning.recipe import TuningRecipe, read_scenes, tune
from tiefvision.tuning.starting import heads_file, heads_sources, read_heads

CPU = torch.device("cpu")
RECIPE = TuningRecipe(Schedule(1, 1e-3), JointRules(sizes=HeadSizes(8, 16)))
NAMES = ("null", "skin", "hat", "dress")
WANTED = (ALL, OUTFIT)


@pytest.fixture(autouse=True)
def _untimed(monkeypatch):
    """Every training is in float32, so that no result depends on a timing."""
    monkeypatch.setattr(
        "tiefvision.tuning.recipe.training_dtype", lambda device: torch.float32
    )


@pytest.fixture
def labelled(dataset, tmp_path):
    """The dataset with masks: skin and a dress on each, a hat on one."""
    root = tmp_path / "labelled"
    shutil.copytree(dataset, root)
    write_label_names(root, NAMES)
    for number, photo in enumerate(read_dataset(root).photos):
        mask = np.zeros((photo.height, photo.width), dtype=np.uint8)
        mask[10:40], mask[40:90] = 1, 3
        if number == 0:
            mask[:10] = 2
        write_mask(root, photo, mask)
    return root


def write_mask(root, photo, mask):
    file = mask_file(root, photo.path)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(file)


def training_photos(root):
    return [photo for photo in read_dataset(root).photos if photo.split == "train"]


def labels_of(scene):
    return set(np.unique(scene.labels).tolist())


def start():
    return make_encoder("alexnet", "random")


def test_only_training_photographs_are_read_and_rare_labels_share_a_class(labelled):
    photos = read_scenes(labelled, WANTED, None, untracked)
    assert len(photos.scenes) == len(training_photos(labelled))
    hats = photos.classes.count("hat")
    assert photos.classes[0] == "ground" and photos.classes[-1] == "others"
    assert {"skin", "dress"} <= set(photos.classes)
    values = set(np.unique([max(labels_of(s)) for s in photos.scenes]).tolist())
    assert values == {2 + hats}


def test_scenes_carry_the_boxes_that_a_locator_must_find(dataset):
    photos = read_scenes(dataset, WANTED, None, untracked)
    assert photos.categories[-1] == OUTFIT
    shown = training_photos(dataset)
    for scene, photo in zip(photos.scenes, shown, strict=True):
        found = {one.category: one.box_in_image for one in scene.garments}
        for garment in photo.garments:
            assert found[group_of(garment.category)] == garment.box_in_image
    chosen, *_ = {group_of(one.category) for one in shown[0].garments}
    photos = read_scenes(dataset, (chosen,), None, untracked)
    assert photos.categories == (chosen,)
    shown = {one.category for scene in photos.scenes for one in scene.garments}
    assert shown == {chosen}


def test_some_scenes_show_no_garment_and_teach_no_labels(dataset, labelled):
    for root, background in ((dataset, UNLABELLED), (labelled, 0)):
        photos = read_scenes(root, WANTED, None, untracked)
        added = photos.nothing
        assert added and not any(scene.garments for scene in added)
        assert all(labels_of(scene) == {background} for scene in added)


def test_boxes_and_labels_shrink_with_a_large_photograph(labelled, monkeypatch):
    large = read_scenes(labelled, WANTED, None, untracked)
    monkeypatch.setattr("tiefvision.tuning.recipe.LONGEST_SIDE", 100)
    small = read_scenes(labelled, WANTED, None, untracked)
    for one, other in zip(large.scenes, small.scenes, strict=True):
        assert max(other.image.size) == 100 < max(one.image.size)
        assert other.labels.size == other.image.size
        factors = np.divide(other.image.size, one.image.size)
        for garment, shrunk in zip(one.garments, other.garments, strict=True):
            box = np.array(garment.box_in_image) * np.tile(factors, 2)
            assert shrunk.box_in_image == pytest.approx(tuple(box))


def test_splits_can_be_given(labelled):
    path = read_dataset(labelled).photos[0].path
    others = {photo.path: "test" for photo in read_dataset(labelled).photos}
    photos = read_scenes(labelled, WANTED, others | {path: "train"}, untracked)
    assert len(photos.scenes) == 1
    with pytest.raises(BadDataset, match="No training photograph") as caught:
        read_scenes(labelled, WANTED, others, untracked)
    assert str(labelled) in str(caught.value)


def test_an_unknown_category_is_refused(dataset):
    with pytest.raises(BadUsage, match="no category spacesuit"):
        read_scenes(dataset, ("spacesuit",), None, untracked)


@pytest.mark.parametrize("kept", [0, 10, 60])
def test_a_mask_that_cannot_be_read_is_named_and_skipped(labelled, kept):
    photo = training_photos(labelled)[0]
    file = mask_file(labelled, photo.path)
    file.write_bytes(file.read_bytes()[:kept])
    photos = read_scenes(labelled, WANTED, None, untracked)
    assert len(photos.skipped) == 1 and str(file) in photos.skipped[0]
    assert len(photos.scenes) == len(training_photos(labelled)) - 1


def test_photographs_without_a_mask_are_unlabelled(labelled):
    first, *others = training_photos(labelled)
    mask_file(labelled, first.path).unlink()
    photos = read_scenes(labelled, WANTED, None, untracked)
    assert not photos.skipped
    assert [labels_of(scene) for scene in photos.scenes[:1]] == [{UNLABELLED}]
    assert len(photos.scenes) == 1 + len(others)
    assert all(UNLABELLED not in labels_of(scene) for scene in photos.scenes[1:])
    assert {"skin", "dress"} <= set(photos.classes)


def test_without_any_mask_the_background_is_the_only_class(dataset):
    photos = read_scenes(dataset, WANTED, None, untracked)
    assert photos.classes == ("ground",)
    assert all(labels_of(scene) == {UNLABELLED} for scene in photos.scenes)


def test_plain_white_in_a_mask_is_a_label(labelled):
    (labelled / "masks" / "labels.json").unlink()
    for photo in training_photos(labelled):
        mask = np.zeros((photo.height, photo.width), dtype=np.uint8)
        mask[40:90] = 255
        write_mask(labelled, photo, mask)
    photos = read_scenes(labelled, WANTED, None, untracked)
    assert photos.classes == ("ground", "foreground", "others")
    for scene in photos.scenes:
        rows = np.asarray(scene.labels)[:, 0]
        assert (rows[40:90] == 1).all() and rows.sum() == 50


def test_label_names_must_be_a_list_of_names(labelled):
    (labelled / "masks" / "labels.json").write_text(json.dumps({"1": "skin"}))
    with pytest.raises(BadDataset, match="is not a list of names"):
        read_scenes(labelled, WANTED, None, untracked)


def test_the_file_is_an_encoder_whose_last_layers_changed(labelled, tmp_path):
    output = tmp_path / "out" / "tuned.safetensors"
    encoder = start()
    before = encoder.identity
    photos = read_scenes(labelled, WANTED, None, untracked)
    history = tune(RECIPE, photos, encoder, output, CPU, untracked)
    assert [row["epoch"] for row in history] == [1]
    tuned = make_encoder("alexnet", str(output))
    assert tuned.identity.weights.endswith("-tuned")
    moved = [
        not np.array_equal(np.float16(one), two)  # at the precision of the file
        for one, two in zip(
            encoder.weights.values(), tuned.weights.values(), strict=True
        )
    ]
    assert moved == [False] * 4 + [True] * 6
    assert start().identity == before == encoder.identity, "its own stays as it was"
    assert list(output.parent.iterdir()) == [output], "its checkpoint is left behind"
    facts = read_weights_file(output).facts
    assert facts["labels"] == list(photos.classes)
    assert facts["photographs"] == len(photos.scenes)


@pytest.mark.parametrize("masks", [True, False])
def test_the_file_holds_the_heads_of_the_encoder(masks, labelled, dataset, tmp_path):
    output = tmp_path / "tuned.safetensors"
    root = labelled if masks else dataset
    photos = read_scenes(root, WANTED, None, untracked)
    (figures,) = tune(RECIPE, photos, start(), output, CPU, untracked)
    assert np.isfinite(list(figures.values())).all()
    assert heads_file("alexnet", str(output)) == output
    assert heads_sources("alexnet", str(output))
    encoder = make_encoder("alexnet", str(output), precision="float32")
    heads = read_heads(output, encoder.identity)
    assert set(heads.states) == {CLASSIFIER, REGRESSORS}
    classifier, regressors = (
        restore_module(build(heads.details[name]), heads.states[name], CPU, name)
        for name, build in (
            (CLASSIFIER, build_classifier),
            (REGRESSORS, build_regressors),
        )
    )
    assert classifier.categories == photos.categories
    assert classifier.network.sizes == RECIPE.rules.sizes
    pixels = np.asarray(photos.scenes[0].image.resize((320, 320)))
    cells = torch.from_numpy(encoder.encode(pixels))[None]
    with torch.no_grad():
        said = [classifier(cells), *regressors(cells)]
    assert all(part.isfinite().all() for part in said)
    # The standardised input of the heads has about the spread that it had in training.
    read = (cells[0].flatten(1) - classifier.mean[:, None]) / classifier.spread[:, None]
    assert read.abs().median() < 3


def test_the_seed_determines_the_weights(dataset, tmp_path):
    photos = read_scenes(dataset, (OUTFIT,), None, untracked)
    photos = replace(photos, scenes=photos.scenes[:3])
    written = []
    for number, seed in enumerate((0, 0, 1)):
        output = tmp_path / str(number) / "tuned.safetensors"
        tune(replace(RECIPE, seed=seed), photos, start(), output, CPU, untracked)
        written.append(output.read_bytes())
    assert written[0] == written[1] != written[2]


def kill_before_writing(monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tiefvision.tuning.recipe.write_encoder", killed)


@pytest.fixture
def cut_short(labelled, tmp_path, monkeypatch):
    """Photographs and output path of a training killed before it wrote the file."""
    output = tmp_path / "tuned.safetensors"
    photos = read_scenes(labelled, WANTED, None, untracked)
    with monkeypatch.context() as patched:
        kill_before_writing(patched)
        with pytest.raises(KeyboardInterrupt):
            tune(RECIPE, photos, start(), output, CPU, untracked)
    assert not output.exists()
    return photos, output


@pytest.mark.parametrize("what", ["schedule", "rules", "categories", "classes"])
def test_a_checkpoint_of_other_settings_is_refused(what, cut_short):
    photos, output = cut_short
    recipe = RECIPE
    if what == "schedule":
        recipe = replace(recipe, schedule=Schedule(2, 1e-3))
    elif what == "rules":
        recipe = replace(recipe, rules=replace(recipe.rules, boxes=0.1))
    elif what == "categories":
        photos = replace(photos, categories=photos.categories[::-1])
    else:
        photos = replace(photos, classes=(*photos.classes[:-1], "rest"))
    with pytest.raises(StaleArtifact, match="other settings"):
        tune(recipe, photos, start(), output, CPU, untracked)


def test_a_training_that_was_killed_is_continued(cut_short, tmp_path):
    photos, output = cut_short
    tune(RECIPE, photos, start(), output, CPU, untracked)
    at_once = tmp_path / "at once" / "tuned.safetensors"
    tune(RECIPE, photos, start(), at_once, CPU, untracked)
    assert output.read_bytes() == at_once.read_bytes()
