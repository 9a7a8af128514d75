"""tinyforge compare: a model's variants beside each other, on a board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Dataset, Keras, Proving, Target, settle
from tinyforge.cli.options import Config, Optimize, Overwrite, Quick
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge compare model.keras --data pictures --board nucleo_h743zi"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .keras or .h5 file.")] = None,
    *,
    dataset: Dataset,
    target: Target,
    overwrite: Overwrite = False,
    variants: Annotated[
        str | None,
        typer.Option(
            "--variants",
            help="Which, with commas between: float, or some of removed, pruned, blocks, "
            "clustered, qat, int8 with + between. [default: eight]",
            metavar="NAMES",
        ),
    ] = None,
    sparsity: Annotated[
        float,
        typer.Option(help="The share of weights to make zero; of multiply-adds, for channels."),
    ] = 0.75,
    clusters: Annotated[int, typer.Option(help="Different weights of a clustered layer.")] = 16,
    quick: Quick = False,
    optimize: Optimize = None,
    proving: Proving,
    keras: Keras,
    config: Config = None,
) -> None:
    """Compare a Keras model's variants: float, pruned, int8, and more.

    Each is fine-tuned where it must be, measured on data held out and, in int8, proved on the
    emulated board. Writes a project for each of those.
    """
    from tinyforge import preflight
    from tinyforge.compare.comparing import compare
    from tinyforge.report.comparison import TerminalComparison
    from tinyforge.report.json_report import comparison_json
    from tinyforge.training.recipe import Amounts, recipes

    spec = settle(config, target, dataset, proving, model=model, optimize=optimize)
    asked, amounts = recipes(variants), Amounts(sparsity, clusters)
    how = keras.loading()
    preflight.require_comparison(spec)
    found, folder = compare(spec, ui, asked, amounts, how=how, quick=quick, overwrite=overwrite)
    ui.print(TerminalComparison(found, ui.seconds))
    ui.print(f"variants: {folder}\nreport:   {folder / 'report.html'}")
    ui.emit_json({**comparison_json(found), "folder": str(folder), "seconds": round(ui.seconds, 2)})
