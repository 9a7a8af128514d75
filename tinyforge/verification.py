"""The proof of a project's sources: firmware built of them, read back, and run."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tinyforge import boards
from tinyforge.boards import Board
from tinyforge.generation import Generated
from tinyforge.project import writer
from tinyforge.proof import oracle
from tinyforge.proof.boundary import require_boundary
from tinyforge.proof.built import prove_answers
from tinyforge.proof.channels import with_channels
from tinyforge.proof.examples import Examples
from tinyforge.proof.interpreted import prove_interpreted
from tinyforge.proof.prove import prove
from tinyforge.proof.readback import Constants, require_constants
from tinyforge.proof.record import Proof
from tinyforge.proof.subject import Subject
from tinyforge.report.wording import plural
from tinyforge.sim.base import Machine, Toolchain
from tinyforge.sim.elf import Firmware
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.spec import Spec
from tinyforge.stages import Stages


def verify(
    generated: Generated,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    timed_on: Sequence[Board] | None = None,
) -> Proof:
    """The proof of a project: of its compiled half where it has one, else of the interpreter's.

    timed_on: boards to say what an inference takes on; None: the settings' own, where the firmware
    is for its core.
    """
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as name:
        folder = Path(name).resolve() / "project"
        writer.write(generated.files, folder)
        return verify_folder(generated, folder, examples, settings, stages, timed_on=timed_on)


def verify_folder(
    generated: Generated,
    folder: Path,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    timed_on: Sequence[Board] | None = None,
) -> Proof:
    """The same for the sources that lie in a folder, as they lie there."""
    source, board = generated.source, generated.board
    if generated.plan is None:
        with stages.stage("Run the project's model in TensorFlow Lite Micro"):
            lowered = generated.lowered["tflm"]
            return prove_interpreted(lowered, source.model, source.graph, examples, board)
    machine = machine_for(settings.machine, board.core_model())
    compiler = compiler_for(settings.toolchain, machine, settings.optimize)
    with stages.stage(f"Build the firmware with {compiler.name}"):
        firmware = build_firmware(folder, "aot", board, compiler=compiler, machine=machine)
    found = read_back(
        generated, folder, firmware, stages,
        compiler=compiler, machine=machine, output=firmware.path,
    )  # fmt: skip
    proof = run_firmware(
        generated,
        firmware,
        examples,
        stages,
        toolchain=compiler.version(),
        machine=machine,
        timed_on=own_clock(settings, board) if timed_on is None else timed_on,
    )
    return found.told(proof)


def own_clock(settings: Spec, board: Board) -> tuple[Board, ...]:
    """The settings' board, unless firmware for a board with another core stands in for it."""
    own = boards.load(settings.board)
    return (own,) if own.core == board.core else ()


@dataclass(frozen=True)
class ReadBack:
    """The constants that were compared, and how many real values at the model's boundary."""

    constants: Constants = field(default_factory=Constants)
    boundary: int = 0

    def told(self, proof: Proof) -> Proof:
        """The proof, which says so."""
        return replace(
            proof,
            constants=self.constants.count,
            without_influence=self.constants.without_influence,
            boundary=self.boundary,
        )


def read_back(
    generated: Generated,
    folder: Path,
    firmware: Firmware,
    stages: Stages,
    *,
    compiler: Toolchain,
    machine: Machine,
    output: Path,
) -> ReadBack:
    """What of the compiled model was compared with what the model says: no constants where firmware
    is a library of this computer.

    folder: the project, of whose sources firmware was built. output: beside which the compiler may
    write. ForgeError with the first one that is wrong.
    """
    graph = generated.source.graph_of("aot")
    with stages.stage("Read every constant back from it"):
        constants = require_constants(
            firmware, folder, generated.lowered["aot"], graph, compiler=compiler, output=output
        )
    with stages.stage("Prove the functions at the model's boundary"):
        values = require_boundary(
            folder, graph, generated.board,
            compiler=compiler, machine=machine, output=output.with_name("boundary.elf"),
        )  # fmt: skip
    return ReadBack(constants, values)


def run_firmware(
    generated: Generated,
    firmware: Firmware,
    examples: Examples,
    stages: Stages,
    *,
    toolchain: str,
    machine: Machine,
    timed_on: Sequence[Board],
) -> Proof:
    """Every example through firmware of the compiled half, where the project has one, else of the
    interpreter's; compared with the oracle's layers, or with its answers. timed_on: as Subject's.
    """
    source, plan = generated.source, generated.plan
    engine = "tflm" if plan is None else "aot"
    graph = source.graph_of(engine)
    with stages.stage("Ask TensorFlow Lite Micro for every layer"):
        expected = source.expected(engine, examples.inputs)
        oracle.require_agreement(examples.outputs, oracle.answer(graph, expected))
    subject = Subject(
        graph=graph,
        plan=plan,
        lowered=generated.lowered[engine],
        firmware=firmware,
        board=generated.board,
        toolchain=toolchain,
        inputs=examples.inputs,
        labels=examples.labels,
        head=examples.head,
        timed_on=timed_on,
    )
    compared = prove_answers if plan is None else prove
    title = f"Prove {plural(len(examples), 'input')} on {machine.name}"
    with stages.stage(title, len(examples)) as tell:
        proof = compared(subject, expected, oracle=oracle.version(), machine=machine, progress=tell)
    return with_channels(proof, source.narrowed)
