"""tinyforge bench: what a model costs on a core, layer by layer, beside the interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import Kernels, Proving, settle
from tinyforge.cli.options import Config, Hop, Inputs
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge bench model.tflite --core m4 --optimize size"


def run(
    ui: Ui,
    *,
    models: Annotated[list[Path], typer.Argument(help="Files of the kind .tflite, int8.")],
    core: Annotated[
        str, typer.Option(help="The core, e.g. m4, m7 or m0plus.", metavar="CORE")
    ] = "cortex-m4",
    baselines: Annotated[
        Path | None,
        typer.Option(
            help="A folder with tflm.csv: figures to compare with. "
            "[default: $TINYFORGE_CORPUS/baselines]"
        ),
    ] = None,
    inputs: Inputs = None,
    kernels: Kernels,
    hop: Hop = None,
    proving: Proving,
    config: Config = None,
) -> None:
    """Measure the compiled engine on a core, layer by layer.

    Each model is built, run and proved. Instructions are counted; cycles are estimated, for the
    Cortex-M4. Writes nothing.
    """
    from tinyforge.bench import baselines as tflm
    from tinyforge.bench.measure import measure
    from tinyforge.boards.cores import full_name
    from tinyforge.report.bench import BenchReport, bench_json
    from tinyforge.source import open_tflite, with_examples

    # Nothing is written: no layer tests.
    spec = settle(config, kernels, proving, hop=hop, layer_tests=False)
    known = tflm.load_default(baselines)
    results = []
    for model in models:
        source = open_tflite(model, ui)
        source, examples = with_examples(source, spec, ui, inputs=inputs)
        results.append(measure(source, examples, full_name(core), spec, ui, baselines=known))
    ui.print(BenchReport(results))
    ui.emit_json(bench_json(results))
