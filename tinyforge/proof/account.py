"""What a run of firmware proves, and what it takes of its board: RAM, flash, time."""

from __future__ import annotations

from collections.abc import Iterable

from tinyforge.engines.base import TEST_VECTORS
from tinyforge.proof.answers import head_accuracy
from tinyforge.proof.cycles import Estimate, timing_on
from tinyforge.proof.record import Arena, Difference, Flash, LayerProof, Proof, Ram
from tinyforge.proof.subject import Subject
from tinyforge.sim.base import Run
from tinyforge.sim.elf import Firmware


def account(
    subject: Subject,
    run: Run,
    estimated: Estimate | None,
    *,
    engine: str,
    machine: str,
    oracle: str,
    first_difference: Difference | None,
    arena: Arena,
    layers: tuple[LayerProof, ...],
    accesses: int | None = None,
) -> Proof:
    """The proof that a run of the subject over its inputs, and perhaps over some again, is.

    estimated: of the first inference. machine: its version. layers: those that were compared.
    """
    graph, count = subject.graph, len(subject.inputs)
    total = None if run.instructions is None else run.instructions[:count]
    mean = None if total is None else round(float(total.mean()))
    return Proof(
        model=graph.name,
        engine=engine,
        board=subject.board.id,
        core=subject.board.core,
        machine=machine,
        toolchain=subject.toolchain,
        oracle=oracle,
        inputs=count,
        layers=len(graph.operators),
        bit_exact=first_difference is None,
        first_difference=first_difference,
        accuracy=head_accuracy(run.outputs[:count], graph, subject.head, subject.labels),
        arena=arena,
        ram=_ram(subject, run),
        flash=_flash(subject),
        instructions=mean,
        instructions_min=None if total is None else int(total.min()),
        instructions_max=None if total is None else int(total.max()),
        cycles=None if estimated is None else estimated.whole(),
        time=timing_on(subject.clock, mean, estimated),
        on_boards={} if estimated is None else estimated.on_boards(),
        instructions_by_layer=layers,
        accesses=accesses,
    )


def _ram(subject: Subject, run: Run) -> Ram | None:
    """What a run took of the board's RAM. None where the firmware is no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    arena = firmware.symbol("forge_arena").size
    weights = _bytes(firmware, subject.lowered.in_ram)
    rest = firmware.data_bytes + firmware.bss_bytes - arena - weights
    stack = run.stack_high_water_mark
    total = arena + weights + rest + (stack or 0)
    return Ram(arena, weights, rest, stack, total, subject.board.ram_limit)


def _flash(subject: Subject) -> Flash | None:
    """What firmware takes of the board's flash. None where it is no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    weights = _bytes(firmware, subject.lowered.flash_symbols)
    vectors = _bytes(firmware, TEST_VECTORS)
    total = firmware.flash_bytes
    return Flash(total - weights - vectors, weights, vectors, total, subject.board.flash_limit)


def _bytes(firmware: Firmware, names: Iterable[str]) -> int:
    """Of objects, together; of none that a compiler leaves out."""
    return sum(firmware.symbols[name].size for name in names if name in firmware.symbols)
