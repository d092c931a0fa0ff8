"""What docs/rankers.md shows of rankers of the user runs as it is shown."""

import importlib
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
from tiefvision.ranking import own

DOCUMENT = Path(__file__).parent.parent / "docs" / "rankers.md"


@pytest.fixture
def folder(trained, dataset, tmp_path, monkeypatch):
    """A folder as the section presumes: a photograph, a shop, a dataset, its run."""
    shutil.copytree(trained, tmp_path / "myrun", copy_function=os.link)
    (tmp_path / "mydata").symlink_to(dataset)
    street = sorted((dataset / "images" / "street").glob("*.jpg"))[0]
    shutil.copy(street, tmp_path / "street.jpg")
    (tmp_path / "shop").mkdir()
    for file in sorted((dataset / "images" / "shop").glob("*.jpg"))[:3]:
        shutil.copy(file, tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "_LOADED", {})
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("mine", None)


def section(title):
    """The blocks of a section, by language, and its commands."""
    text = DOCUMENT.read_text("utf-8").split(f"\n### {title}\n")[1]
    text = re.split(r"\n##+ ", text)[0]
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)
    commands = re.findall(r"^ {4}tiefvision (.*)$", text, re.M)
    return [code for _, code in found], [shlex.split(one) for one in commands]


def rankers_of(command, capfd):
    assert guarded(app, [*command, "--json"]) == 0
    lines = capfd.readouterr().out.splitlines()
    return [json.loads(line).get("ranker") for line in lines]


def test_a_class_in_a_file(folder, capfd):
    (mine, program), (compare, index, search) = section("A class in a file")
    Path("mine.py").write_text(mine)
    assert rankers_of(compare, capfd) == ["cosine", "mine.Ranker"]
    assert guarded(app, index) == 0
    assert "mine.Ranker" in capfd.readouterr().out
    assert set(rankers_of(search, capfd)) == {"mine.Ranker"}
    exec(compile(program, str(DOCUMENT), "exec"), {"__name__": "documented"})
    assert capfd.readouterr().out.startswith("mine.Ranker [")


def test_a_package(folder, capfd):
    (mine, _), _ = section("A class in a file")
    (toml,), (compare,) = section("A package")
    Path("mine.py").write_text(mine)
    info = Path("nine_parts-1.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nine\nVersion: 1\n")
    # The file of a wheel has the same table in the form of configparser.
    group, name, value = re.fullmatch(
        r'\[project\.entry-points\."(.+)"\]\n(\S+) = "(.+)"\n', toml
    ).groups()
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    importlib.invalidate_caches()
    assert rankers_of(compare, capfd) == ["cosine", "nine-parts"]
    assert guarded(app, ["models", "--workspace", "myrun"]) == 0
    assert re.search(r"nine-parts +ranker .*installed", capfd.readouterr().out)


def test_vectors_made_elsewhere(folder, capfd):
    (program,), (compare,) = section("Vectors made elsewhere")
    exec(compile(program, str(DOCUMENT), "exec"), {"__name__": "documented"})
    assert rankers_of(compare, capfd) == ["cosine", "deeprank", "small"]
