"""What the exported files compute is what the project computes."""

import functools
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
from tiefvision.encoders.architectures import architecture_named
from tiefvision.encoders.dense import DenseEncoder, make_encoder
from tiefvision.engines.torch import TorchEngine
from tiefvision.models.bundle import shipped_bundle
from tiefvision.models.onnx_export.networks import encoder_graph
from tiefvision.models.onnx_export.rankers import colours_graph, ranker_graph
from tiefvision.models.onnx_export.writing import write_onnx
from tiefvision.photos.working import open_photo
from tiefvision.ranking.colours.histogram import lab_bins, lab_histogram
from tiefvision.ranking.cosine import embed_cells
from tiefvision.ranking.crops import CropRules, crop_garment, describe_crop
from tiefvision.ranking.deeprank import NETWORKS, build_deeprank, deeprank_shapes
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.similarity import normalise_cells, pool_cells

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

SHARED = Path(os.environ.get("TIEFVISION_SHARED", "../shared"))
TORCH = TorchEngine(torch.device("cpu"))
CLOSE = 1e-4


@functools.lru_cache(maxsize=6)  # one for each file that a photograph passes through
def session_of(model):
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def run_onnx(model, **given):
    """Results by name. Args: model: the file, or its content."""
    session = session_of(model)
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def levels(pixels):
    return pixels[None].astype(np.float32)


def apart(found, expected):
    """Largest difference, relative to the largest number."""
    assert found.shape == expected.shape
    return np.abs(found - expected).max() / max(1.0, np.abs(expected).max())


@pytest.fixture(scope="module")
def street(street_photos):
    return [open_photo(path).pixels for path in street_photos]


@pytest.mark.parametrize("name", ["alexnet", "squeezenet1_1", "efficientnet_lite0"])
def test_an_encoder_of_any_photograph(name, street):
    encoder = make_encoder(name, "random", 3, TORCH, "float32")
    content = encoder_graph(encoder).to_bytes({})
    for photo in (street[0], street[1][30:260, :230]):
        (found,) = run_onnx(content, photos=levels(photo)).values()
        expected = encoder.encode(photo)
        assert expected.std() > 0
        assert apart(found[0], expected) < CLOSE


@pytest.mark.parametrize("grid", [0, 2])
@pytest.mark.parametrize("network", [*NETWORKS, "cosine"])
def test_a_ranker_over_maps_of_crops(network, grid):
    """Maps with few channels; the numbers of the networks are drawn."""
    generator = np.random.default_rng(5)
    architecture = architecture_named("alexnet")
    channels, side = architecture.channels, architecture.window
    details = {"network": network, "channels": channels, "size": 6, "colours": 9}
    embed = embed_cells
    if network != "cosine":
        weights = {
            name: generator.standard_normal(shape).astype(np.float32) / 8
            for name, shape in deeprank_shapes(details).items()
        }
        embed = build_deeprank(details, weights)
    maps = generator.standard_normal((3, channels, side, side)).astype(np.float32)
    colours = np.abs(generator.standard_normal((3, 9))).astype(np.float32)
    maps[0, :, 0, 0] = 0  # a cell of zeros
    given = {"maps": maps} | ({"colours": colours} if network == "colour" else {})
    rules = CropRules(grid=grid)
    graph = ranker_graph("made", embed, architecture, rules)
    (found,) = run_onnx(graph.to_bytes({}), **given).values()
    described = GarmentBatch(normalise_cells(pool_cells(maps, grid)), colours)
    np.testing.assert_allclose(found, embed(described), atol=1e-6)


