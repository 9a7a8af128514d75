"""The command line: one module a command. Commands parse, call, print; they hold no logic."""

import sys

import typer

from tinyforge import __version__
from tinyforge.cli import (
    advise,
    arena,
    bench,
    boards,
    build,
    compare,
    convert,
    demo,
    diff,
    doctor,
    export,
    flash,
    generate,
    inspect,
    monitor,
    prune,
    quantize,
    setup_offline,
    simulate,
    train,
    tune,
)
from tinyforge.cli.flat import flat
from tinyforge.cli.groups import Groups
from tinyforge.cli.ui import EXIT_FORGE_ERROR, Ui
from tinyforge.errors import ForgeError

# What Typer raises for words and options that a command does not take, whichever Click it brings.
_UsageError = typer.BadParameter.__base__

app = typer.Typer(
    name="tinyforge",
    cls=Groups,
    help="A trained CNN in, proved microcontroller firmware out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"tinyforge {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    pass


_COMMANDS = (
    demo,
    build,
    compare,
    tune,
    generate,
    export,
    simulate,
    flash,
    monitor,
    inspect,
    advise,
    arena,
    bench,
    convert,
    diff,
    train,
    prune,
    quantize,
    doctor,
    setup_offline,
)
for command in _COMMANDS:
    name = command.__name__.rpartition(".")[2].replace("_", "-")
    app.command(name, epilog=command.EXAMPLE)(flat(command.run))
app.add_typer(boards.app, name="boards")


def main() -> None:
    """The entry point of the `tinyforge` script. A wrong usage is an error like any other, for
    programs too: with --json stdout says what is wrong."""
    command = typer.main.get_command(app)
    try:
        status = command.main(prog_name="tinyforge", standalone_mode=False)
    except _UsageError as error:  # type: ignore[misc]  # a class, which mypy cannot see
        if "--json" not in sys.argv or not error.format_message():
            error.show()
            raise SystemExit(EXIT_FORGE_ERROR) from None
        with Ui(json=True).errors():
            asked = error.ctx.command_path if error.ctx else "tinyforge"
            raise ForgeError(error.format_message(), fix=f"{asked} --help") from None
    sys.exit(status)
