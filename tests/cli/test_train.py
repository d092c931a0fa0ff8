"""``tiefvision train``: every network, kills, several processes, wrong options."""

import signal
import socket

import pytest

from tiefvision.cli.running import BAD_USAGE, DONE, FAILED
from tiefvision.errors import MOST_REASONS
from tiefvision.models import ranker_training
from tiefvision.models.trained import TrainedModels, training_curves
from tiefvision.store.artifact import Artifact
from tiefvision.triplets.recipes import RECIPES
from tiefvision.workspace.artifacts import Workspace

TINY = 1 / 32

COMMAND = (
    *("train", "512_512", "--width", TINY, "--epochs", 3, "--batch", 12),
    *("--set", "count=6", "--precision", "float32", "--quiet", "--json"),
)
"""A network with dropout and with augmentation: both draw random numbers. With the
dataset's own triplets there are two steps in an epoch."""

KILLED = """
import os, signal, sys
from tiefvision.training import loop
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
take, done = loop.take_step, []
def take_and_count(*args):
    done.append(1)
    if len(done) == steps:
        os.kill(os.getpid(), signal.SIGKILL)
    return take(*args)
loop.take_step = take_and_count
sys.exit(guarded(app, arguments))
"""

TORCHRUN = """
import os, sys
os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2",
                  MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
from tiefvision.cli.main import app
from tiefvision.cli.running import guarded
sys.exit(guarded(app, arguments))
"""


