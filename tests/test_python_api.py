"""The Python of the documentation runs, in the order in which it is read."""

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README, API = ROOT / "README.md", ROOT / "docs" / "python-api.md"
DOCUMENTS = (README, API)


def blocks_of(path):
    """Each block of Python with its first line, so that a traceback names it."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, match.start(1))
        yield compile("\n" * line + match[1], str(path), "exec")


@pytest.fixture
def folder(trained, dataset, tmp_path, monkeypatch):
    """A folder as the documents presume: a photograph, a shop, the demo's workspace."""
    street = sorted((dataset / "images" / "street").glob("*.jpg"))[0]
    shutil.copy(street, tmp_path / "street.jpg")
    (tmp_path / "shop").mkdir()
    for file in sorted((dataset / "images" / "shop").glob("*.jpg"))[:4]:
        shutil.copy(file, tmp_path / "shop")
    demo = tmp_path / "data" / "demo-run"
    shutil.copytree(trained, demo, copy_function=os.link)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_document_with_python_is_run():
    documents = (README, *(ROOT / "docs").rglob("*.md"))
    # tests/web/test_document.py and tests/test_rankers_document.py run the last two.
    run = {*DOCUMENTS, ROOT / "docs/web.md", ROOT / "docs/rankers.md"}
    assert {path for path in documents if any(blocks_of(path))} == run


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_blocks_run_in_order(path, folder, capsys):
    names = {"__name__": "documented"}
    for block in blocks_of(path):
        exec(block, names)
    said = capsys.readouterr().out
    assert "Error" not in said and said.strip()
    # What they found is what they tell of: a gallery of the four photographs.
    assert names["finder"].indexed.photos == 4
    assert 1 <= len(names["answer"].hits) <= 4
    assert names["photo"].width > 0


def test_the_blocks_of_the_guide_say_what_is_said_of_them(folder, capsys):
    names = {"__name__": "documented"}
    for block in blocks_of(API):
        exec(block, names)
    said = capsys.readouterr().out
    (boxed,), (whole,) = names["boxed"], names["whole"]
    assert (boxed.box, whole.box) == ((10, 10, 60, 90), None)
    assert {answer.category for answer in names["outfits"]} <= {"outfit", ""}
    assert {answer.ranker for answer in names["others"]} == {"cosine"}
    assert "There is no ranker hue. Use cosine, mean, " in said


def test_the_attributes_that_the_guide_lists_are_those_there_are(folder):
    """In the tables under a heading, the first column is a name."""
    names = {"__name__": "documented"}
    for block in blocks_of(API):
        exec(block, names)
    text = API.read_text(encoding="utf-8")
    tables = {
        "| attribute |": names["photo"].to_search[0],
        "| attribute of an answer |": names["answer"],
        "| error |": names["tiefvision"],
    }
    for head, thing in tables.items():
        rows = text.split(head)[1].split("\n\n")[0].splitlines()[2:]
        listed = [re.match(r"\| `(\w+)` \|", row)[1] for row in rows]
        assert listed
        for name in listed:
            assert hasattr(thing, name), (head, name)
    errors = text.split("| error |")[1]
    tiefvision = names["tiefvision"]
    for name in tiefvision.__all__:
        kind = getattr(tiefvision, name)
        if isinstance(kind, type) and issubclass(kind, tiefvision.TiefVisionError):
            base = kind is tiefvision.TiefVisionError
            assert base or f"| `{name}` |" in errors, name
