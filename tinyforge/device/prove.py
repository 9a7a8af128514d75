"""The proof on the device: golden vectors to the board, its answers against the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyforge.device.layers import layer_by_layer
from tinyforge.device.link import Link
from tinyforge.device.messages import Hello
from tinyforge.device.record import Cycles, DeviceReport
from tinyforge.device.subject import Subject, require_same
from tinyforge.ops.upright import frames
from tinyforge.proof.arena import planned_arena
from tinyforge.proof.compare import answer_difference, first_difference, layer_proofs
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Arena, Difference, LayerProof, Proof
from tinyforge.tflite.about import remembers

# Called with 1 for every input that is done.
Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class _Measured:
    """outputs: int8 (n, bytes). cycles: one an inference. trace: every layer's outputs over all
    inputs, empty where they were not read. layer_cycles: by operator index, means over the inputs.
    """

    outputs: npt.NDArray[np.int8]
    cycles: tuple[int, ...]
    trace: Trace
    layer_cycles: dict[int, int]


def prove_on_device(
    link: Link,
    subject: Subject,
    expected: Trace,
    *,
    oracle: str,
    port: str,
    layers: bool = False,
    progress: Progress = lambda _: None,
) -> tuple[Proof, DeviceReport]:
    """Runs every input on the board. expected: the oracle's values, oracle: its name.

    layers: compare every layer of every input too, where the engine has layers. Without it, the
    layers of the first input with a wrong output are looked at, to name the first wrong one.
    ForgeError as Link's, and when the board runs other firmware.
    """
    hello = link.hello()
    require_same(hello, subject, port)
    measured = _measure(link, subject, layers=layers and subject.plan is not None, tell=progress)
    wrong = _first_wrong(link, subject, measured, expected)
    proof = _proof(subject, measured, expected, wrong, oracle=oracle, port=port)
    return proof, _report(link, hello, subject, measured, port)


def _measure(link: Link, subject: Subject, *, layers: bool, tell: Progress) -> _Measured:
    """The inputs are one sequence, and another one where layers are compared."""
    outputs, cycles = [], []
    link.reset()
    sent = frames(subject.graph, subject.inputs, by_rows=subject.lowered.by_rows)
    for done, values in enumerate(sent, 1):
        link.write_input(values.tobytes())
        cycles.append(link.run())
        outputs.append(np.frombuffer(link.read_output(subject.graph.output_bytes), np.int8))
        if not layers:
            tell(done)
    trace, layer_cycles = _by_layers(link, subject, subject.inputs, tell) if layers else ({}, {})
    return _Measured(np.stack(outputs), tuple(cycles), trace, layer_cycles)


def _by_layers(
    link: Link, subject: Subject, inputs: npt.NDArray[np.int8], tell: Progress = lambda _: None
) -> tuple[Trace, dict[int, int]]:
    """A sequence, layer by layer: every layer's outputs over all inputs, and its mean cycles."""
    traces, cycles = [], []
    link.reset()
    for done, values in enumerate(inputs, 1):
        trace, counts = layer_by_layer(link, subject, values)
        traces.append(trace)
        cycles.append(counts)
        tell(done)
    return (
        {t: np.concatenate([one[t] for one in traces]) for t in traces[0]},
        {index: round(sum(one[index] for one in cycles) / len(cycles)) for index in cycles[0]},
    )


def _first_wrong(
    link: Link, subject: Subject, measured: _Measured, expected: Trace
) -> Difference | None:
    """The first wrong element of the first wrong layer; where only outputs are known to be wrong,
    the layers of that input are asked for."""
    graph = subject.graph
    if measured.trace:
        in_layers = first_difference(graph, measured.trace, expected)
        if in_layers is not None:
            return in_layers
    wrong = answer_difference(graph, measured.outputs, expected)
    if wrong is None or measured.trace or subject.plan is None:
        return wrong
    # A layer that remembers may have been wrong before an output was.
    begin, end = 0 if remembers(graph) else wrong.input, wrong.input + 1
    trace, _ = _by_layers(link, subject, subject.inputs[begin:end])
    found = first_difference(graph, trace, {t: expected[t][begin:end] for t in trace})
    # Layers that are right one by one leave the output as all that is known to be wrong.
    return wrong if found is None else replace(found, input=begin + found.input)


def _report(
    link: Link, hello: Hello, subject: Subject, measured: _Measured, port: str
) -> DeviceReport:
    cycles = measured.cycles
    counted = any(cycles)
    mean = sum(cycles) / len(cycles)
    return DeviceReport(
        port=port,
        board=hello.board,
        engine=hello.engine,
        model=hello.model.hex(),
        golden=hello.golden,
        cycles=Cycles(round(mean), min(cycles), max(cycles)) if counted else None,
        milliseconds=round(mean / (subject.board.mhz * 1000), 3) if counted else None,
        layers_compared=len(measured.trace),
        layer_cycles=measured.layer_cycles if counted and measured.trace else None,
        repeated=link.repeated,
        damaged=link.damaged,
    )


def _proof(
    subject: Subject,
    measured: _Measured,
    expected: Trace,
    wrong: Difference | None,
    *,
    oracle: str,
    port: str,
) -> Proof:
    """Without rows of layers where only outputs were compared."""
    graph, plan = subject.graph, subject.plan
    rows: tuple[LayerProof, ...] = ()
    if measured.trace and plan:
        rows = layer_proofs(graph, plan.order, measured.trace, expected, within=plan.within)
    return Proof(
        model=graph.name,
        engine=subject.engine,
        board=subject.board.id,
        core=subject.board.core,
        machine=f"device: {port}",
        toolchain="PlatformIO",
        oracle=oracle,
        inputs=len(subject.inputs),
        layers=len(graph.operators),
        bit_exact=wrong is None,
        first_difference=wrong,
        arena=_arena(subject),
        instructions_by_layer=rows,
    )


def _arena(subject: Subject) -> Arena:
    if subject.plan is not None:
        return planned_arena(subject.graph, subject.plan, touched=None)
    return Arena(subject.lowered.arena_bytes, touched=None, lower_bound=None, slots=())
