"""The command line: one module a command. Commands parse, call, print; they hold no logic."""

import typer

from tinyforge import __version__
from tinyforge.cli import (
    arena,
    bench,
    boards,
    build,
    convert,
    demo,
    doctor,
    flash,
    generate,
    inspect,
    prune,
    quantize,
    setup_offline,
    simulate,
    tflm,
    train,
)

app = typer.Typer(
    name="tinyforge",
    help="A trained CNN in, proved microcontroller firmware out.",
    no_args_is_help=True,
    add_completion=False,
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
    generate,
    simulate,
    flash,
    inspect,
    arena,
    bench,
    convert,
    train,
    prune,
    quantize,
    doctor,
    setup_offline,
)
for command in _COMMANDS:
    name = command.__name__.rpartition(".")[2].replace("_", "-")
    app.command(name, epilog=command.EXAMPLE)(command.run)
app.add_typer(boards.app, name="boards")
app.add_typer(tflm.app, name="tflm")


def main() -> None:
    """The entry point of the `tinyforge` script."""
    app()
