import pytest

from tests.conftest import linked_copy
from tiefvision.cli import output
from tiefvision.cli.models import _counts
from tiefvision.cli.running import DONE, FAILED
from tiefvision.encoders.architectures import GARMENT_ENCODER, architecture_named
from tiefvision.models.bundle import shipped_bundle
from tiefvision.models.listing import Model
from tiefvision.workspace.artifacts import Workspace
from tiefvision.workspace.records import photo_path, read_photos

KEYS = ["name", "kind", "parameters", "trainable", "embedding"]


def test_a_line_of_json_follows_the_contract(tiefvision, tmp_path):
    spoken = tiefvision("models", "--workspace", tmp_path, "--json")
    assert (spoken.code, spoken.err) == (DONE, "")
    for line in spoken.lines:
        assert list(line)[:5] == KEYS
        assert line["kind"] in ("encoder", "ranker", "head")
        assert 0 <= line["trainable"] <= line["parameters"]
        assert line["embedding"] > 0


def test_the_sizes_are_those_of_the_networks(tiefvision, trained):
    spoken = tiefvision("models", "--workspace", trained, "--json")
    models = {line["name"]: line for line in reversed(spoken.lines)}
    # AlexNet's five convolutions: 64 x 3 x 11 x 11 + 64, and so on.
    assert models["alexnet"]["parameters"] == 2_469_696
    assert models["alexnet"]["embedding"] == 256 * 11 * 11
    for use in ("for garments: random (seed 8)", "for locating: random (seed 0)"):
        assert f"in the workspace {use}" in models["alexnet"]["state"]
    assert "in the workspace" not in models["mobilenet_v2"]["state"]
    assert models["cosine"]["parameters"] == 0
    assert "trained" in models["deeprank"]["state"]
    # An attention, two projections to half of 16 numbers each, and two shares.
    assert models["deeprank"]["parameters"] == (
        (256 + 1) + (256 * 8 * 8 + 8) + (2074 * 8 + 8) + 2
    )
    assert models["deeprank"]["trainable"] == models["deeprank"]["parameters"]
    assert models["deeprank"]["embedding"] == 16


@pytest.mark.parametrize(
    ("network", "parameters"),
    [("cells", 256 * 256 + 256), ("deep", 2 * 256 * 512 + 512 + 256)],
)
def test_the_network_that_was_trained_is_listed(
    network, parameters, tiefvision, run, run_stage
):
    run_stage(run, "train_deeprank", network=network, size=0, epochs=1)
    spoken = tiefvision("models", "--workspace", run, "--json")
    deeprank = {line["name"]: line for line in reversed(spoken.lines)}["deeprank"]
    assert deeprank["parameters"] == parameters
    assert deeprank["embedding"] == 256 * 11 * 11


def test_the_network_that_ships_is_listed(tiefvision, tmp_path):
    spoken = tiefvision("models", "--workspace", tmp_path, "--json")
    deeprank = {line["name"]: line for line in reversed(spoken.lines)}["deeprank"]
    facts = shipped_bundle().heads.facts["deeprank"]
    channels, half = facts["channels"], facts["size"] // 2
    assert channels == architecture_named(GARMENT_ENCODER).channels
    assert deeprank["embedding"] == facts["size"] == 512
    assert deeprank["parameters"] == (
        (channels + 1) + (channels * 8 + 1) * half + (facts["colours"] + 1) * half + 2
    )


def test_what_stage_8_would_train_is_listed_where_nothing_ships(
    tiefvision, shipped, tmp_path
):
    (shipped / "heads.safetensors").unlink()
    spoken = tiefvision("models", "--workspace", tmp_path, "--json")
    deeprank = {line["name"]: line for line in reversed(spoken.lines)}["deeprank"]
    command = f"make stage-8 RUN={tmp_path}"
    assert deeprank["state"] == f"over {GARMENT_ENCODER}, untrained. Run: {command}"
    assert deeprank["embedding"] == 512


def test_the_rankers_are_listed_over_the_encoder_of_garments(
    tiefvision, run, run_stage
):
    run_stage(run, "encode_crops", encoder="squeezenet1_1", grid=3)
    spoken = tiefvision("models", "--workspace", run, "--json")
    models = {line["name"]: line for line in reversed(spoken.lines)}
    assert models["cosine"]["embedding"] == 512 * 3 * 3
    assert models["cosine"]["state"].startswith("over squeezenet1_1, ")
    stale = f"trained over other crops. Run: make stage-8 RUN={run}"
    assert models["deeprank"]["state"] == f"over alexnet, {stale}"
    assert models["deeprank"]["status"] == "trained over other crops"
    assert models["deeprank"]["embedding"] == 16
    assert "for garments: random (seed 8)" in models["squeezenet1_1"]["state"]
    assert "for locating: random (seed 0)" in models["alexnet"]["state"]