CHUNKS = 3
"""Parts of the table, each a test: what does not depend on the network is done once."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(ranker_training, "TIMED", 2)


def digest_of(run, name):
    with Artifact(run / f"{name}.lmdb") as artifact:
        return artifact.header.digest


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_network_is_trained_indexed_searched_and_compared(
    run, dataset, street, tiefvision, chunk
):
    names = [f"{network}-tiny" for network in list(RECIPES)[chunk::CHUNKS]]
    where = ("--workspace", run, "--quiet", "--json")
    options = (
        *("--width", TINY, "--epochs", 1, "--batch", 12, "--sampling", "vertical"),
        *("--set", "count=6", "--precision", "float32"),
    )
    for name in names:
        network = name.removesuffix("-tiny")
        made = tiefvision("train", network, *where, "--name", name, *options)
        assert made.code == DONE, made.err
        (report,) = made.lines
        figures, recipe = report["figures"], RECIPES[network]
        assert report["config"]["recipe"]["loss"] == recipe.loss
        assert figures["last"]["loss"] >= 0 and figures["embedding"] > 0
        assert 0 <= figures["last"]["val_triplet_accuracy"] <= 1
        assert 0 < figures["last"]["val_reciprocal_rank"] <= 1
    rankers = [word for name in names for word in ("--ranker", name)]
    made = tiefvision("index", dataset / "images" / "shop", *where, *rankers)
    assert list(made.lines[0]["indexes"]) == names
    for name in names:
        found = tiefvision("search", street[0], *where, "--whole", "--ranker", name)
        (line,) = found.lines
        assert line["ranker"] == name and len(line["results"]) > 3
        assert (
            -1 <= line["results"][-1]["similarity"] <= line["results"][0]["similarity"]
        )
    compared = tiefvision("compare", *where, *rankers)
    rows = {line["ranker"]: line for line in compared.lines if "ranker" in line}
    assert list(rows) == names
    assert all(0 <= rows[name]["recall@1"]["value"] <= 1 for name in names)


def words(*arguments):
    return [str(one) for one in arguments]


def test_a_killed_training_ends_with_the_same_weights(run, processes, tiefvision):
    where = ("--workspace", run)
    named = words(*COMMAND, *where, "--name", "512_512-killed")
    steps = 2 + 2 + 2  # the last one of the third epoch
    ended = processes.run(KILLED, arguments=named, steps=steps)
    assert ended.code == -signal.SIGKILL, ended.stderr
    assert not (run / "512_512-killed.lmdb").exists()
    table = run / "reports" / "train_ranker-512_512-killed.csv"
    assert len(table.read_text().splitlines()) == 1 + 3  # epochs 0, 1 and 2
    for arguments in (named, (*COMMAND, *where)):
        assert tiefvision(*arguments).code == 0
    assert digest_of(run, "512_512-killed") == digest_of(run, "512_512")
    assert len(table.read_text().splitlines()) == 1 + 4
    again = tiefvision(*named)
    assert again.lines == [{"ranker": "512_512-killed", "up_to_date": True}]


def test_two_processes_train_as_one(run, processes, tiefvision):
    options = (
        *("train", "512_no_dropout", "--workspace", run, "--width", TINY),
        *("--epochs", 2, "--batch", 5, "--set", "count=7", "--no-augment"),
        *("--precision", "float32", "--quiet", "--json"),
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pair = words(*options, "--name", "512_no_dropout-two")
    both = [
        processes.start(TORCHRUN, arguments=pair, rank=rank, port=port)
        for rank in (0, 1)
    ]
    first, second = (one.wait() for one in both)
    assert (first.code, second.code) == (0, 0), first.stderr + second.stderr
    assert second.stdout == second.stderr == ""  # the first process speaks and writes
    assert first.lines[0]["figures"]["processes"] == 2
    assert tiefvision(*options).code == 0
    models = TrainedModels(Workspace(run))
    alone, two = (
        training_curves(models, name) for name in ("512_no_dropout", pair[-1])
    )
    for one, other in zip(alone, two, strict=True):
        assert other == pytest.approx(one, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("vgg",), "vgg is no network that is trained here. Use mildnet, skip_1"),
        (("deeprank",), "make stage-8"),
        (
            ("mildnet", "--learning-rate", "-1"),
            "--learning-rate -1 is no number above 0",
        ),
        (("mildnet", "--margin", "nan"), "--margin nan is no number above 0"),
        (("mildnet", "--set", "count"), "--set count has no value"),
        (("mildnet", "--set", "colour=1"), "has no setting colour"),
        (("mildnet", "--loss", "angular"), "--loss angular is unknown. Use hinge"),
        (("mildnet", "--reduction", "hinge_of_mean"), "contrastive has no hinge"),
        (
            ("mildnet", "--loss", "softpn", "--margin", "2"),
            "The loss softpn has no margin. Leave out --margin.",
        ),
        (("mildnet", "--precision", "half"), "no precision called 'half'"),
        (("mildnett",), "trained here. Did you mean mildnet"),
        (("mildnet", "--name", "mildnet_small"), "is no mildnet. Use mildnet-SUFFIX"),
        (("mildnet", "--name", "skip_1-a"), "is no mildnet. Use mildnet-SUFFIX"),
        (("mildnet", "--triplets", "no.csv"), "--triplets no.csv: there is no such"),
        (("mildnet", "--backbone", "vgg"), "--backbone vgg: there is no such file"),
        (("mobilenet", "--backbone", "imagenet"), "no ImageNet weights"),
    ],
)
def test_a_wrong_option_is_one_sentence(run, tiefvision, options, text):
    result = tiefvision("train", *options, "--workspace", run)
    assert result.code in (BAD_USAGE, FAILED) and text in result.err
    assert result.err.count("Error: ") == 1 and not result.out


def test_triplets_of_another_dataset_are_refused(run, tiefvision, tmp_path):
    file = tmp_path / "other.csv"
    lines = ["query,positive,negative", *["a.jpg,b.jpg,c.jpg"] * (MOST_REASONS + 4)]
    file.write_text("\n".join(lines))
    result = tiefvision("train", "512_512", "--triplets", file, "--workspace", run)
    assert result.code == FAILED and "no triplet of photographs of this" in result.err
    assert result.err.count("is not a photograph of the dataset") == MOST_REASONS
    assert "and 4 more" in result.err and not result.out


def test_a_workspace_without_crops_names_the_stage(tmp_path, tiefvision):
    result = tiefvision("train", "mildnet", "--workspace", tmp_path / "empty")
    assert result.code == FAILED and "make stage-1" in result.err


def test_the_table_at_the_end(run, tiefvision):
    options = ("--width", TINY, "--epochs", 1, "--set", "count=6", "--no-augment")
    result = tiefvision("train", "512_no_dropout", "--workspace", run, *options)
    assert result.code == DONE
    for text in ("minutes an epoch", "milliseconds an image", "MB in float32"):
        assert text in result.out
    assert "triplets in order (val)" in result.out and "epoch" in result.out
    assert "reciprocal rank (val)" in result.out
    assert "train_ranker-512_no_dropout.json" in result.err
    assert f"index CATALOGUE --ranker 512_no_dropout --workspace {run}" in result.err
