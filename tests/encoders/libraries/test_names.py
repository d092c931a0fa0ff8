import pytest

from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.libraries.names import library_of, split_weights
from tiefvision.errors import BadUsage


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("alexnet:random", ("alexnet", "random")),
        ("alexnet:a:b.safetensors", ("alexnet", "a:b.safetensors")),
        ("timm:resnet50.a1:hub", ("timm:resnet50.a1", "hub")),
        ("open_clip:ViT-B-16:hub:openai", ("open_clip:ViT-B-16", "hub:openai")),
        ("timm:resnet50", ("timm:resnet50", "")),
        ("alexnet", ("alexnet", "")),
    ],
)
def test_a_name_is_told_from_its_weights(text, parts):
    assert split_weights(text) == parts


def test_the_library_of_a_name():
    names = ("timm:resnet50", "open_clip:ViT-B-16", "alexnet", "timm", "timm:", "x:y")
    assert [library_of(name) for name in names] == ["timm", "open_clip", "", "", "", ""]


def test_the_forms_of_libraries_are_told_over_an_unknown_name():
    with pytest.raises(BadUsage, match=r"alexnet, .*timm:NAME, open_clip:NAME"):
        architecture_named("vit_base_patch16_224")


@pytest.mark.parametrize(
    "words",
    [
        ("tune", "{data}", "--encoder", "timm:test_vit", "--output", "{file}"),
        ("bench", "--encoder", "timm:test_vit"),
        ("distil", "{data}", "--teacher", "timm:test_vit", "--output", "{file}"),
        ("distil", "{data}", "--student", "timm:test_vit", "--output", "{file}"),
    ],
)
def test_what_needs_layers_refuses_a_library(words, dataset, tmp_path, capsys):
    pytest.importorskip("timm")
    given = [
        word.format(data=dataset, file=tmp_path / "o.safetensors") for word in words
    ]
    assert guarded(app, given) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "timm:test_vit is a network of timm, used as it comes" in said
