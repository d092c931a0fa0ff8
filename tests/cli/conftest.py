import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tiefvision.cli.main import app
from tiefvision.cli.running import guarded


class Spoken:
    """Exit code and output of a command."""

    def __init__(self, code, captured):
        self.code, self.out, self.err = code, captured.out, captured.err

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def tiefvision(capfd):
    """Runs the command line in this process; file descriptors are captured."""

    def run(*arguments):
        capfd.readouterr()
        code = guarded(app, [str(argument) for argument in arguments])
        return Spoken(code, capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def street(street_photos):
    """Street photographs of the test split."""
    return street_photos


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken photo.jpg"
    path.write_bytes(b"\xff\xd8\xff not a photograph")
    return path


@pytest.fixture
def blank(tmp_path):
    """A photograph without garments."""
    path = tmp_path / "blank.png"
    Image.new("RGB", (90, 120), (127, 127, 127)).save(path)
    return path


@pytest.fixture
def catalogue(dataset, tmp_path):
    """Four shop photographs with unusual file names."""
    folder = tmp_path / "catalogue"
    names = ["été/服 1.jpg", "a/shirt.jpg", "b/shirt.jpg", "plain.jpg"]
    shop = sorted((dataset / "images" / "shop").glob("*.jpg"))
    for name, file in zip(names, shop, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / name)
    return folder


@pytest.fixture
def run_module():
    """Runs ``python -m tiefvision`` with arguments that may be bytes."""

    def run(*arguments, environment):
        root = Path(__file__).parent.parent.parent
        return subprocess.run(
            [sys.executable, "-m", "tiefvision", *arguments],
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(root), **environment},
        )

    return run
