"""What tests of several packages share: a small dataset, a trained run, processes."""

import os

# One thread, before torch is imported: small networks are no faster with more, and the
# order of a sum, so its last digits, does not depend on the machine.
os.environ["OMP_NUM_THREADS"] = "1"

import importlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ITEMS, DATASET_SEED = 12, 2
"""Three families of four, so one in each split; a street and a shop photograph each."""

SETTINGS: dict[str, dict[str, Any]] = {
    "encode": {
        "encoder": "alexnet",
        "weights": "random",
        "precision": "float32",
        "long_sides": (256,),
        "made": 0,
    },
    "train_classifier": {"categories": ("outfit",), "epochs": 12},
    "train_boxes": {"epochs": 12},
    "localise": {"least_score": 0.3},
    "encode_crops": {
        "encoder": "alexnet",
        "grid": 0,
        "square": 0.0,
        "weights": "random",
        "precision": "float32",
        "seed": 8,
        "alterations": 1,
    },
    "train_deeprank": {
        "size": 16,
        "epochs": 15,
        "patience": 0,
        "rounds": 4,
        "learning_rate": 1e-2,
        "share": 1.0,
    },
}
"""Far from good, and quick: all stages together take seven seconds. Most boxes are
wrong, and would not be told by the default score. In float32, so that the figures are
the same on processors with and without bfloat16. AlexNet is the quickest encoder.
Another seed of the crops' encoder makes it another one than the locator's."""

LEARNT = shutil.ignore_patterns(
    "pca.lmdb", "mix.lmdb", "gabor.lmdb", "blobs.lmdb", "engineered.lmdb"
)
"""Rankers that comparisons of the trained workspace leave there."""

RunStage = Callable[..., dict[str, Any] | None]
MakeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is remembered of a machine is not read from the user's folder, nor written.

    Processes that tests start inherit it.
    """
    os.environ["TIEFVISION_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MakeOnce:
    """Makes a folder at its first use, for all processes that share the tests."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # that of the run; each of its processes has one inside

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        # Made where it stays: reports of a workspace hold its path.
        folder, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # left by a failure
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def dataset(made_once: MakeOnce) -> Path:
    """A synthetic dataset of 24 photographs; tests must not change it."""
    from tiefvision.datasets.synth.generate import generate_dataset

    def generate(folder: Path) -> None:
        generate_dataset(folder, items=ITEMS, street_per_item=1, seed=DATASET_SEED)

    return made_once("dataset", generate)


@pytest.fixture(scope="session")
def street_photos(dataset: Path) -> list[Path]:
    """Street photographs of the test split."""
    described = json.loads((dataset / "annotations.json").read_text("utf-8"))
    return [
        dataset / "images" / image["file_name"]
        for image in described["images"]
        if (image["source"], image["split"]) == ("street", "test")
    ]


@pytest.fixture(scope="session")
def street(street_photos: list[Path]) -> Path:
    """A street photograph of the test split."""
    return street_photos[0]


@pytest.fixture(scope="session")
def facts_of() -> Callable[[Any], list[Any]]:
    """What a user sees of the answers of a search, as values that can be compared."""

    def facts(answers: Any) -> list[Any]:
        return [
            (
                answer.box,
                answer.category,
                answer.ranker,
                answer.note,
                [
                    (hit.rank, hit.item, hit.photo, round(hit.similarity, 4))
                    for hit in answer.hits
                ],
            )
            for answer in answers
        ]

    return facts


@pytest.fixture(scope="session")
def settings() -> dict[str, dict[str, Any]]:
    """Settings of the stages that differ from the defaults, their seeds included."""
    return SETTINGS


TINY_TEXT = {"context_length": 16, "width": 32, "heads": 2, "layers": 1}
TINY_CLIPS: dict[str, dict[str, Any]] = {
    "tiny-clip": {
        "embed_dim": 24,
        "vision_cfg": {
            "image_size": 64,
            "patch_size": 16,
            "width": 64,
            "head_width": 32,
            "layers": 2,
        },
        "text_cfg": {**TINY_TEXT, "vocab_size": 49408},
    },
    "tiny-siglip": {
        "embed_dim": 64,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 64,
            "timm_model_name": "tiny_siglip_64",
            "timm_model_pretrained": False,
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            **TINY_TEXT,
            "vocab_size": 320,
            "hf_tokenizer_name": "nobody/no-tokenizer",
            "no_causal_mask": True,
            "pool_type": "last",
        },
    },
}


