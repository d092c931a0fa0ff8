import importlib.metadata
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tiefvision.errors import BadUsage
from tiefvision.ranking import own
from tiefvision.ranking.garments import GarmentBatch
from tiefvision.ranking.own import installed_rankers, is_known, load_ranker, name_of
from tiefvision.ranking.registry import ranker_kind

MINE = '''
class Ranker:
    """The mean colour of a crop. It is quick."""

    needs = ("pixels",)

    def embed(self, garments):
        return garments.pixels.mean(axis=(1, 2)) / 255


class Halves(Ranker):
    needs = "pixels"

    def embed(self, garments):
        return garments.pixels.mean(axis=(1, 3)).astype("float16")
'''


@pytest.fixture(autouse=True)
def _nothing_loaded(monkeypatch):
    monkeypatch.setattr(own, "_LOADED", {})


@pytest.fixture
def mine(tmp_path):
    file = tmp_path / "my-own.py"
    file.write_text(MINE)
    return file


def test_a_class_of_a_file_becomes_a_ranker(mine):
    name = load_ranker(f"{mine}:Ranker")
    kind = ranker_kind(name)
    assert name == kind.name == "my_own.Ranker"
    assert (kind.needs, kind.learns) == (("pixels",), "nothing")
    assert kind.summary == "The mean colour of a crop"
    assert kind.given == f"{mine}:Ranker"
    pixels = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    pixels[0, ..., 0], pixels[1] = 200, (30, 0, 40)
    embedded = kind.build({}, {})(GarmentBatch(pixels=pixels))
    assert embedded.dtype == np.float32
    np.testing.assert_allclose(embedded, [[1, 0, 0], [0.6, 0, 0.8]], atol=1e-6)


def test_other_texts_are_names(mine):
    assert [load_ranker(text) for text in ("cosine", "x", "a:b")] == [
        "cosine",
        "x",
        "a:b",
    ]
    assert name_of(f"{mine}:Ranker") == "my_own.Ranker"
    assert not is_known("my_own.Ranker")  # naming it does not run it


def test_a_name_alone_runs_no_file(mine, monkeypatch):
    """Neither a request nor a catalogue makes a file run: both hold names."""
    monkeypatch.chdir(mine.parent)
    for name in ("my-own.py:Ranker", f"{mine}:Ranker", "my_own.Ranker"):
        with pytest.raises(BadUsage, match="There is no ranker"):
            ranker_kind(name)
    with pytest.raises(BadUsage, match=r"give its file: --ranker FILE.py:Ranker"):
        ranker_kind("my_own.Ranker")
    load_ranker("my-own.py:Ranker")
    assert is_known("my_own.Ranker")


def test_a_change_of_the_file_is_another_digest(mine):
    before = ranker_kind(load_ranker(f"{mine}:Halves")).digest
    assert ranker_kind(load_ranker(f"{mine}:Ranker")).digest == before
    mine.write_text(MINE + "# changed\n")
    assert ranker_kind(load_ranker(f"{mine}:Halves")).digest != before


def test_two_files_of_one_name_are_told(mine, tmp_path):
    other = tmp_path / "other" / "my_own.py"
    other.parent.mkdir()
    other.write_text(MINE + "# another one\n")
    load_ranker(f"{mine}:Ranker")
    with pytest.raises(BadUsage, match=r"called my_own\.Ranker already: .*my-own\.py"):
        load_ranker(f"{other}:Ranker")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Other: ...", "{0} has no Ranker, but Other."),
        ("", "{0} has no Ranker, nor any other class."),
        ("class Ranker: ...", "{0}:Ranker is no ranker: it has no method embed."),
        (
            "class Ranker:\n def embed(self, garments): ...",
            "{0}:Ranker does not say what it needs.",
        ),
        (
            "class Ranker:\n needs = ('map',)\n def embed(self, garments): ...",
            "{0}:Ranker needs 'map', which there is not.",
        ),
        ("class Ranker(:", "{0} cannot be run: SyntaxError: "),
        ("raise SystemExit('no')", "{0} cannot be run: SystemExit: no."),
        ("import nothing_like_it", "{0} cannot be run: ModuleNotFoundError: no module"),
        (
            "class Ranker:\n def __init__(self): raise ValueError('weights?')",
            "{0}:Ranker cannot be run: ValueError: weights?.",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, text, said):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(BadUsage) as caught:
        load_ranker(f"{file}:Ranker")
    assert caught.value.message.startswith(said.format(file))
    assert "\n" not in str(caught.value)
    assert not is_known("mine.Ranker")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadUsage, match=r"There is no file .*absent\.py. Name a file"):
        load_ranker(f"{tmp_path / 'absent.py'}:Ranker")
    with pytest.raises(BadUsage, match=r"cosine,.*py. A comma joins training seeds"):
        load_ranker(f"cosine,{tmp_path / 'absent.py'}:Ranker")


def test_a_class_that_is_not_named_is_asked_for():
    with pytest.raises(BadUsage, match=r"mine\.py: names no class. .*: mine\.py:CLASS"):
        load_ranker("mine.py:")
    with pytest.raises(BadUsage, match=r"no ranker mine\.py. .*: mine\.py:CLASS"):
        ranker_kind("mine.py")
    with pytest.raises(
        BadUsage, match=r"no ranker rgb,lab\. Give each ranker an option"
    ):
        ranker_kind("rgb,lab")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with two rankers, one of which has a name of ours."""
    (tmp_path / "colourful.py").write_text(MINE)
    info = tmp_path / "colourful-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: colourful\nVersion: 1.2\n"
    )
    points = "mean-colour = colourful:Ranker\ncosine = colourful:Ranker\n"
    points += "broken = colourful:Absent\n"
    (info / "entry_points.txt").write_text(f"[{own.GROUP}]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield info
    sys.modules.pop("colourful", None)


def test_an_installed_package_offers_rankers_by_name(package):
    assert installed_rankers() == dict.fromkeys(
        ("mean-colour", "broken"), "colourful 1.2"
    )
    assert "colourful" not in sys.modules
    kind = ranker_kind("mean-colour")
    assert (kind.name, kind.needs, kind.given) == ("mean-colour", ("pixels",), "")
    assert ranker_kind("cosine").needs == ("maps",)  # ours
    with pytest.raises(BadUsage, match=r"colourful:Absent of colourful 1\.2 cannot be"):
        ranker_kind("broken")


def test_the_version_of_a_package_is_in_the_digest(package, monkeypatch):
    before = ranker_kind("mean-colour").digest
    metadata = package / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.2", "1.3"))
    monkeypatch.setattr(own, "_LOADED", {})
    assert ranker_kind("mean-colour").digest != before


def test_naming_a_ranker_imports_nothing_slow(mine):
    code = (
        "import sys; from tiefvision.ranking.own import load_ranker; "
        f"print(load_ranker({f'{mine}:Ranker'!r}), "
        "{'numpy', 'torch', 'importlib.metadata'} & set(sys.modules))"
    )
    root = Path(__file__).parent.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root
    )
    assert done.stdout == "my_own.Ranker set()\n"
