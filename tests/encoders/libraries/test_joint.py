"""Both towers of a model of open_clip: crops and words in one space."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tiefvision.encoders.libraries.joint import (
    BLOCK,
    JointModel,
    image_side,
    load_joint,
)
from tiefvision.encoders.libraries.words import read_tokeniser, tokenise
from tiefvision.errors import BadUsage, BadWeights

open_clip = pytest.importorskip("open_clip")


@pytest.fixture(scope="module")
def joint(tiny_clips):
    """A model with random weights, and open_clip's own with the same."""
    weights, label = load_joint("tiny-clip", "random", 2)
    assert label == "random (seed 2)"
    own = open_clip.create_model("tiny-clip", load_weights=False).eval()
    state = {name: torch.tensor(array) for name, array in weights.items()}
    own.load_state_dict(state)
    return JointModel("tiny-clip", weights), own


def test_crops_are_embedded_as_open_clip_does(joint, noise):
    model, own = joint
    pixels = np.stack([noise(64, 64, seed) for seed in range(3)])
    mean, std = (
        torch.tensor(levels).view(3, 1, 1)
        for levels in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        expected = own.encode_image((images - mean) / std, normalize=True).numpy()
    found = model.embed_images(pixels)
    assert found.shape == (3, 24) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_crops_of_another_size_are_resized_and_come_in_blocks(joint, noise):
    model, _ = joint
    assert image_side("tiny-clip") == 64
    crop = np.full((224, 224, 3), 77, np.uint8)
    small = np.full((64, 64, 3), 77, np.uint8)
    both = [model.embed_images(one[None])[0] for one in (crop, small)]
    np.testing.assert_allclose(*both, atol=1e-5)
    many = np.stack([noise(64, 64, seed) for seed in range(BLOCK + 1)])
    np.testing.assert_allclose(
        model.embed_images(many)[-1], model.embed_images(many[-1:])[0], atol=1e-5
    )
    assert model.embed_images(many[:0]).shape == (0, 24)


def test_words_are_embedded_as_open_clip_does(joint):
    model, own = joint
    texts = ["red floral dress", "blue jeans"]
    with torch.inference_mode():
        tokens = open_clip.get_tokenizer("tiny-clip")(texts)
        expected = own.encode_text(tokens, normalize=True).numpy()
    np.testing.assert_allclose(model.embed_texts(texts), expected, atol=1e-5)


def test_a_checkpoint_has_to_be_that_of_the_model(joint, tmp_path):
    weights = {name: np.array(array) for name, array in joint[0].weights.items()}
    path = tmp_path / "c.safetensors"
    save_file(weights, path)
    assert load_joint("tiny-clip", str(path))[1] == "c.safetensors"
    save_file(weights | {"extra": np.zeros(1)}, path)
    with pytest.raises(BadWeights, match="holds extra, which open_clip:tiny-clip"):
        load_joint("tiny-clip", str(path))
    del weights["text_projection"]
    save_file(weights, path)
    with pytest.raises(BadWeights, match="lacks text_projection"):
        load_joint("tiny-clip", str(path))


def test_a_tokeniser_that_is_not_here_is_asked_for(tiny_clips, tmp_path):
    with pytest.raises(BadUsage, match=r"tokeniser of tiny-siglip .*--tokenizer DIR"):
        tokenise("tiny-siglip", ["a"])
    with pytest.raises(BadUsage, match="holds no tokeniser"):
        read_tokeniser("tiny-siglip", tmp_path)
    assert read_tokeniser("tiny-siglip", None) == ""
    with pytest.raises(
        BadUsage, match=r"lies within open_clip\. Leave --tokenizer out"
    ):
        read_tokeniser("tiny-clip", tmp_path)


def test_a_tokeniser_of_a_file(tiny_clips, tmp_path):
    """Of characters, so that the numbers can be told by hand."""
    tokenizers = pytest.importorskip("tokenizers")
    letters = ["<pad>", "</s>", *"abcdefghijklmnopqrstuvwxyz "]
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
    made.save(str(tmp_path / "tokenizer.json"))
    settings = {"pad_token": {"content": "<pad>"}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    kept = read_tokeniser("tiny-siglip", tmp_path)
    (row,) = tokenise("tiny-siglip", [" bad  a"], kept)
    assert row.tolist() == [3, 2, 5, 28, 2, *[0] * 11]
    assert len(tokenise("tiny-siglip", ["a" * 40], kept)[0]) == 16
    weights, _ = load_joint("tiny-siglip", "random")
    model = JointModel("tiny-siglip", weights, kept)
    assert model.embed_texts(["dress"]).shape == (1, 64)
    settings["pad_token"] = "<none>"
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(BadUsage, match="The tokeniser cannot be used"):
        read_tokeniser("tiny-siglip", tmp_path)
