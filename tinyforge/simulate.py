"""The proof of what lies there: a .tflite file or a project, built and run; nothing is written."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import msgspec

from tinyforge import boards
from tinyforge.boards import Board
from tinyforge.both_engines import engines
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated, generate
from tinyforge.pipeline import name_added, report_of
from tinyforge.project import writer
from tinyforge.project.built import pio_firmware
from tinyforge.project.ini import LOCAL, SIM, environment
from tinyforge.project.model_files import GOLDEN_FILE, read_golden
from tinyforge.proof.examples import Examples
from tinyforge.report.record import Report
from tinyforge.sim.firmware import compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.source import model_path, open_tflite, with_examples
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.verification import ReadBack, own_clock, read_back, run_firmware, verify_folder


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
    board = boards.load(settings.board)
    # A project's sources are those of its board; a model's are made for the core.
    planned_for = board if project is not None else board.with_core(core)
    generated, examples = _generated(settings, stages, project, inputs, data, board=planned_for)
    generated = generated.on(generated.board.with_core(core))
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        if project is None:
            writer.write(generated.files, folder)
        else:
            shutil.copytree(project, folder)
        proof = verify_folder(generated, folder, examples, settings, stages)
    both = engines(generated, proof, settings, stages, project=project, inputs=examples.inputs)
    return report_of(generated, proof, settings, stages, both)


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
    generated, examples = _generated(settings, stages, project, inputs, data)
    engine = "tflm" if generated.plan is None else "aot"
    with stages.stage("Build the firmware with PlatformIO"):
        firmware = pio_firmware(project, engine)
    assert firmware.core is not None
    machine = machine_for(settings.machine, firmware.core)
    generated = generated.on(msgspec.structs.replace(generated.board, core=firmware.core.name))
    found = ReadBack()
    if engine == "aot":
        compiler = compiler_for(settings.toolchain, machine, settings.optimize)
        with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
            found = read_back(
                generated, project, firmware, stages,
                compiler=compiler, machine=machine, output=Path(name) / "firmware.elf",
            )  # fmt: skip
    toolchain = f"PlatformIO, environment {environment(SIM, engine)}"
    proof = run_firmware(
        generated,
        firmware,
        examples,
        stages,
        toolchain=toolchain,
        machine=machine,
        timed_on=own_clock(settings, generated.board),
    )
    both = engines(generated, proof, settings, stages, project=project, inputs=examples.inputs)
    return report_of(generated, found.told(proof), settings, stages, both)


def _generated(
    settings: Spec,
    stages: Stages,
    project: Path | None,
    inputs: Path | None,
    data: str | None,
    *,
    board: Board | None = None,
) -> tuple[Generated, Examples]:
    """What is to be proved, and on what: where nothing else is given, on a project's own golden
    vectors."""
    source = open_tflite(model_path(settings), stages)
    if project is not None and inputs is None and data is None:
        examples = golden_examples(project)
    else:
        source, examples = with_examples(source, settings, stages, inputs=inputs, data=data)
    generated = generate(source, examples, settings, stages, board=board)
    if project is not None:
        _name_edits(project, stages)
    return generated, examples


def _name_edits(project: Path, stages: Stages) -> None:
    """Tells which files of a project are not as they were generated: they are what is proved."""
    edited = writer.edited_files(project)
    if edited is None:
        stages.note(f"warning: no {writer.MARKER}: whether files were edited is not known")
    elif edited:
        stages.note(f"warning: edited since they were generated: {', '.join(edited)}")
    name_added(project, stages)


def golden_examples(project: Path) -> Examples:
    """The golden vectors that a project carries."""
    golden = read_golden(project / GOLDEN_FILE)
    return Examples(golden.inputs, outputs=golden.outputs)
