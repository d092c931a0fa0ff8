"""docs/web.md shows what works."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from starlette.testclient import TestClient

TEXT = (Path(__file__).parents[2] / "docs" / "web.md").read_text("utf-8")
SERVER = "http://127.0.0.1:8765"
CURL = re.findall(r"^ {4}(curl [^#\n]+)", TEXT, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, street: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder one is in, with the photograph that the document names."""
    shutil.copy(street, tmp_path / "street.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_client_in_python(
    folder: Path, site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (client,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert SERVER in client
    exec(client.replace(SERVER, site), {})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["1", "2", "3"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
def test_what_curl_asks(folder: Path, site: str) -> None:
    assert len(CURL) >= 4
    reference = ""
    for line in CURL:
        line = line.replace("upload-0f...", reference).replace(SERVER, site)
        line = re.sub(r"box=[\d,]+", "box=10,20,90,140", line)
        done = subprocess.run(
            [*shlex.split(line), "--fail-with-body", "--silent"],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (line, done.stdout)
        reference = (re.findall(r"upload-[0-9a-f]{32}", done.stdout) or [reference])[0]
    assert reference


def test_the_metrics(client: TestClient) -> None:
    (part,) = re.findall(r"### Metrics\n(.*?)\n## ", TEXT, re.DOTALL)
    listed = set(re.findall(r"^\| `(\w+)`", part, re.MULTILINE))
    given = client.get("/api/metrics").text
    types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", given, re.MULTILINE))
    ours = {name.removesuffix("_total").removesuffix("_created") for name in types}
    assert listed == ours
