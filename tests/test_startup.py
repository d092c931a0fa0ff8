"""What is imported, and what is refused before anything slow is imported.

Times belong to ``tiefvision bench --startup``; here stand the lists.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE
from tiefvision.ranking.registry import OWN

ROOT = Path(__file__).parent.parent

SLOW = (
    *("torch", "torchvision", "openvino", "sklearn", "scipy", "cv2", "nmslib"),
    "jinja2",
)
"""Libraries whose import takes a tenth of a second or more."""

COMMAND = """
import json, sys
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
code = guarded(app, json.loads(sys.argv[1]))
loaded = [name for name in json.loads(sys.argv[2]) if name in sys.modules]
print("\\n" + json.dumps([code, loaded]))
"""


def run_alone(code, *arguments):
    """Run code in a process of its own; the last line it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def command(*arguments):
    """Exit code of a command, what it imported of ``SLOW``, and what it said."""
    words = json.dumps([str(argument) for argument in arguments])
    (code, loaded), said = run_alone(COMMAND, words, json.dumps(SLOW))
    return code, set(loaded), said


def test_import_tiefvision_imports_nothing_slow():
    everything = "import tiefvision, sys, json; print(json.dumps(sorted(sys.modules)))"
    modules, _ = run_alone(everything)
    assert not {*SLOW, "numpy", "PIL", "typer", "rich"} & set(modules)
    assert "tiefvision.version" in modules
    assert "tiefvision.finder" not in modules


@pytest.mark.parametrize(
    "name", ["load", "Finder", "Answer", "Garment", "OpenPhoto", "TiefVisionError"]
)
def test_the_front_door_needs_no_torch_before_a_network_runs(name):
    code = (
        f"import tiefvision, sys, json; tiefvision.{name}; "
        f"print(json.dumps([n for n in {SLOW} if n in sys.modules]))"
    )
    assert run_alone(code)[0] == []


@pytest.fixture
def photo(dataset):
    return sorted((dataset / "images" / "street").glob("*.jpg"))[0]


def test_what_is_misspelt_or_missing_is_told_before_torch_is_imported(
    photo, trained, tmp_path
):
    """Each of these used to take four seconds."""
    here, none = ("--workspace", trained), ("--workspace", tmp_path / "none")
    refused = {
        ("search", photo, *here, "--ranker", "deeprnak"): BAD_USAGE,
        ("search", photo, *here, "--box", "9,9,1,1"): BAD_USAGE,
        ("search", photo, *here, "--category", "tent"): BAD_USAGE,
        ("search", photo, *here, "--device", "abacus"): BAD_USAGE,
        ("search", photo, *none): FAILED,
        ("search", tmp_path / "missing.jpg", *here): SOME_UNREADABLE,
        ("locate", tmp_path / "missing.jpg", *here): SOME_UNREADABLE,
        ("locate", photo, *here, "--models", "best"): BAD_USAGE,
        ("index", tmp_path / "missing", *here): FAILED,
        ("index", trained, *here, "--ranker", "deeprnak"): BAD_USAGE,
        ("compare", *here, "--ranker", "deeprnak"): BAD_USAGE,
        ("compare", *none): FAILED,
    }
    for words, expected in refused.items():
        code, loaded, said = command(*words)
        assert (code, loaded) == (expected, set()), (words, said)
        assert said.count("\n") <= 8, said


@pytest.mark.parametrize("words", [("models",), ("doctor",), ("data", "formats")])
def test_lists_need_no_torch(words, trained):
    code, loaded, _ = command(*words, "--workspace", trained)
    assert (code, loaded) == (DONE, set())


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("search", "--help"),
        ("catalogue", "--help"),
        ("catalogue", "sync", "--help"),
        ("--version",),
    ],
)
def test_help_imports_nothing_slow(words):
    code, loaded, _ = command(*words)
    assert (code, loaded) == (DONE, set())


def test_locating_and_searching_import_no_more_than_they_need(photo, shop_index):
    """On a processor networks run without torch."""
    shop, run = shop_index
    here = ("--workspace", run, "--device", "cpu")
    code, loaded, said = command("locate", photo, *here)
    assert (code, loaded) == (DONE, {"openvino"}), said
    code, loaded, said = command("search", photo, *here)
    assert (code, loaded) == (DONE, {"openvino"}), said  # exact: so few
    code, loaded, said = command("index", shop, *here)
    assert (code, loaded) == (DONE, set()), said  # it is up to date


def test_torch_runs_networks_where_it_is_asked_to(photo, shop_index):
    _, run = shop_index
    torch = ("--device", "cpu", "--engine", "torch")
    code, loaded, said = command("locate", photo, "--workspace", run, *torch)
    assert (code, loaded) == (DONE, {"torch"}), said


GARMENTS = """
import json, sys
import tiefvision
garments = tiefvision.load(sys.argv[1], device="cpu").open(sys.argv[2]).garments
found = [(one.category, one.score, one.box_in_image) for one in garments]
print(json.dumps([found, "torch" in sys.modules]))
"""


