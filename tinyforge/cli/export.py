"""tinyforge export: a model as a library for a firmware that is there already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.cli.options import (
    AcceptAccuracy,
    Board,
    Config,
    Core,
    Custom,
    Data,
    Debug,
    Explain,
    Feed,
    Hop,
    Inputs,
    InputShape,
    Json,
    Machine,
    Optimize,
    Output,
    Overwrite,
    Range,
    Seed,
    Toolchain,
    Trust,
    WeightsInRam,
)
from tinyforge.cli.ui import Ui
from tinyforge.spec import FormChoice

EXAMPLE = "Example: tinyforge export model.tflite --as cmake --prefix kws -o libraries/kws"


def run(
    model: Annotated[Path | None, typer.Argument(help="A .tflite or .keras file.")] = None,
    form: Annotated[FormChoice, typer.Option("--as", help="What build it is for.")] = "c",
    prefix: Annotated[
        str | None,
        typer.Option(
            "--prefix",
            help="What all names of the library begin with. [default: the model's name]",
            metavar="WORD",
        ),
    ] = None,
    output: Output = None,
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
    board: Board = None,
    core: Core = None,
    inputs: Inputs = None,
    data: Data = None,
    range_: Range = None,
    accept_accuracy: AcceptAccuracy = False,
    toolchain: Toolchain = None,
    optimize: Optimize = None,
    weights_in_ram: WeightsInRam = None,
    explain: Explain = False,
    feed: Feed = None,
    hop: Hop = None,
    machine: Machine = None,
    seed: Seed = None,
    trust_model: Trust = False,
    input_shape: InputShape = None,
    custom: Custom = None,
    config: Config = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """A model as a library, proved, for your own firmware's build.

    One folder, all names under the prefix: several models live in one firmware. The compiled
    engine; nothing is written unless it is bit-exact and fits the board.
    """
    ui = Ui(json=json, debug=debug)
    with ui.errors():
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
        from tinyforge.spec import settle
        from tinyforge.spec import weights_in_ram as ram_of
        from tinyforge.training.settings import Loading, shape_of

        spec = settle(
            config,
            model=str(model) if model else None,
            board=board,
            engine="aot",
            data=data,
            range=range_,
            toolchain=toolchain,
            optimize=optimize,
            weights_in_ram=ram_of(weights_in_ram),
            feed=feed,
            hop=hop,
            layer_tests=False,
            machine=machine,
            seed=seed,
        )
        name = checked_prefix(prefix) if prefix else prefix_of(model_path(spec).stem)
        arena = arena_wish(arena_section or (), shared=share_arena)
        spec = replace(spec, output=output or name)
        require_library(spec)
        preflight.require_build(spec, core=core)
        how = Loading(trust_model, shape_of(input_shape), custom)
        source = open_model(spec, ui, how, accept=accept_accuracy)
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