def test_colours_are_those_that_are_counted(street):
    crops = np.stack([crop_garment(photo, None) for photo in street[:2]])
    crops[1] = 255  # one bin: the sum of 50,176 equal numbers
    (found,) = run_onnx(colours_graph().to_bytes({}), crops=crops).values()
    assert found.shape == (2, len(lab_bins()))
    expected = np.stack([lab_histogram(crop) for crop in crops])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The models that ship, as ONNX."""
    folder = tmp_path_factory.mktemp("onnx")
    write_onnx(shipped_bundle(), folder)
    return folder


def check_photograph(photo, folder):
    """Largest differences between the exported models that ship and torch."""
    models = shipped_bundle()
    encoder = models.encoder(TORCH)
    float32 = DenseEncoder(encoder.architecture, encoder.weights, "", TORCH, "float32")
    rules = models.crop_rules()
    crop = crop_garment(photo, None)
    maps = run_onnx(folder / "encoder.onnx", photos=levels(crop))["maps"]
    colours = run_onnx(folder / "colours.onnx", crops=crop[None])["colours"]
    found = run_onnx(folder / "deeprank.onnx", maps=maps, colours=colours)
    cosine = run_onnx(folder / "cosine.onnx", maps=maps)
    garment = describe_crop(float32, crop, rules)
    embed = models.trained_ranker("deeprank")
    yield found["embeddings"], embed(garment)
    yield cosine["embeddings"], embed_cells(garment)

    locator = models.locator(TORCH)
    given = levels(photo)
    beside = np.broadcast_to(np.float32(127), (1, given.shape[1], 48, 3))
    framed = np.concatenate([beside, given, beside], axis=2)
    located = run_onnx(folder / "locator_encoder.onnx", photos=framed)["maps"]
    own = locator.encoder
    own = DenseEncoder(own.architecture, own.weights, "", TORCH, "float32")
    expected = own.encode(photo, (48, 0))
    yield located[0], expected
    heads = run_onnx(folder / "heads.onnx", maps=expected[None])
    first, second = locator.heads.reduce(expected)
    yield heads["probabilities"][0], locator.heads.probabilities(first)
    coordinates, spreads = locator.heads.boxes(second)
    yield heads["coordinates"][0], coordinates
    yield heads["spreads"][0], spreads


def test_the_models_that_ship_on_a_drawn_photograph(exported, street):
    for found, expected in check_photograph(street[0], exported):
        assert expected.std() > 0
        assert apart(found, expected) < CLOSE


@pytest.mark.real
@pytest.mark.skipif(not (SHARED / "data/luma").is_dir(), reason="Luma is not there")
def test_the_models_that_ship_on_real_photographs(exported):
    files = sorted((SHARED / "data").rglob("*.jpg"))[::97][:8]
    assert files
    for file in files:
        for found, expected in check_photograph(open_photo(file).pixels, exported):
            assert apart(found, expected) < CLOSE


def test_the_page_and_the_files_are_told(exported):
    names = {path.name for path in exported.iterdir()}
    assert names == {
        *("encoder.onnx", "locator_encoder.onnx", "heads.onnx", "colours.onnx"),
        *("cosine.onnx", "deeprank.onnx", "README.md"),
    }
    text = (exported / "README.md").read_text("utf-8")
    for name in names - {"README.md"}:
        assert f"| `{name}` |" in text
    for words in ("full, lower, outer, upper, outfit", "224 x 224", "(127, 127, 127)"):
        assert words in text


def test_the_models_of_a_workspace(trained, tmp_path, capfd):
    words = ["models", "--workspace", str(trained), "--onnx", "--export"]
    assert guarded(app, [*words, str(tmp_path / "out"), "--json"]) == 0
    captured = capfd.readouterr()
    assert f"Using the models of {trained}." in captured.err
    assert captured.out.count('"bytes": ') == 7


def test_colours_are_written_only_for_a_network_that_reads_them(
    run, run_stage, tmp_path, capfd
):
    run_stage(run, "train_deeprank", network="cells", size=0, epochs=1)
    words = ["models", "--workspace", str(run), "--onnx", "--export"]
    assert guarded(app, [*words, str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "deeprank.onnx" in names and "colours.onnx" not in names
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert "`colours" not in page


def test_what_makes_no_sense_is_refused(tmp_path, capfd, monkeypatch):
    assert guarded(app, ["models", "--onnx"]) == 2
    assert "Give --export DIR as well." in capfd.readouterr().err
    monkeypatch.setitem(sys.modules, "onnx", None)
    folder = tmp_path / "out"
    words = ["models", "--onnx", "--export", str(folder), "--workspace", str(tmp_path)]
    assert guarded(app, words) == 1
    assert "Run: pip install 'tiefvision[onnx]'" in capfd.readouterr().err
    assert not folder.exists()
