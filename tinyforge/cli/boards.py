"""tinyforge boards: what firmware can be made for, and what a model fits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    App,
    Config,
    Debug,
    Feed,
    Inputs,
    Json,
    Machine,
    Optimize,
    Seed,
    Toolchain,
)
from tinyforge.cli.ui import Ui

app = typer.Typer(
    help="List the boards, show one, or rank them for a model.",
    epilog="Example: tinyforge boards fit model.tflite",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def run(context: typer.Context, json: Json = False, debug: Debug = False) -> None:
    """List the boards, show one, or rank them for a model."""
    if context.invoked_subcommand is None:
        list_boards(json=json, debug=debug)


@app.command("list", epilog="Example: tinyforge boards list --json")
def list_boards(json: Json = False, debug: Debug = False) -> None:
    """List the boards, as plain tinyforge boards does."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        import msgspec

        from tinyforge import boards
        from tinyforge.report.catalogue import board_table

        found = boards.all_boards()
        ui.print(board_table(found))
        ui.emit_json({"boards": [msgspec.to_builtins(b) for b in found]})


@app.command(epilog="Example: tinyforge boards show nrf52840_dk")
def show(
    board: Annotated[str, typer.Argument(help="A board's id, or a board's .toml.")],
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show all that is known of one board."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        import msgspec

        from tinyforge import boards
        from tinyforge.report.catalogue import board_facts

        one = boards.load(board)
        ui.print(board_facts(one))
        ui.emit_json(msgspec.to_builtins(one))


@app.command(epilog="Example: tinyforge boards fit model.tflite --inputs examples.npz")
def fit(
    model: Annotated[Path | None, typer.Argument(help="A .tflite file, int8.")] = None,
    inputs: Inputs = None,
    app: App = None,
    toolchain: Toolchain = None,
    optimize: Optimize = None,
    feed: Feed = None,
    machine: Machine = None,
    seed: Seed = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Rank the boards for a model: the smallest that fits comes first.

    The compiled engine is built, run and proved once for every core; RAM, flash and instructions
    are measured there. Times are estimates: a range from those instructions and a board's clock.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge import boards, needs
        from tinyforge.report.ranking import Ranking, ranking_json
        from tinyforge.source import model_path, open_tflite, with_examples
        from tinyforge.spec import settle

        spec = settle(
            config,
            model=str(model) if model else None,
            app=app,
            toolchain=toolchain,
            optimize=optimize,
            feed=feed,
            layer_tests=False,  # nothing is written
            machine=machine,
            seed=seed,
        )
        source = open_tflite(model_path(spec), ui)
        source, examples = with_examples(source, spec, ui, inputs=inputs)
        measured = needs.measure(source, examples, spec, ui)
        ranking = Ranking(boards.rank(measured.by_core), measured)
        ui.print(ranking)
        ui.emit_json(ranking_json(ranking))
