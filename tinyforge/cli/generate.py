"""tinyforge generate: a model and a board to a PlatformIO project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import BoardKernels, Dataset, Extras, Firmware, Target, settle
from tinyforge.cli.options import Config, Explain, Hop, Inputs, Overwrite, Seed, UpdateOf
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge generate model.tflite --board nucleo_h743zi -o firmware"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .tflite file, int8.")] = None,
    *,
    target: Target,
    overwrite: Overwrite = False,
    firmware: Firmware,
    inputs: Inputs = None,
    dataset: Dataset,
    kernels: BoardKernels,
    hop: Hop = None,
    explain: Explain = False,
    update_of: UpdateOf = None,
    extras: Extras,
    seed: Seed = None,
    config: Config = None,
) -> None:
    """Generate a model's PlatformIO project, unproved."""
    from dataclasses import asdict

    from tinyforge import pipeline, preflight
    from tinyforge.generation import choose_golden, generate, planned
    from tinyforge.report import findings
    from tinyforge.report.choices import Choices
    from tinyforge.source import model_path, open_tflite, with_examples

    spec = settle(
        config, target, firmware, dataset, kernels, extras, model=model, hop=hop, seed=seed
    )
    preflight.require_project(spec)
    preflight.require_update_of(update_of)
    source = open_tflite(model_path(spec), ui)
    source, examples = with_examples(
        source, spec, ui, inputs=inputs, data=spec.data, update_of=update_of
    )
    engines = planned(source, spec, ui)
    golden = choose_golden(source, examples, spec, ui, engines)
    project = generate(source, examples, spec, ui, golden=golden, of=engines)
    folder = pipeline.write(project, spec, overwrite=overwrite)
    if explain:
        ui.print(Choices(spec.optimize, project.choices))
    seen = pipeline.seen_by(golden, project)
    if seen is not None:
        ui.print(f"golden vectors: {'; '.join(findings.golden(seen))}")
    ui.print(f"{folder}: {len(project.files)} files. Prove it: tinyforge simulate {folder}")
    coverage = None if seen is None else asdict(seen)
    files = sorted(project.files)
    ui.emit_json({"project": str(folder), "files": files, "golden": coverage})
