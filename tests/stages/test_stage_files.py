"""All stage files have the same structure."""

import dataclasses
import importlib
from typing import get_args, get_type_hints

import pytest

from stages import runner
from tiefvision.cli.running import DONE, guarded
from tiefvision.workspace.artifacts import STAGES, stage_number

NAMES = list(STAGES)


def module_of(name):
    return importlib.import_module(runner.stage_modules()[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_says_what_goes_in_and_out(name):
    summary, blank, *facts = (module_of(name).__doc__ or "").splitlines()
    assert summary.endswith(".")
    assert blank == ""
    text = "\n".join(facts)
    reads = text[text.index("Reads ") : text.index("Writes ")]
    assert "Writes  " + STAGES[name] + ".lmdb" in text
    assert f"Command make stage-{stage_number(name)}" in text
    for artifact in module_of(name).READS:
        assert f"{artifact}.lmdb" in reads


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_reads_what_earlier_stages_write(name):
    earlier = list(STAGES.values())[: stage_number(name) - 1]
    assert set(module_of(name).READS) <= set(earlier)


@pytest.mark.parametrize("name", NAMES)
def test_a_config_is_frozen_with_defaults_and_help(name):
    config = module_of(name).Config
    assert config.__dataclass_params__.frozen
    config()
    hints = get_type_hints(config, include_extras=True)
    for field in dataclasses.fields(config):
        help_text = get_args(hints[field.name])[1]
        assert isinstance(help_text, str)
        assert help_text


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_holds_a_config_and_run_and_no_other_name(name):
    module = module_of(name)
    own = {
        key
        for key, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and not key.startswith("_")
    }
    assert own - {"sources", "artifact", "reads"} == {"Config", "run"}
    assert module.VERSION >= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_help_shows_every_option(name, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert guarded(runner.make_app(), [name, "--help"]) == DONE
    shown = capfd.readouterr().out
    config = module_of(name).Config
    for kind in (config, runner.Shared):
        hints = get_type_hints(kind, include_extras=True)
        for field in dataclasses.fields(kind):
            assert f"--{field.name.replace('_', '-')}" in shown
            assert get_args(hints[field.name])[1] in shown


def test_the_list_of_stages_shows_each_with_its_number(capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    guarded(runner.make_app(), ["--help"])
    shown = capfd.readouterr().out
    for name in NAMES:
        summary = (module_of(name).__doc__ or "").splitlines()[0]
        assert f"{stage_number(name)}. {summary}" in shown
