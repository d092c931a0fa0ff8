"""Image towers of open_clip as encoders, of a model of two layers."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import make_encoder
from tiefvision.engines.choice import OpenVinoEngine
from tiefvision.engines.modules import arrays_of
from tiefvision.errors import BadUsage, BadWeights

open_clip = pytest.importorskip("open_clip")

ENGINE = OpenVinoEngine(1)


def standardised(photo, architecture):
    pixels = torch.from_numpy(photo).permute(2, 0, 1)[None].float()
    mean, spread = (
        torch.tensor(levels).view(3, 1, 1)
        for levels in (
            architecture.preprocessing.mean,
            architecture.preprocessing.spread,
        )
    )
    return (pixels - mean) / spread


@pytest.fixture(scope="module", params=["tiny-clip", "tiny-siglip"])
def checkpoint(request, tiny_clips, tmp_path_factory):
    """Name of an encoder, the whole model, and its file."""
    torch.manual_seed(1)
    model = open_clip.create_model(request.param, load_weights=False).eval()
    path = tmp_path_factory.mktemp("checkpoint") / f"{request.param}.safetensors"
    save_file(arrays_of(model), path)
    return f"open_clip:{request.param}", model, path


def test_a_map_holds_the_cells_that_the_tower_pools(checkpoint, noise):
    name, model, path = checkpoint
    encoder = make_encoder(name, str(path), engine=ENGINE)
    architecture = encoder.architecture
    assert (architecture.channels, architecture.stride) == (64, 16)
    photo = noise(64, 64)  # the size that the model was made for
    with torch.inference_mode():
        found = model.visual.forward_intermediates(
            standardised(photo, architecture),
            indices=1,
            normalize_intermediates=True,
            intermediates_only=True,
        )
    expected = found["image_intermediates"][0][0].numpy()
    np.testing.assert_allclose(encoder.encode(photo), expected, atol=1e-5)


def test_position_embeddings_are_resized_to_the_photograph(checkpoint, noise):
    name, _, path = checkpoint
    encoder = make_encoder(name, str(path), engine=ENGINE)
    assert encoder.encode(noise(130, 224)).shape == (64, 14, 8)
    # A uniform photograph has equal patches: only their places tell cells apart.
    grey = encoder.encode(np.full((128, 128, 3), 90, np.uint8))
    assert grey.shape == (64, 8, 8)
    assert np.ptp(grey, axis=(1, 2)).max() > 0.01


def test_what_lies_beside_the_image_tower_is_not_asked_for(checkpoint, tmp_path):
    name, _, path = checkpoint
    from safetensors.numpy import load_file

    arrays = load_file(path)
    image = {part: one for part, one in arrays.items() if part.startswith("visual.")}
    save_file(image, tmp_path / "image.safetensors")
    assert (
        make_encoder(name, str(path), engine=ENGINE).identity.weights_hash
        == make_encoder(
            name, str(tmp_path / "image.safetensors"), engine=ENGINE
        ).identity.weights_hash
    )
    first = next(
        part for part in sorted(image) if "norm1.weight" in part or "ln_1" in part
    )
    del image[first]
    save_file(image, tmp_path / "less.safetensors")
    with pytest.raises(BadWeights, match=f"lacks {first}"):
        make_encoder(name, str(tmp_path / "less.safetensors"), engine=ENGINE)
    image[first], image["visual.extra"] = arrays[first], np.zeros(1)
    save_file(image, tmp_path / "more.safetensors")
    with pytest.raises(BadWeights, match=r"holds visual.extra, which open_clip:"):
        make_encoder(name, str(tmp_path / "more.safetensors"), engine=ENGINE)


def test_published_mean_and_deviation():
    siglip, clip = (
        architecture_named(f"open_clip:{name}").preprocessing
        for name in ("ViT-B-16-SigLIP", "ViT-B-32")
    )
    assert siglip.mean == siglip.spread == (127.5,) * 3
    assert clip.mean == pytest.approx(
        [255 * one for one in open_clip.OPENAI_DATASET_MEAN]
    )


def test_towers_of_other_kinds_and_unknown_names_are_refused():
    with pytest.raises(BadUsage, match="another kind: ModifiedResNet"):
        architecture_named("open_clip:RN50")
    with pytest.raises(BadUsage, match="Did you mean open_clip:ViT-B-16-SigLIP"):
        architecture_named("open_clip:ViT-B-16-Siglip")


def test_a_hub_is_asked_through_open_clip(checkpoint, monkeypatch):
    name, _, path = checkpoint
    asked = []

    def give(repository):
        asked.append(repository)
        return str(path)

    monkeypatch.setattr(open_clip.pretrained, "download_pretrained_from_hf", give)
    encoder = make_encoder(name, "hub:owner/model", engine=ENGINE)
    assert asked == ["owner/model"]
    assert encoder.identity.weights == "hub:owner/model"
    with pytest.raises(BadWeights, match="hub:TAG"):
        make_encoder("open_clip:ViT-B-32", "hub", engine=ENGINE)
