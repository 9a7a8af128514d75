"""The README is a program: its commands are run, in the order in which they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus import models
from tinyforge.ops import OPS
from tinyforge.tflite import write

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
COMMANDS = [
    line
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
    if line.startswith("tinyforge ")
]


def test_the_two_commands_stand_first() -> None:
    assert [block.strip() for language, block in BLOCKS[:2] if not language] == [
        'pip install -e ".[all]" && tinyforge demo',
        'pip install -e ".[all,test]" && pytest',
    ]


def test_every_command_runs(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(write(models.classifier(2)))
    environment = {k: v for k, v in os.environ.items() if k != "TINYFORGE_CORPUS"}
    assert len(COMMANDS) >= 8
    for command in COMMANDS:
        arguments = [sys.executable, "-m", *shlex.split(command)]
        shown = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, f"{command}\n{shown.stderr}"


def test_the_settings_it_shows_are_settings(tmp_path: Path) -> None:
    from tinyforge.spec import load

    (settings,) = (block for language, block in BLOCKS if language == "toml")
    (tmp_path / "tinyforge.toml").write_text(settings)
    spec = load(tmp_path / "tinyforge.toml")
    assert spec.budget.ram == 20000
    assert spec.model == str(tmp_path / "model.tflite")


def test_its_operators_are_those_that_are_compiled() -> None:
    (listed,) = re.findall(r"`aot` compiles (.*?);", (ROOT / "README.md").read_text(), re.S)
    assert re.findall(r"[A-Z]\w+", listed) == sorted(OPS)


@pytest.mark.parametrize(
    "picture", re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (ROOT / "README.md").read_text())
)
def test_its_pictures_are_there(picture: str) -> None:
    assert (ROOT / picture).is_file()