@pytest.fixture(scope="session")
def tiny_clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Names of models of two layers that open_clip knows in this process."""
    open_clip = pytest.importorskip("open_clip")
    from timm.models import register_model
    from timm.models.vision_transformer import _create_vision_transformer

    def tiny_siglip_64(pretrained: bool = False, **options: Any) -> Any:
        own = {"img_size": 64, "embed_dim": 64, "depth": 2, "num_heads": 2}
        own |= {"class_token": False, "global_pool": "map"}
        name = "tiny_siglip_64"
        return _create_vision_transformer(name, pretrained, **{**own, **options})

    register_model(tiny_siglip_64)
    folder = tmp_path_factory.mktemp("clips")
    for name, settings in TINY_CLIPS.items():
        (folder / f"{name}.json").write_text(json.dumps(settings), encoding="utf-8")
    open_clip.add_model_config(folder)
    return tuple(TINY_CLIPS)


@pytest.fixture(scope="session")
def run_stage(dataset: Path) -> RunStage:
    """Runs a stage in this process; options of the stage and ``seed``, ``max_gib``."""
    from stages import runner

    def run(
        workspace: Path, stage: str, /, max_gib: float = 1.0, **changes: Any
    ) -> dict[str, Any] | None:
        module = importlib.import_module(runner.stage_modules()[stage])
        own = {"data": dataset} if stage == "ingest" else SETTINGS.get(stage, {})
        options = {"seed": 0, **own, **changes}
        shared = runner.Shared(
            workspace, "cpu", options.pop("seed"), max_gib, quiet=True
        )
        return runner.run_stage(stage, module.Config(**options), shared)

    return run


@pytest.fixture(scope="session")
def all_stages(run_stage: RunStage, made_once: MakeOnce) -> Path:
    """A workspace in which every stage has run, the one that processes share."""
    from stages.runner import stage_modules

    def run_stages(workspace: Path) -> None:
        for name in stage_modules():
            run_stage(workspace, name)

    return made_once("all-stages", run_stages)


@pytest.fixture(scope="session")
def trained(all_stages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which every stage has run; tests must not change it.

    Each process has its own copy, since comparisons leave rankers there.
    """
    return linked_copy(all_stages, tmp_path_factory.mktemp("own") / "trained")


def linked_copy(workspace: Path, folder: Path, **options: Any) -> Path:
    """A copy whose files are links: stages replace artifacts, never write into them."""
    return Path(shutil.copytree(workspace, folder, copy_function=os.link, **options))


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained workspace that a test may change."""
    return linked_copy(trained, tmp_path / "run", ignore=LEARNT)


@pytest.fixture(scope="session")
def put_network() -> Callable[[Path, str, float], None]:
    """Puts a network of the literature into a workspace, as if it had been trained."""
    from tiefvision.networks.building import build_network
    from tiefvision.store.artifact import ArtifactWriter
    from tiefvision.store.header import Header
    from tiefvision.workspace.artifacts import Workspace
    from tiefvision.workspace.networks import network_tensors

    def put(folder: Path, name: str, width: float) -> None:
        network = name.split("-", maxsplit=1)[0]
        tensors = network_tensors(build_network(network, width))
        header = Header("train_ranker", 1, {"width": width}, {})
        with ArtifactWriter(Workspace(folder).path(name), header, 0.1) as writer:
            writer.write(tensors, {"training/history": []})
            writer.finish(details={"network": network, "width": width})

    return put


@pytest.fixture(scope="session")
def bundle(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of the trained workspace as a bundle; tests must not change it."""
    from tiefvision.models.bundle_writing import write_bundle
    from tiefvision.workspace.artifacts import Workspace

    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(Workspace(trained), folder, "test-1")
    return folder


@pytest.fixture
def shipped(bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that bundle, which a test may change, in place of what ships."""
    from tiefvision import weights as package_weights

    folder = Path(shutil.copytree(bundle, tmp_path / "shipped"))
    monkeypatch.setattr(package_weights, "FOLDER", folder)
    return folder


@dataclass(frozen=True)
class Outcome:
    """How a process ended: its exit code (minus the signal), and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as one JSON object a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


def _text(file: Path) -> str:
    """The text of a file; "" before there is one."""
    return file.read_text() if file.exists() else ""


class Running:
    """A process under way."""

    def __init__(self, ask: Callable[..., str], folder: Path, **request: Any) -> None:
        self._ask, self._folder = ask, folder
        self.pid = int(ask(folder=str(folder), **request))

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        os.kill(self.pid, signal.SIGINT)

    def kill(self) -> Outcome:
        """End it at once, wherever it is."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return not self._ask(pid=self.pid, wait=False)

    def printed(self) -> str:
        """What it has printed so far."""
        return _text(self._folder / "out")

    def said(self) -> str:
        """What it has said so far, on stderr."""
        return _text(self._folder / "err")

    def wait(self) -> Outcome:
        """Wait for its end."""
        code = int(self._ask(pid=self.pid, wait=True))
        return Outcome(code, *(_text(self._folder / name) for name in ("out", "err")))


class Processes:
    """Runs Python code in processes of its own, without importing torch every time."""

    def __init__(self, server: "subprocess.Popen[str]", folder: Path) -> None:
        self._server, self._folder, self._count = server, folder, 0

    def start(self, code: str, **values: Any) -> Running:
        """Start a process that runs code in which the values are names."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return Running(self._ask, folder, code=code, values=values)

    def _ask(self, **request: Any) -> str:
        """The server's answer to a request."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(request, default=str) + "\n")
        self._server.stdin.flush()
        return self._server.stdout.readline().strip()

    def run(self, code: str, **values: Any) -> Outcome:
        """Run code to its end."""
        return self.start(code, **values).wait()

    def command(self, *arguments: object) -> Outcome:
        """Run ``tiefvision`` with arguments."""
        return self.run(TIEFVISION, arguments=[str(item) for item in arguments])


TIEFVISION = """
import sys
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
sys.exit(guarded(app, arguments))
"""


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Makes processes; see `Processes`."""
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": str(here.parent)}
    with subprocess.Popen(
        [sys.executable, str(here / "process_server.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as server:
        yield Processes(server, tmp_path_factory.mktemp("processes"))
        assert server.stdin is not None
        server.stdin.close()
