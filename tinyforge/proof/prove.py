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
from tinyforge.ops import OPS
from tinyforge.proof.answers import accuracy
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Arena, ArenaSlot, Difference, Flash, LayerProof, Proof, Ram
from tinyforge.sim.base import Machine, Probe, Progress, Run
from tinyforge.sim.elf import Firmware

_TEST_VECTORS = ("forge_golden_inputs", "forge_golden_outputs")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is to be proved. labels: the right class of each input, where known."""

    graph: Graph
    plan: Plan
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
    watches = _watches(subject)
    output = subject.graph.tensors[subject.graph.outputs[0]]
    run = machine.run(
        subject.firmware,
        subject.inputs,
        output_bytes=output.nbytes,
        probes=[watch.probe for watch in watches],
        progress=progress,
    )
    actual = _by_operator(subject.graph, watches, run)
    first = _first_difference(subject.graph, actual, run.outputs, expected)
    exact = {
        op.index: bool((actual[op.index] == expected[op.outputs[0]]).all())
        for op in subject.graph.operators
    }
    total = run.instructions
    labels = subject.labels
    return Proof(
        model=subject.graph.name,
        engine="aot",
        board=subject.board.id,
        core=subject.board.core,
        machine=machine.version(),
        toolchain=subject.toolchain,
        oracle=oracle,
        inputs=len(subject.inputs),
        layers=len(subject.graph.operators),
        bit_exact=first is None,
        first_difference=first,
        accuracy=None if labels is None else accuracy(run.outputs, output, labels),
        arena=_arena(subject, run),
        ram=_ram(subject, run),
        flash=_flash(subject),
        instructions=None if total is None else round(float(total.mean())),
        instructions_min=None if total is None else int(total.min()),
        instructions_max=None if total is None else int(total.max()),
        instructions_by_layer=_layers(subject, run, exact),
    )


def _watches(subject: Subject) -> list[_Watch]:
    """A probe at each layer's entry for what finished before it, and one at the end."""
    graph, plan, symbols = subject.graph, subject.plan, subject.lowered.layer_symbols
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


def _by_operator(
    graph: Graph, watches: Sequence[_Watch], run: Run
) -> dict[int, npt.NDArray[np.int8]]:
    """Operator index to what the firmware computed, (inputs, bytes)."""
    found = {}
    for watch, captured in zip(watches, run.captured, strict=True):
        begin = 0
        for op in watch.operators:
            end = begin + graph.tensors[op.outputs[0]].nbytes
            found[op.index] = captured[:, begin:end]
            begin = end
    return found


def _first_difference(
    graph: Graph,
    actual: dict[int, npt.NDArray[np.int8]],
    outputs: npt.NDArray[np.int8],
    expected: Trace,
) -> Difference | None:
    """The first differing byte of the first differing layer, or of what the application got."""
    for op in graph.operators:
        found = _difference(graph, op, actual[op.index], expected[op.outputs[0]])
        if found is not None:
            return found
    last = graph.producers[graph.outputs[0]]
    return _difference(graph, last, outputs, expected[graph.outputs[0]])


def _difference(
    graph: Graph, op: Operator, actual: npt.NDArray[np.int8], expected: npt.NDArray[np.int8]
) -> Difference | None:
    where = np.argwhere(actual != expected)
    if not len(where):
        return None
    row, position = (int(v) for v in where[0])
    out = graph.tensors[op.outputs[0]]
    return Difference(
        input=row,
        layer=op.index,
        op=op.op,
        name=out.name,
        index=tuple(int(v) for v in np.unravel_index(position, out.shape)),
        expected=int(expected[row, position]),
        actual=int(actual[row, position]),
    )


def _arena(subject: Subject, run: Run) -> Arena:
    tensors = subject.graph.tensors
    return Arena(
        planned=subject.plan.arena_bytes,
        touched=run.arena_touched,
        lower_bound=subject.plan.lower_bound,
        slots=tuple(
            ArenaSlot(tensors[s.tensors[-1]].name, s.offset, s.nbytes, s.first, s.last)
            for s in subject.plan.slots
        ),
    )


def _ram(subject: Subject, run: Run) -> Ram | None:
    """None on a machine that runs no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    arena = firmware.symbol("forge_arena").size
    rest = firmware.data_bytes + firmware.bss_bytes - arena
    stack = run.stack_high_water_mark
    return Ram(arena, rest, stack, arena + rest + (stack or 0), subject.board.ram_limit)


def _flash(subject: Subject) -> Flash | None:
    """None on a machine that runs no ELF of the board."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    weights = sum(firmware.symbol(name).size for name in subject.lowered.flash_symbols)
    vectors = sum(firmware.symbol(name).size for name in _TEST_VECTORS)
    total = firmware.flash_bytes
    return Flash(total - weights - vectors, weights, vectors, total, subject.board.flash_limit)


def _layers(subject: Subject, run: Run, exact: dict[int, bool]) -> tuple[LayerProof, ...]:
    """One row a layer, in the order they run; a layer without code costs nothing."""
    graph = subject.graph
    counts: npt.NDArray[np.float64] | None = None
    if run.layer_instructions is not None:
        counts = run.layer_instructions.mean(axis=0)
    rows = []
    for index in subject.plan.order:
        op = graph.operators[index]
        out = graph.tensors[op.outputs[0]]
        rows.append(
            LayerProof(
                index=index,
                op=op.op,
                name=out.name,
                output_shape=out.shape,
                macs=OPS[op.op].macs(graph, op),
                output_bytes=out.nbytes,
                bit_exact=exact[index],
                instructions=None if counts is None else _at(counts, index),
            )
        )
    return tuple(rows)


def _at(counts: npt.NDArray[np.float64], layer: int) -> int:
    """A layer's mean count; the last layers have no column where they have no code."""
    return round(float(counts[layer])) if layer < len(counts) else 0
