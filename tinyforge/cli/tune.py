"""tinyforge tune: the smallest form of a model that meets a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Dataset, Keras, Proving, Target, settle
from tinyforge.cli.options import Config, Overwrite, Quick
from tinyforge.cli.ui import Ui
from tinyforge.spec import ExecutorChoice

EXAMPLE = "Example: tinyforge tune model.keras --data pictures --budget ram=64K,flash=256K,ms=20"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .keras or .h5 file.")] = None,
    *,
    dataset: Dataset,
    target: Target,
    budget: Annotated[
        str | None,
        typer.Option(
            help="The most that it may take, e.g. ram=64K,flash=256K,ms=20.", metavar="LIMITS"
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(help="The least accuracy on data held out, from 0 to 1.")
    ] = None,
    trials: Annotated[int, typer.Option(help="How many candidates, in all.", min=1)] = 30,
    jobs: Annotated[int, typer.Option(help="How many at once.", min=1)] = 1,
    storage: Annotated[
        str | None,
        typer.Option(
            help="Where trials are kept: a file, or a database's URL. [default: in the folder]"
        ),
    ] = None,
    executor: Annotated[
        ExecutorChoice, typer.Option(help="Where trials run: here, or on workers of Dask or Ray.")
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(help="Of Dask's scheduler or Ray's head. [default: workers on this machine]"),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(help="The folder for the project of what was chosen.", metavar="PATH"),
    ] = None,
    overwrite: Overwrite = False,
    quick: Quick = False,
    proving: Proving,
    keras: Keras,
    config: Config = None,
) -> None:
    """Search for the smallest form of a Keras model that meets a budget.

    Candidates have fewer channels, fewer weights layer by layer, and kernels for size or speed.
    Each is measured on data held out and proved on the emulated board. A search that was
    interrupted goes on where it was.
    """
    from tinyforge import preflight
    from tinyforge.report.tuning import TerminalTuning, tuning_json
    from tinyforge.tune.limits import limits
    from tinyforge.tune.study import imported
    from tinyforge.tune.tuning import Plan, tune
    from tinyforge.tune.tuning import export as exported

    spec = settle(config, target, dataset, proving, model=model)
    imported()
    plan = Plan(trials, jobs, limits(budget, min_accuracy), storage, executor, address)
    how = keras.loading()
    preflight.require_tuning(spec, export)
    result, folder = tune(spec, plan, ui, how=how, quick=quick)
    ui.print(TerminalTuning(result, ui.seconds))
    ui.print(f"report: {folder / 'report.html'}")
    document = {**tuning_json(result), "folder": str(folder)}
    if export is not None:
        project = exported(spec, result, folder, export, ui, overwrite=overwrite)
        ui.print(f"project: {project}")
        document["project"] = str(project)
    ui.emit_json({**document, "seconds": round(ui.seconds, 2)})
