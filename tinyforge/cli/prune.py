"""tinyforge prune: most weights of a model to zero."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Dataset, Keras
from tinyforge.cli.options import AcceptAccuracy, Output, Quick, Seed
from tinyforge.cli.ui import Ui
from tinyforge.spec import ImportanceChoice, PruneChoice, ScheduleChoice

EXAMPLE = "Example: tinyforge prune model.keras --sparsity 0.75 -o pruned.keras"


def run(
    ui: Ui,
    model: Annotated[Path, typer.Argument(help="A .keras or .h5 file.")],
    *,
    dataset: Dataset,
    accept_accuracy: AcceptAccuracy = False,
    output: Output = None,
    sparsity: Annotated[
        float,
        typer.Option(
            help="The share of weights to make zero; of multiply-adds, for channels. 0 with "
            "--cluster or --qat: none."
        ),
    ] = 0.75,
    structure: Annotated[
        PruneChoice,
        typer.Option(
            help="What becomes zero together: single weights, or blocks of 4 inputs by 2 outputs. "
            "Or channels, which are removed."
        ),
    ] = "unstructured",
    importance: Annotated[
        ImportanceChoice | None,
        typer.Option(
            help="Which channels are missed least: by their weights, by the change of the loss "
            "without them, or by what arrives of them. [default: taylor]"
        ),
    ] = None,
    schedule: Annotated[
        ScheduleChoice | None,
        typer.Option(
            help="How zeros come: more and more (polynomial), or all at once (constant). "
            "[default: polynomial]"
        ),
    ] = None,
    cluster: Annotated[
        int | None,
        typer.Option(
            "--cluster", help="At most so many different weights in a layer.", metavar="COUNT"
        ),
    ] = None,
    qat: Annotated[
        bool,
        typer.Option("--qat", help="Train with int8's rounding at last, zeros and clusters kept."),
    ] = False,
    quick: Quick = False,
    seed: Seed = None,
    keras: Keras,
) -> None:
    """Prune a Keras model, and fine-tune it.

    Zeros alone shrink only what is compressed: they are stored like any other weight. With
    --structure channels the model itself becomes smaller.
    """
    from dataclasses import asdict
    from shlex import join

    from tinyforge.datasets.decide import figure
    from tinyforge.files import require_writable, write_files
    from tinyforge.preflight import require_model
    from tinyforge.report.wording import plural
    from tinyforge.training.process import apart
    from tinyforge.training.prune_file import prune_file

    target = Path(output or f"{model.stem}_pruned.keras")
    how = keras.loading()
    require_model(model)
    require_writable(target)
    pruned, outcome = apart(
        prune_file,
        model,
        dataset.data,
        target,
        sparsity=sparsity,
        structure=structure,
        schedule=schedule,
        importance=importance,
        clusters=cluster,
        qat=qat,
        seed=seed or 0,
        quick=quick,
        how=how,
        range_text=dataset.range,
        accept=accept_accuracy,
        stages=ui,
    )
    write_files({target: pruned})
    shown = [figure(outcome.measure, v) for v in (outcome.before, outcome.accuracy)]
    done = f"{outcome.zeros:.1%} of the weights are zero"
    if outcome.cost_before and outcome.cost_after:
        done = (
            f"{outcome.cost_before.weights:,} weights before, {outcome.cost_after.weights:,} "
            f"after; {outcome.cost_before.macs:,} multiply-adds before, "
            f"{outcome.cost_after.macs:,} after"
        )
    if outcome.distinct:
        done += f", at most {outcome.distinct} different ones in a clustered layer"
    rounded = ", with int8's rounding" if outcome.aware else ""
    ui.print(
        f"{outcome.model}: {done}\n"
        f"{outcome.measure}: {shown[0]} before, {shown[1]} after{rounded}, on "
        f"{plural(outcome.pictures, 'sample')} held out"
    )
    if outcome.short:
        ui.print(outcome.short)
    if outcome.kept:
        ui.print(f"not pruned: {'; '.join(outcome.kept)}")
    if outcome.left:
        ui.print(f"left as they are: {'; '.join(outcome.left)}")
    again = ("--data", dataset.data) if dataset.data else ()
    ui.print(f"Next: {join(('tinyforge', 'quantize', outcome.model, *again))}")
    ui.emit_json(asdict(outcome))
