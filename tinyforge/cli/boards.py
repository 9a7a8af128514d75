"""tinyforge boards: what firmware can be made for, and what a model fits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.flat import flat
from tinyforge.cli.option_groups import Kernels, Proving, settle
from tinyforge.cli.options import App, Config, Inputs
from tinyforge.cli.ui import Ui

app = typer.Typer(
    help="List the boards, show one, or rank them for a model.",
    epilog="Example: tinyforge boards fit model.tflite",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
@flat
def run(ui: Ui, context: typer.Context) -> None:
    """List the boards, show one, or rank them for a model."""
    if context.invoked_subcommand is None:
        _list(ui)


@app.command("list", epilog="Example: tinyforge boards list --json")
@flat
def list_boards(ui: Ui) -> None:
    """List the boards, as plain tinyforge boards does."""
    _list(ui)


def _list(ui: Ui) -> None:
    import msgspec

    from tinyforge import boards
    from tinyforge.report.catalogue import board_table

    found = boards.all_boards()
    ui.print(board_table(found))
    ui.emit_json({"boards": [msgspec.to_builtins(b) for b in found]})


@app.command(epilog="Example: tinyforge boards show nrf52840_dk")
@flat
def show(
    ui: Ui, board: Annotated[str, typer.Argument(help="A board's id, or a board's .toml.")]
) -> None:
    """Show all that is known of one board."""
    import msgspec

    from tinyforge import boards
    from tinyforge.report.catalogue import board_facts

    one = boards.load(board)
    ui.print(board_facts(one))
    ui.emit_json(msgspec.to_builtins(one))


@app.command(epilog="Example: tinyforge boards fit model.tflite --inputs examples.npz")
@flat
def fit(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .tflite file, int8.")] = None,
    *,
    inputs: Inputs = None,
    app: App = None,
    kernels: Kernels,
    proving: Proving,
    config: Config = None,
) -> None:
    """Rank the boards for a model: the smallest that fits comes first.

    The compiled engine is built, run and proved once for every core; RAM, flash and instructions
    are measured there. Times are estimates: a range from those instructions and a board's clock.
    """
    from tinyforge import boards, needs
    from tinyforge.report.ranking import Ranking, ranking_json
    from tinyforge.source import model_path, open_tflite, with_examples

    # Nothing is written: no layer tests.
    spec = settle(config, kernels, proving, model=model, app=app, layer_tests=False)
    source = open_tflite(model_path(spec), ui)
    source, examples = with_examples(source, spec, ui, inputs=inputs)
    measured = needs.measure(source, examples, spec, ui)
    ranking = Ranking(boards.rank(measured.by_core), measured)
    ui.print(ranking)
    ui.emit_json(ranking_json(ranking))
