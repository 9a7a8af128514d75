"""Every hint can be followed: the packages, commands and options that it names are there."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tinyforge import packages
from tinyforge.cli import app

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
TEXTS = sorted(
    path
    for folder in ("tinyforge", "templates", "firmware")
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and path.suffix in {".py", ".j2", ".c", ".cc", ".h", ".toml", ".md"}
)
# The first package of a `pip install`, and of a call that makes one.
INSTALLS = re.compile(r"pip install (?:-\S+ )*\"?([A-Za-z][\w.-]*)")
CALLS = re.compile(r"pip_install\([\"']([A-Za-z][\w.-]*)")
# A command line of ours: the words and options after its name.
COMMANDS = re.compile(r"\btinyforge ([a-z][a-z-]+)((?: +(?:--?[a-z][a-z0-9-]*|[^\s`,;:()'\"]+))*)")


def package(requirement: str) -> str:
    """The name in a requirement: "tensorflow" of "tensorflow==2.21.*"."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return found[0].lower()


OPTIONAL = [r for extra in ("train", "sim", "ota", "tune", "dask", "ray") for r in EXTRAS[extra]]
KNOWN = {package(r) for r in (*PROJECT["dependencies"], *OPTIONAL)}


def literals(path: Path) -> Iterator[str]:
    """The strings of a Python file, docstrings and f-strings' fixed parts among them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = (v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def hints() -> Iterator[tuple[Path, str]]:
    for path in TEXTS:
        for text in literals(path) if path.suffix == ".py" else [path.read_text()]:
            yield path, text


def test_the_packages_of_hints_are_those_of_the_project() -> None:
    """The distribution's own name is never installed from an index: there it may be another's."""
    assert list(packages.TRAIN) == EXTRAS["train"]
    assert list(packages.SIM) == [r.partition(" ;")[0] for r in EXTRAS["sim"]]
    for extra in ("ota", "tune", "dask", "ray"):
        assert list(getattr(packages, extra.upper())) == EXTRAS[extra]
    assert PROJECT["name"] == "tinyforge-mcu"


def test_every_pip_install_names_packages_that_are_needed() -> None:
    named = [(path, name) for path, text in hints() for name in INSTALLS.findall(text)]
    named += [(path, name) for path in TEXTS for name in CALLS.findall(path.read_text())]
    assert len(named) > 10
    for path, name in named:
        assert name in KNOWN, path


@pytest.mark.parametrize(
    ("requirements", "command"),
    [
        (("ziglang",), "pip install ziglang"),
        (("capstone>=5.0.1,<6", "a"), 'pip install "capstone>=5.0.1,<6" a'),
    ],
)
def test_a_command_can_be_pasted_into_a_shell(requirements, command) -> None:
    assert packages.pip_install(*requirements) == command


def commands() -> dict[str, set[str]]:
    """Each command, groups' among them, and its options."""
    group = typer.main.get_command(app)
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        subcommands = getattr(command, "commands", {})
        found[name] = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        for inner in subcommands.values():
            found[name] |= {o for p in inner.params for o in (*p.opts, *p.secondary_opts)}
    return found


def test_every_command_that_a_hint_names_is_there_with_its_options() -> None:
    known, seen = commands(), 0
    for path, text in hints():
        for name, rest in COMMANDS.findall(text):
            options = re.findall(r" (--[a-z][a-z0-9-]*)", rest)
            if name not in known:
                assert not options, f"{path}: tinyforge {name}{rest}"
                continue
            seen += 1
            for option in options:
                assert option in {*known[name], "--help"}, f"{path}: tinyforge {name}{rest}"
    assert seen > 20
