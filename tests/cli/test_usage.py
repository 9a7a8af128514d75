"""The command line as such: its help, its completion, and what it says of a wrong usage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console

from tests.corpus import models
from tinyforge.cli import app
from tinyforge.cli.groups import GROUPS
from tinyforge.report.summary import ModelTable, summarize


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_every_command_stands_in_one_group() -> None:
    named = [name for names in GROUPS.values() for name in names]
    assert sorted(named) == sorted(typer.main.get_command(app).commands)


def test_help_lists_the_groups() -> None:
    shown = run("--help").stdout
    assert all(f"{title}:" in shown for title in GROUPS)
    assert shown.index("build") < shown.index("doctor")


@pytest.mark.parametrize(
    ("arguments", "what", "fix"),
    [
        (("build", "--nope"), "--nope", "tinyforge build --help"),
        (("buld",), "Did you mean 'build'", "tinyforge --help"),
        (("inspect",), "model", "tinyforge inspect --help"),
        (("build", "x.tflite", "--seed", "many"), "--seed", "tinyforge build --help"),
        (("prune", "x.keras", "--seed", "4294967296"), "--seed", "tinyforge prune --help"),
    ],
)
def test_a_wrong_usage_is_a_document_where_json_is_asked_for(
    arguments: tuple[str, ...], what: str, fix: str
) -> None:
    shown = run(*arguments, "--json")
    assert shown.returncode == 2
    error = json.loads(shown.stdout)["error"]
    assert what in error["what"]
    assert error["fix"] == fix
    plain = run(*arguments)
    assert (plain.returncode, plain.stdout) == (2, "")
    assert "Usage: tinyforge" in plain.stderr


def test_a_shell_completes_commands() -> None:
    shown = run(_TINYFORGE_COMPLETE="complete_bash", COMP_WORDS="tinyforge inspe", COMP_CWORD="1")
    assert shown.stdout.split() == ["inspect"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_model_s_layers_are_a_line_each(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    summary = summarize(models.classifier(1))
    Console(width=columns).print(ModelTable(summary))
    lines = capsys.readouterr().out.splitlines()
    for layer in summary.layers:
        line = next(line for line in lines if line.split()[:2] == [str(layer.index), layer.op])
        assert len(line) <= columns
        assert not layer.macs or f"{layer.macs:,}" in line


def test_a_long_list_of_boards_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = summarize(models.classifier(1))
    Console(width=80).print(ModelTable(summary))
    shown = capsys.readouterr().out
    assert f"{len(summary.boards)} with room" in shown
    assert summary.boards[-1] not in shown
