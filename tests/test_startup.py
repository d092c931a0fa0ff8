"""What is imported, and what is refused before anything slow is imported.

Times belong to ``tiefvision bench --startup``; here stand the lists.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED, SOME_UNREADABLE

ROOT = Path(__file__).parent.parent

SLOW = ("torch", "torchvision", "sklearn", "scipy", "cv2", "nmslib", "jinja2")
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


@pytest.mark.parametrize("words", [("--help",), ("search", "--help"), ("--version",)])
def test_help_imports_nothing_slow(words):
    code, loaded, _ = command(*words)
    assert (code, loaded) == (DONE, set())


def test_locating_and_searching_import_no_more_than_they_need(photo, shop_index):
    shop, run = shop_index
    code, loaded, said = command("locate", photo, "--workspace", run)
    assert (code, loaded) == (DONE, {"torch"}), said
    code, loaded, said = command("search", photo, "--workspace", run)
    assert (code, loaded) == (DONE, {"torch", "nmslib"}), said
    code, loaded, said = command("index", shop, "--workspace", run)
    assert (code, loaded - {"nmslib"}) == (DONE, {"torch"}), said


@pytest.fixture(scope="module")
def shop_index(dataset, tmp_path_factory):
    """Shop photographs, and a workspace where the models that ship indexed them."""
    run = tmp_path_factory.mktemp("startup")
    shop = dataset / "images" / "shop"
    code, _, said = command("index", shop, "--workspace", run)
    assert code == DONE, said
    return shop, run
