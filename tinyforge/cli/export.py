"""tinyforge export: a model as a library for a firmware that is there already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.option_groups import BoardKernels, Dataset, Keras, Proving, Target, settle
from tinyforge.cli.options import AcceptAccuracy, Config, Core, Explain, Hop, Inputs, Overwrite
from tinyforge.cli.ui import Ui
from tinyforge.spec import FormChoice

EXAMPLE = "Example: tinyforge export model.tflite --as cmake --prefix kws -o libraries/kws"


def run(
    ui: Ui,
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    *,
    form: Annotated[FormChoice, typer.Option("--as", help="What build it is for.")] = "c",
    prefix: Annotated[
        str | None,
        typer.Option(
            "--prefix",
            help="What all names of the library begin with. [default: the model's name]",
            metavar="WORD",
        ),
    ] = None,
    target: Target,
    overwrite: Overwrite = False,
    arena_section: Annotated[
        list[str] | None,
        typer.Option(
            "--arena-section",
            help="The section of your linker script that the arena lies in, e.g. .dtcm; with a "
            "size, .dtcm=64K, and given twice, the rest of it lies in the second.",
            metavar="SECTION",
        ),
    ] = None,
    share_arena: Annotated[
        bool,
        typer.Option(
            "--share-arena", help="One arena with other models exported so, of which one runs."
        ),
    ] = False,
    core: Core = None,
    inputs: Inputs = None,
    dataset: Dataset,
    accept_accuracy: AcceptAccuracy = False,
    kernels: BoardKernels,
    hop: Hop = None,
    explain: Explain = False,
    proving: Proving,
    keras: Keras,
    config: Config = None,
) -> None:
    """A model as a library, proved, for your own firmware's build.

    One folder, all names under the prefix: several models live in one firmware. The compiled
    engine; nothing is written unless it is bit-exact and fits the board.
    """
    from msgspec.structs import replace

    from tinyforge import preflight
    from tinyforge.export.arena import arena_wish
    from tinyforge.export.checked import require_library
    from tinyforge.export.exporting import Export, export
    from tinyforge.export.prefix import checked_prefix, prefix_of
    from tinyforge.report.choices import Choices
    from tinyforge.report.json_report import to_json
    from tinyforge.report.terminal import TerminalReport
    from tinyforge.source import model_path, open_model, with_examples

    spec = settle(
        config, target, dataset, kernels, proving,
        model=model, engine="aot", hop=hop, layer_tests=False,
    )  # fmt: skip
    name = checked_prefix(prefix) if prefix else prefix_of(model_path(spec).stem)
    arena = arena_wish(arena_section or (), shared=share_arena)
    spec = replace(spec, output=target.output or name)
    require_library(spec)
    preflight.require_build(spec, core=core)
    source = open_model(spec, ui, keras.loading(), accept=accept_accuracy)
    source, examples = with_examples(source, spec, ui, inputs=inputs, data=spec.data)
    made = export(
        source, examples, spec, ui, Export(form, name, arena),
        core=core, overwrite=overwrite, accept=accept_accuracy,
    )  # fmt: skip
    ui.print(TerminalReport(made.report))
    if explain:
        ui.print(Choices(spec.optimize, made.report.choices))
    ui.print(f'library: {made.folder} ({form}); #include "{name}.h"')
    ui.emit_json(
        {
            **to_json(made.report),
            "library": str(made.folder),
            "form": form,
            "prefix": name,
            "arena_sections": [s for s in (made.place.section, made.place.large) if s],
            "files": list(made.files),
        }
    )
