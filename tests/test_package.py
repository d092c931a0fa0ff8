"""The wheel: what it holds, and that it works alone, without the clone or a network."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tiefvision.version import __version__

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tiefvision"
METADATA = f"tiefvision-{__version__}.dist-info"

pytestmark = pytest.mark.slow

BUILD = """
import sys
from setuptools import build_meta
build_meta.build_wheel(sys.argv[1])
"""

CONSOLE_SCRIPT = """
import importlib.metadata, sys
sys.argv[0] = "tiefvision"
distribution = importlib.metadata.distribution("tiefvision")
sys.exit(distribution.entry_points["tiefvision"].load()())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the clone, in which the build leaves its traces."""
    source = tmp_path_factory.mktemp("source") / "clone"

    def left_out(folder, names):
        if Path(folder) != ROOT:
            return {"__pycache__"} & set(names)
        built = {"build", "dist", "data", "tiefvision.egg-info"}
        return {name for name in names if name.startswith(".") or name in built}

    shutil.copytree(ROOT, source, ignore=left_out)
    (source / "data").mkdir()
    (source / "data" / "README.md").touch()
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    [file] = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel and its dependencies; returns its Python."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # Folders of a .pth file come behind the environment's own, and their own .pth
    # files, such as that of an editable install, are not read.
    dependencies = [path for path in sys.path if any(Path(path).glob("*.dist-info"))]
    (packages / "dependencies.pth").write_text("\n".join(dependencies))
    return folder / "bin" / "python"


@pytest.fixture
def run(installed, tmp_path):
    """Runs that Python in an empty folder, with an empty home and no network."""
    (tmp_path / "elsewhere").mkdir()
    nowhere = "http://127.0.0.1:9"  # a port that nothing listens on
    environment = {
        **{name: os.environ[name] for name in os.environ if name != "PYTHONPATH"},
        **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), nowhere),
        **dict.fromkeys(
            ("HOME", "XDG_CACHE_HOME", "TORCH_HOME"), str(tmp_path / "home")
        ),
    }

    def run(*arguments):
        outcome = subprocess.run(
            [str(installed), *map(str, arguments)],
            cwd=tmp_path / "elsewhere",
            env=environment,
            capture_output=True,
            text=True,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    return run


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"tiefvision", METADATA}
    # Every file of the folder ships: modules, weights, templates, the type marker.
    shipped = {name for name in names if name.startswith("tiefvision/")}
    assert shipped == {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def test_the_wheel_carries_licence_type_marker_weights_and_command(wheel):
    archive = zipfile.ZipFile(wheel)
    names = set(archive.namelist())
    assert {"tiefvision/py.typed", "tiefvision/weights/MODEL_CARD.md"} <= names
    assert any(name.endswith(".safetensors") for name in names)
    licence = archive.read(f"{METADATA}/licenses/LICENSE")
    assert licence == (ROOT / "LICENSE").read_bytes()
    commands = archive.read(f"{METADATA}/entry_points.txt").decode()
    assert "tiefvision = tiefvision.cli.main:main" in commands


def test_the_installed_package_locates_without_clone_or_network(
    run, installed, dataset
):
    file = run("-c", "import tiefvision; print(tiefvision.__file__)").strip()
    assert Path(file).is_relative_to(installed.parents[1])
    photo = min((dataset / "images" / "street").rglob("*.jpg"))
    found = json.loads(run("-m", "tiefvision", "locate", photo, "--json"))
    assert found["photo"] == str(photo)
    for garment in found["garments"]:
        left, top, right, bottom = garment["box"]
        assert 0 <= left < right <= found["width"]
        assert 0 <= top < bottom <= found["height"]
    assert found["garments"]


def test_the_installed_command_tells_its_version_and_examines_itself(run):
    assert run("-c", CONSOLE_SCRIPT, "--version") == f"{__version__}\n"
    lines = run("-c", CONSOLE_SCRIPT, "doctor", "--json").splitlines()
    findings = {item["check"]: item["status"] for item in map(json.loads, lines)}
    assert findings["locator-efficientnet_lite0.safetensors"] == "ok"
    assert "failed" not in findings.values()
