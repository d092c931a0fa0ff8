"""The image, as far as it can be checked where there is no Docker."""

import fnmatch
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tiefvision.cli.main import app
from tiefvision.cli.reference import described_commands
from tiefvision.cli.serve import PORT, TOKEN

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def steps() -> dict[str, list[str]]:
    """Arguments of the instructions of the Dockerfile, by their name."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, arguments = line.split(maxsplit=1)
            found.setdefault(name, []).append(arguments)
    return found


def options_of(command: str) -> set[str]:
    entries = {one.name: one.entries for one in described_commands(app)}[command]
    return {spelling for entry in entries for spelling in entry.spellings()}


def test_the_command_and_its_options_exist(steps: dict[str, list[str]]) -> None:
    assert json.loads(steps["ENTRYPOINT"][0]) == ["tiefvision"]
    command, *arguments = json.loads(steps["CMD"][0])
    used = {word for word in arguments if word.startswith("--")}
    assert used == {"--host", "--workspace"}
    assert used <= options_of(command)
    assert arguments[arguments.index("--workspace") + 1].startswith(
        f"{steps['VOLUME'][0]}/"
    )


def test_what_is_copied_is_there_and_not_ignored(steps: dict[str, list[str]]) -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    copied = {one for line in steps["COPY"] for one in line.split()[:-1]}
    assert copied == kept
    assert all((ROOT / one).exists() for one in copied)
    assert lines[1] == "*"
    assert not fnmatch.fnmatch("tiefvision/weights/x.safetensors", lines[-1])


def test_versions_are_those_of_the_package(steps: dict[str, list[str]]) -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in ("torch", "torchvision"):
        (given,) = re.findall(rf'"({name}[<>=][^"]+)"', steps["RUN"][0])
        assert given in wanted["dependencies"]
    assert steps["FROM"] == ["python:3.12-slim"]


def test_nobody_is_root(steps: dict[str, list[str]]) -> None:
    assert steps["USER"] == ["tiefvision"]
    assert any("useradd" in line and "tiefvision" in line for line in steps["RUN"])


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml"])
def test_the_port_is_the_one_that_is_served(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    ports = set(re.findall(r"\b\d{4,5}\b", text))
    assert ports - {"1000"} == {str(PORT)}


def test_compose_gives_a_token_and_a_volume() -> None:
    described = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    web = described["services"]["web"]
    assert web["environment"][TOKEN].startswith("${" + TOKEN + ":?")
    assert web["volumes"][0] == "data:/data"
    assert set(described["volumes"]) == {"data"}
