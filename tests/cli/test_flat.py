"""Groups of options: what a user may say of them, and what a command gets."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tinyforge.cli import option_groups
from tinyforge.cli.flat import Group, flat
from tinyforge.cli.option_groups import Settings
from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError
from tinyforge.spec import Spec

GROUPS = [
    group
    for group in vars(option_groups).values()
    if isinstance(group, type) and issubclass(group, Settings) and group is not Settings
]


@dataclass(frozen=True)
class Size(Group):
    width: Annotated[int, typer.Option("--width", help="Of it.", min=1)] = 3
    name: str | None = None


app = typer.Typer(rich_markup_mode=None)


@app.command()
@flat
def command(
    ui: Ui,
    model: Annotated[str, typer.Argument(help="A model.")],
    *,
    before: int = 0,
    size: Size,
    after: bool = False,
) -> None:
    """What it does."""
    if model == "bad":
        raise ForgeError("a bad model")
    ui.emit_json({"model": model, "size": [size.width, size.name], "others": [before, after]})


def said(*arguments: str, status: int = 0) -> object:
    shown = CliRunner().invoke(app, [*arguments, "--json"])
    assert shown.exit_code == status, shown.output
    return json.loads(shown.stdout)


def test_a_command_gets_its_groups() -> None:
    assert said("m") == {"model": "m", "size": [3, None], "others": [0, False]}
    given = ("--name", "n", "--after", "m", "--width", "5", "--before", "7")
    assert said(*given) == {"model": "m", "size": [5, "n"], "others": [7, True]}


def test_help_has_a_group_s_options_in_its_place() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    asked = ("--before", "--width", "Of it.", "--name", "--after", "--json", "--debug")
    places = [shown.index(text) for text in ("What it does.", *asked)]
    assert places == sorted(places)
    assert CliRunner().invoke(app, ["m", "--width", "0"]).exit_code == 2


def test_its_errors_are_told() -> None:
    assert said("bad", status=2) == {"error": {"what": "a bad model", "where": "", "fix": ""}}


@pytest.mark.parametrize("group", GROUPS)
def test_options_that_are_settings_are_named_like_them(group: type[Settings]) -> None:
    assert {field.name for field in fields(group)} <= set(Spec.__struct_fields__)
