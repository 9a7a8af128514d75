"""The proof: firmware on a machine, every layer of every input against the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.engines.base import Lowered
from tinyforge.graph import Graph, Operator
from tinyforge.memory.plan import Plan
from tinyforge.proof.answers import accuracy
from tinyforge.proof.compare import difference, first_difference, layer_proofs
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Arena, ArenaSlot, Flash, Proof, Ram
from tinyforge.sim.base import Machine, Probe, Progress, Run
from tinyforge.sim.elf import Firmware

_TEST_VECTORS = ("forge_golden_inputs", "forge_golden_outputs")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is to be proved. labels: the right class of each input, where known.

    plan: None for an interpreter's firmware: it plans by itself.
    """

    graph: Graph
    plan: Plan | None
    lowered: Lowered
    firmware: Firmware
    board: Board
    toolchain: str
    inputs: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class _Watch:
    """A probe, and the operators whose outputs it reads, in the order of its bytes."""

    probe: Probe
    operators: tuple[Operator, ...]


def prove(
    subject: Subject,
    expected: Trace,
    *,
    oracle: str,
    machine: Machine,
    progress: Progress | None = None,
) -> Proof:
    """Runs every input through the firmware and compares each layer's every byte.

    A layer's output is read from the arena at the moment the next layer's function is entered,
    so the firmware carries no code for it. expected: the oracle's values, oracle: its name.
    ForgeError when the firmware faults or hangs.
    """
    plan = subject.plan
    assert plan is not None
    watches = _watches(subject, plan)
    output = subject.graph.tensors[subject.graph.outputs[0]]
    run = machine.run(
        subject.firmware,
        subject.inputs,
        output_bytes=output.nbytes,
        probes=[watch.probe for watch in watches],
        progress=progress,
    )
    graph = subject.graph
    actual = _trace(graph, watches, run)
    # The answer that the application got counts beside what lay in the arena.
    first = first_difference(graph, actual, expected) or difference(
        graph, graph.producers[output.index], run.outputs, expected[output.index]
    )
    counts = run.layer_instructions
    total = run.instructions
    labels = subject.labels
    return Proof(
        model=graph.name,
        engine="aot",
        board=subject.board.id,
        core=subject.board.core,
        machine=machine.version(),
        toolchain=subject.toolchain,
        oracle=oracle,
        inputs=len(subject.inputs),
        layers=len(graph.operators),
        bit_exact=first is None,
        first_difference=first,
        accuracy=None if labels is None else accuracy(run.outputs, output, labels),
        arena=_arena(subject.graph, plan, run),
        ram=ram_use(subject, run),
        flash=flash_use(subject),
        instructions=None if total is None else round(float(total.mean())),
        instructions_min=None if total is None else int(total.min()),
        instructions_max=None if total is None else int(total.max()),
        instructions_by_layer=layer_proofs(
            graph,
            plan.order,
            actual,
            expected,
            None if counts is None else counts.mean(axis=0),
        ),
    )


def _watches(subject: Subject, plan: Plan) -> list[_Watch]:
    """A probe at each layer's entry for what finished before it, and one at the end."""
    graph, symbols = subject.graph, subject.lowered.layer_symbols
    watches: list[_Watch] = []
    finished: list[Operator] = []

    def watch(symbol: str, layer: int) -> None:
        reads = tuple(
            (plan.offsets[op.outputs[0]], graph.tensors[op.outputs[0]].nbytes) for op in finished
        )
        watches.append(_Watch(Probe(symbol, reads, layer), tuple(finished)))
        finished.clear()

    for index in plan.order:
        if index in symbols:
            watch(symbols[index], index)
        finished.append(graph.operators[index])
    watch("", -1)
    return watches


def _trace(graph: Graph, watches: Sequence[_Watch], run: Run) -> Trace:
    """What the firmware computed, by tensor."""
    found = {}
    for watch, captured in zip(watches, run.captured, strict=True):
        begin = 0
        for op in watch.operators:
            end = begin + graph.tensors[op.outputs[0]].nbytes
            found[op.outputs[0]] = captured[:, begin:end]
            begin = end
    return found


def _arena(graph: Graph, plan: Plan, run: Run) -> Arena:
    tensors = graph.tensors
    return Arena(
        planned=plan.arena_bytes,
        touched=run.arena_touched,
        lower_bound=plan.lower_bound,
        slots=tuple(
            ArenaSlot(tensors[s.tensors[-1]].name, s.offset, s.nbytes, s.first, s.last)
            for s in plan.slots
        ),
    )


def ram_use(subject: Subject, run: Run) -> Ram | None:
    """What a run took of the board's RAM. None where the firmware is no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    arena = firmware.symbol("forge_arena").size
    rest = firmware.data_bytes + firmware.bss_bytes - arena
    stack = run.stack_high_water_mark
    return Ram(arena, rest, stack, arena + rest + (stack or 0), subject.board.ram_limit)


def flash_use(subject: Subject) -> Flash | None:
    """What firmware takes of the board's flash. None where it is no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    weights = sum(firmware.symbol(name).size for name in subject.lowered.flash_symbols)
    vectors = sum(firmware.symbol(name).size for name in _TEST_VECTORS)
    total = firmware.flash_bytes
    return Flash(total - weights - vectors, weights, vectors, total, subject.board.flash_limit)