def test_shipped_files_are_listed_with_version_and_size(tiefvision, shipped, tmp_path):
    spoken = tiefvision("models", "--workspace", tmp_path, "--json")
    states = {line["name"]: line["state"] for line in reversed(spoken.lines)}
    size = (shipped / "encoder-alexnet.safetensors").stat().st_size / 2**20
    assert states["alexnet"] == (
        f"ships for garments as random (seed 8) (format 1, {size:.1f} MiB); "
        f"ships for locating as random (seed 0) (format 1, {size:.1f} MiB)"
    )
    assert states["squeezenet1_1"] == ""
    assert "ships in test-1 (format 6, " in states["deeprank"]


def test_long_names_are_whole_on_a_narrow_terminal(
    tiefvision, put_network, tmp_path, monkeypatch
):
    monkeypatch.setattr(output, "terminal_width", lambda: 80)
    spoken = tiefvision("models", "--workspace", tmp_path)
    assert max(map(len, spoken.out.splitlines())) <= 80 and not spoken.err
    name = "mildnet_mobilenet_v2_skip_1-quarter"
    put_network(tmp_path, name, 1 / 4)
    spoken = tiefvision("models", "--workspace", tmp_path)
    assert max(map(len, spoken.out.splitlines())) <= 80
    (line,) = (one for one in spoken.out.splitlines() if f"  {name} " in one)
    assert line.split()[-1] == "trained"
    told = "Left out, as the terminal is narrow: trainable. See --json.\n"
    assert spoken.err == told
    assert not tiefvision("models", "--workspace", tmp_path, "--quiet").err


def test_the_models_of_a_workspace_are_exported(tiefvision, trained, tmp_path):
    folder = tmp_path / "mine"
    arguments = ("models", "--workspace", trained, "--export", folder)
    spoken = tiefvision(*arguments, "--json")
    assert spoken.code == DONE
    assert spoken.err == f"Next: tiefvision locate PHOTO --models {folder}\n"
    assert {line["file"]: line["bytes"] for line in spoken.lines} == {
        str(path): path.stat().st_size for path in folder.iterdir()
    }
    assert len(spoken.lines) == 3
    tiefvision(*arguments, "--name", "mine-2")
    listed = tiefvision("locate", photo_of(trained), "--models", folder)
    assert listed.err.endswith("(mine-2).\n")


def test_an_export_names_the_networks_that_stay(
    tiefvision, trained, put_network, tmp_path
):
    run = linked_copy(trained, tmp_path / "run")
    put_network(run, "mildnet-tiny", 0.03)
    spoken = tiefvision("models", "--workspace", run, "--export", tmp_path / "mine")
    assert spoken.code == DONE
    assert f"literature: mildnet-tiny stays in {run}." in spoken.err
    asked = ("--models", tmp_path / "mine", "--ranker", "mildnet-tiny")
    refused = tiefvision("search", photo_of(run), *asked, "--workspace", run)
    assert "no mildnet-tiny among" in refused.err
    assert "Rankers there: deeprank." in refused.err


def photo_of(workspace):
    with Workspace(workspace).open("photos") as records:
        return photo_path(records, read_photos(records)[0].path)


def test_without_a_finished_workspace_nothing_is_exported(tiefvision, tmp_path):
    folder = tmp_path / "mine"
    spoken = tiefvision("models", "--workspace", tmp_path, "--export", folder)
    assert spoken.code == FAILED
    assert spoken.err.endswith(f"Run: make stage-2 RUN={tmp_path}\n")
    assert not folder.exists()


def test_the_table_lists_every_model_in_a_line(tiefvision, trained):
    arguments = ("models", "--workspace", trained)
    records = tiefvision(*arguments, "--json").lines
    own = [record for record in records if not record["system"]]
    others = records[len(own) :]
    header, *rows = tiefvision(*arguments).out.splitlines()
    assert header.split() == ["name", "kind", "parameters", "embedding", "status"]
    empty, title, columns, *networks = rows[len(own) :]
    assert (empty, title) == ("", "Networks of the literature, for tiefvision train:")
    assert columns.split()[-3:] == ["numbers", "MB", "status"]
    systems = list(dict.fromkeys(record["system"] for record in others))
    assert [row for row in networks if not row.startswith(" ")] == systems
    listed = [*rows[: len(own)], *(row for row in networks if row.startswith(" "))]
    for row, record in zip(listed, records, strict=True):
        assert row.split()[0] == record["name"]
        assert f"{record['parameters']:,}" in row.split()
        assert row.endswith(record["status"])
        assert len(row) <= 80


def test_where_a_model_comes_from_is_told_if_asked_for(tiefvision, trained):
    arguments = ("models", "--workspace", trained)
    state = "over alexnet, needs no training"
    assert state not in tiefvision(*arguments).out
    assert state in tiefvision(*arguments, "-v").out


def test_what_is_not_known_of_a_ranker_is_left_open():
    package = Model("mine", "ranker", 0, 0, 0, "installed", status="installed")
    colours = Model("rgb", "ranker", 0, 0, 512, "built in", status="ready")
    assert (_counts(package), _counts(colours)) == (("-", "-"), ("0", "512"))