def test_the_garments_of_a_photograph_need_no_torch(photo, tmp_path):
    """With the models that ship."""
    (garments, torch), _ = run_alone(GARMENTS, str(tmp_path / "none"), str(photo))
    assert garments
    for category, score, box in garments:
        assert category and 0 < score <= 1 and len(box) == 4
    assert not torch


EVERY_RANKER = """
import json, sys
from functools import partial
import numpy as np
from tiefvision.evaluation.searches import Search
from tiefvision.progress import untracked
from tiefvision.ranking.colours.histogram import lab_histogram
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking import learning
from tiefvision.ranking.learning import Learnt, TrainingCrops
from tiefvision.ranking.registry import OWN, RANKERS
from tiefvision.ranking.restoring import restore_ranker
from tiefvision.records import View

# 16 visual words in place of 1024, for which there are too few descriptors.
learning.learn_codebook = partial(learning.learn_codebook, words=16)
generator = np.random.default_rng(0)
squares = generator.integers(0, 256, (8, 4, 4, 3), np.uint8)
pixels = squares.repeat(16, axis=1).repeat(16, axis=2)
colours = np.stack([lab_histogram(crop) for crop in pixels])
maps = generator.random((8, 4, 5, 5), np.float32)

def garments_of(views):
    rows = [int(view.path) for view in views]
    return GarmentBatch(maps[rows], colours[rows], pixels[rows])

views = tuple(View(str(number)) for number in range(8))
items = tuple("aabbccdd")
search = Search("item", views[::2], items[::2], views[1::2], items[1::2])
crops = TrainingCrops(views, search, garments_of, 0, untracked)
details = {"network": "colour", "channels": 4, "colours": colours.shape[1], "size": 6}

ran = []
for kind in (RANKERS[name] for name in OWN):
    if kind.learns == "triplets":
        shapes = kind.shapes(details)
        weights = {n: generator.random(s, np.float32) for n, s in shapes.items()}
        learnt = Learnt(details, weights)
    else:
        learnt = kind.learn(crops) if kind.learn else Learnt({}, {})
    embed = restore_ranker(kind, learnt.details, learnt.weights, "")
    if len(embed(garments_of(views))) == 8:
        ran.append(kind.name)
print(json.dumps([ran, "torch" in sys.modules]))
"""


def test_no_ranker_needs_torch_to_learn_or_to_embed():
    """Only the training of DeepRank does, and networks of the literature."""
    (ran, torch), _ = run_alone(EVERY_RANKER)
    assert (ran, torch) == (list(OWN), False)


SEARCH = """
import json, sys
from pathlib import Path
import numpy as np
from tiefvision.catalogue.living.current import current_of
from tiefvision.catalogue.living.ledger import description_name, known_photos
from tiefvision.catalogue.loading import open_searcher
from tiefvision.models.bundle import shipped_bundle
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.store.table import Table
from tiefvision.records import View
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.garments import garments_reader
from tiefvision.workspace.job import Resources

run, photo = sys.argv[1:]
workspace = Workspace(Path(run))
key = current_of(workspace).key
with Table(workspace.path("catalogue")) as table, table.read() as now:
    (known,) = [one for one in known_photos(now, key) if one.file.endswith(photo)]
    read = garments_reader(now)([View(description_name(key, known.content))])
    garment = GarmentBatch(read.maps, read.colours)
found = {}
for ranker in ("cosine", "deeprank"):
    opened = open_searcher(workspace, shipped_bundle(), ranker, Resources())
    with opened as searcher:
        found[ranker] = searcher.nearest(garment, 1)[0].photo
print(json.dumps([found, "torch" in sys.modules]))
"""


def test_searching_a_catalogue_with_a_described_garment_needs_no_torch(shop_index):
    shop, run = shop_index
    photo = sorted(path.name for path in shop.glob("*.jpg"))[0]
    (found, torch), _ = run_alone(SEARCH, str(run), photo)
    assert found == dict.fromkeys(("cosine", "deeprank"), photo)
    assert not torch


@pytest.mark.parametrize(
    "module",
    [
        "catalogue.describing",
        "catalogue.gallery",
        "catalogue.living.catalogue",
        "catalogue.loading",
        "catalogue.reduction",
        "catalogue.searcher",
        "encoders.dense",
        "engines.choice",
        "engines.openvino",
        "judging.index_recall",
        "judging.memory",
        "judging.packs",
        "judging.query_boxes",
        "judging.results",
        "locating.locator",
        "models.bundle",
        "models.rankers",
        "models.trained",
        "photos.resizing",
        "ranking.crops",
        "workspace.garments",
        "workspace.networks",
    ],
)
def test_what_describes_ranks_and_searches_imports_no_torch(module):
    code = (
        f"import tiefvision.{module}, sys, json; "
        "print(json.dumps('torch' in sys.modules))"
    )
    assert run_alone(code)[0] is False


@pytest.fixture(scope="module")
def shop_index(dataset, tmp_path_factory):
    """Shop photographs, and a workspace where the models that ship indexed them."""
    run = tmp_path_factory.mktemp("startup")
    shop = dataset / "images" / "shop"
    code, loaded, said = command("index", shop, "--workspace", run, "--device", "cpu")
    assert (code, loaded - {"nmslib"}) == (DONE, {"openvino"}), said
    return shop, run
