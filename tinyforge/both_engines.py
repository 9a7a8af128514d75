"""Both engines of a project beside each other: what the model takes with each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.engines.tflm.arena import arena_size
from tinyforge.engines.tflm.engine import MODEL_SYMBOL
from tinyforge.errors import ForgeError
from tinyforge.generation import Generated
from tinyforge.project.built import built_firmware
from tinyforge.project.ini import SIM, environment
from tinyforge.proof import oracle
from tinyforge.proof.built import prove_answers
from tinyforge.proof.record import EngineCost, Proof
from tinyforge.proof.subject import Subject
from tinyforge.sim.elf import Firmware
from tinyforge.sim.machines import machine_for
from tinyforge.spec import Spec
from tinyforge.stages import Stages

# Inputs that the interpreter runs: its instructions hardly depend on them.
_INPUTS = 5


def engines(
    generated: Generated,
    proof: Proof,
    settings: Spec,
    stages: Stages,
    *,
    project: Path | None,
    inputs: npt.NDArray[np.int8],
) -> tuple[EngineCost, ...]:
    """What the model takes with each engine; nothing unless the project has both.

    proof: of the compiled one. The interpreter is measured where PlatformIO has built it in the
    project's folder, for sim_tflm, of the very model and for the same core; else its arena alone is
    known, which is computed. inputs: some of the model's.
    """
    if not {"aot", "tflm"} <= set(generated.lowered):
        return ()
    compiled = _cost(proof, proof.arena.planned)
    source = generated.source
    arena = arena_size(source.graph, source.model).on(proof.core)
    alone = EngineCost("tflm", arena)
    try:
        firmware = None if project is None else built_firmware(project, "tflm")
        if firmware is None or not _is_of(firmware, source.model, proof.core):
            return compiled, alone
        with stages.stage("Run the interpreter that PlatformIO built"):
            found = _run(generated, firmware, inputs[:_INPUTS], settings)
    except ForgeError as error:
        stages.note(f"warning: {environment(SIM, 'tflm')} is not compared: {error.what}")
        return compiled, alone
    return compiled, _cost(found, arena)


def _is_of(firmware: Firmware, model: bytes, core: str) -> bool:
    """Whether it runs this model, on this core."""
    if firmware.core is None or firmware.core.name != core or MODEL_SYMBOL not in firmware.symbols:
        return False
    symbol = firmware.symbols[MODEL_SYMBOL]
    return firmware.code(symbol.address, symbol.size) == model


def _run(
    generated: Generated, firmware: Firmware, inputs: npt.NDArray[np.int8], settings: Spec
) -> Proof:
    assert firmware.core is not None
    machine = machine_for(None if settings.machine == "native" else settings.machine, firmware.core)
    subject = Subject(
        graph=generated.source.graph,
        plan=None,
        lowered=generated.lowered["tflm"],
        firmware=firmware,
        board=generated.board,
        toolchain=f"PlatformIO, environment {environment(SIM, 'tflm')}",
        inputs=inputs,
    )
    expected = generated.source.expected("tflm", inputs)
    proof = prove_answers(subject, expected, oracle=oracle.version(), machine=machine)
    if not proof.bit_exact:
        raise ForgeError(
            "its answers differ from TensorFlow Lite Micro's", where=str(firmware.path)
        )
    return proof


def _cost(proof: Proof, arena: int) -> EngineCost:
    return EngineCost(
        engine=proof.engine,
        arena=arena,
        ram=None if proof.ram is None else proof.ram.total,
        flash=None if proof.flash is None else proof.flash.total,
        instructions=proof.instructions,
    )
