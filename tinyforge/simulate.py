"""The proof of what lies there: a .tflite file or a project, built and run; nothing is written."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import msgspec

from tinyforge.errors import ForgeError
from tinyforge.pipeline import generate, model_path, open_tflite, verify_folder
from tinyforge.project import writer
from tinyforge.project.built import pio_firmware
from tinyforge.project.ini import LOCAL, SIM, environment
from tinyforge.project.model_files import GOLDEN_FILE, read_golden
from tinyforge.proof import oracle
from tinyforge.proof.built import prove_answers
from tinyforge.proof.examples import Examples
from tinyforge.proof.prove import Subject, prove
from tinyforge.proof.readback import require_constants
from tinyforge.report.record import Report
from tinyforge.sim.firmware import compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.source import with_examples
from tinyforge.spec import Spec
from tinyforge.stages import Stages


def simulate(
    settings: Spec,
    stages: Stages,
    *,
    project: Path | None,
    inputs: Path | None,
    data: str | None,
    core: str | None,
) -> Report:
    """The proof of a .tflite file, or of a project as it lies on the disk; nothing is written.

    project: a project's folder, whose own sources are built and whose golden vectors are the
    inputs where neither inputs nor data are given. core: another core than the board's.
    """
    source = open_tflite(model_path(settings), stages)
    if project is not None and inputs is None and data is None:
        examples = golden_examples(project)
    else:
        source, examples = with_examples(source, settings, stages, inputs=inputs, data=data)
    generated = generate(source, examples, settings, stages)
    if project is not None:
        _name_edits(project, stages)
    generated = generated.on(generated.board.with_core(core))
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        if project is None:
            writer.write(generated.files, folder)
        else:
            shutil.copytree(project, folder)
        proof = verify_folder(generated, folder, examples, settings, stages)
    return Report(
        board=settings.board,
        engine=proof.engine,
        proof=proof,
        seconds=stages.seconds,
        accuracy=source.measured,
    )


def simulate_pio(
    settings: Spec,
    stages: Stages,
    *,
    project: Path | None,
    inputs: Path | None,
    data: str | None,
    core: str | None,
) -> Report:
    """The proof of the firmware that PlatformIO builds of a project for its environment sim.

    Of the engine in settings; of aot, where the project has both. The project's golden vectors
    are the inputs where no others are given. Writes into PlatformIO's build folder alone.
    ForgeError without a project, or with a core: its platformio.ini says which.
    """
    if project is None:
        raise ForgeError("PlatformIO builds projects", fix="give the folder of one with --pio")
    if core is not None:
        raise ForgeError(
            "with --pio the project says the core",
            fix=f"set `board = {core}` below [env:{SIM}] in the project's {LOCAL}",
        )
    source = open_tflite(model_path(settings), stages)
    if inputs is None and data is None:
        examples = golden_examples(project)
    else:
        source, examples = with_examples(source, settings, stages, inputs=inputs, data=data)
    generated = generate(source, examples, settings, stages)
    engine, lowered = next(iter(generated.lowered.items()))
    _name_edits(project, stages)
    with stages.stage("Build the firmware with PlatformIO"):
        firmware = pio_firmware(project, engine)
    assert firmware.core is not None
    runner = machine_for(settings.machine, firmware.core)
    constants = 0
    if engine == "aot":
        compiler = compiler_for(settings.toolchain, runner, settings.optimize)
        with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
            constants = require_constants(
                firmware, project, lowered, source.graph,
                compiler=compiler, output=Path(name) / "firmware.elf",
            )  # fmt: skip
    with stages.stage("Ask TensorFlow Lite Micro for every layer"):
        expected = oracle.trace(source.model, source.graph, examples.inputs)
        oracle.require_agreement(examples.outputs, oracle.answer(source.graph, expected))
    subject = Subject(
        graph=source.graph,
        plan=generated.plan if engine == "aot" else None,
        lowered=lowered,
        firmware=firmware,
        board=msgspec.structs.replace(generated.board, core=firmware.core.name),
        toolchain=f"PlatformIO, environment {environment(SIM, engine)}",
        inputs=examples.inputs,
        labels=examples.labels,
        head=examples.head,
    )
    proved = prove if engine == "aot" else prove_answers
    title = f"Prove {len(examples):,} inputs on {runner.name}"
    with stages.stage(title, len(examples)) as tell:
        proof = proved(subject, expected, oracle=oracle.version(), machine=runner, progress=tell)
    proof = replace(proof, constants=constants)
    return Report(
        board=settings.board,
        engine=engine,
        proof=proof,
        seconds=stages.seconds,
        accuracy=source.measured,
    )


def _name_edits(project: Path, stages: Stages) -> None:
    """Tells which files of a project are not as they were generated: they are what is proved."""
    edited = writer.edited_files(project)
    if edited is None:
        stages.note(f"warning: no {writer.MARKER}: whether files were edited is not known")
    elif edited:
        stages.note(f"warning: edited since they were generated: {', '.join(edited)}")


def golden_examples(project: Path) -> Examples:
    """The golden vectors that a project carries."""
    golden = read_golden(project / GOLDEN_FILE)
    return Examples(golden.inputs, outputs=golden.outputs)
