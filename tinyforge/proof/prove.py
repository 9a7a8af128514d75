"""The proof: firmware on a machine, every layer of every input against the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Plan
from tinyforge.ops.upright import frames, input_rows
from tinyforge.proof.accesses import require_planned
from tinyforge.proof.account import account
from tinyforge.proof.arena import planned_arena
from tinyforge.proof.compare import answer_difference, first_difference, layer_proofs
from tinyforge.proof.cycles import estimate, systems
from tinyforge.proof.grants import grants
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Proof
from tinyforge.proof.steps import Piece, assemble, finished
from tinyforge.proof.subject import Subject
from tinyforge.sim.base import INVOKE, PUSH_ROW, Entry, Job, Machine, Probe, Progress
from tinyforge.sim.profile import Profile, Profiler, profiled
from tinyforge.tflite.about import remembers

# Inputs that run again at most, and inferences at least.
_AGAIN, _LEAST_RUNS = 256, 6


def prove(
    subject: Subject,
    expected: Trace,
    *,
    oracle: str,
    machine: Machine,
    progress: Progress | None = None,
) -> Proof:
    """Runs every input through the firmware and compares each layer's every byte.

    A model without states sees its inputs again, in changing order: nothing may be left of one in
    the next. What a step has made is read from the arena at the moment the next step's function
    is entered, so the firmware carries no code for it. expected: the oracle's values, oracle: its
    name. ForgeError when the firmware faults or hangs, and where a layer, seen to read and write,
    touches what the plan does not give it.
    """
    graph, plan, count = subject.graph, subject.plan, len(subject.inputs)
    assert plan is not None
    _require_arena(subject, plan)
    pieces = finished(graph, plan)
    order = run_order(count, graph, quick=isinstance(machine, Profiler))
    inputs = frames(graph, subject.inputs[order], by_rows=plan.by_rows)
    probes, entry = _probes(subject, plan, pieces), _entry(graph, plan)
    job = Job(subject.firmware, inputs, graph.output_bytes, probes, entry)
    tell = None if progress is None else lambda done: progress(min(done, count))
    run = machine.run(job, tell)
    profile = _profile(subject, plan, machine, job)
    estimated = estimate(profile, subject.firmware, subject.timed_on)
    accesses = None
    if profile is not None:
        accesses = require_planned(profile, graph, plan, subject.firmware)
    actual = assemble(graph, plan, pieces, run.captured)
    # The answers that the application got count beside what lay in the arena.
    expected = {t: rows[order] for t, rows in expected.items()}
    first = first_difference(graph, actual, expected) or answer_difference(
        graph, run.outputs, expected
    )
    if first is not None:
        first = replace(first, input=int(order[first.input]))
    counts = None if run.layer_instructions is None else run.layer_instructions[:count]
    return account(
        subject,
        run,
        estimated,
        engine="aot",
        machine=machine.version(),
        oracle=oracle,
        first_difference=first,
        arena=planned_arena(graph, plan, run.arena_touched),
        layers=layer_proofs(
            graph,
            plan.order,
            actual,
            expected,
            counts=None if counts is None else counts.mean(axis=0),
            estimated=estimated,
            clock=subject.clock,
            within=plan.within,
        ),
        accesses=accesses,
    )


def run_order(count: int, graph: Graph, *, quick: bool) -> npt.NDArray[np.int64]:
    """In which order inputs, by their numbers, run: all of them, then backwards, and so on until
    there are enough for a layer that is wrong only after some calls. The inputs of a model with
    states are a sequence, which runs once. quick: whether inferences cost next to nothing."""
    forward = np.arange(count)
    if remembers(graph):
        return forward
    again = forward[:: max(1, -(-count // _AGAIN))][::-1] if quick else forward[:2][::-1]
    order = [forward, again]
    while quick and sum(map(len, order)) < _LEAST_RUNS:
        order.append(order[-1][::-1])
    return np.concatenate(order)


def _require_arena(subject: Subject, plan: Plan) -> None:
    """ForgeError unless the firmware's arena is as large as the plan says: what it has more is RAM
    that nobody touches and nobody sees."""
    firmware = subject.firmware
    if firmware.core is None:
        return
    size = firmware.symbol("forge_arena").size
    if size != plan.arena_bytes:
        raise ForgeError(
            f"the arena has {size:,} bytes in the firmware, {plan.arena_bytes:,} in the plan",
            where=f"forge_arena, {firmware.path}",
            fix="write the project's sources anew: tinyforge generate --overwrite",
        )


def _entry(graph: Graph, plan: Plan) -> Entry:
    return Entry(PUSH_ROW, input_rows(graph)) if plan.by_rows else INVOKE


def _probes(subject: Subject, plan: Plan, pieces: Sequence[Sequence[Piece]]) -> list[Probe]:
    """One at each step's entry for what was finished before it, and one at the end.

    A step that takes a row of the input begins with forge_push_row.
    """
    symbols = {**subject.lowered.layer_symbols, FEED: PUSH_ROW}
    reads = [tuple((piece.offset, piece.nbytes) for piece in group) for group in pieces]
    entries = [
        Probe(symbols[layer], read, layer, number)
        for (layer, number), read in zip(plan.steps, reads, strict=False)
    ]
    return [*entries, Probe("", reads[-1], -1)]


def _profile(subject: Subject, plan: Plan, machine: Machine, job: Job) -> Profile | None:
    """Of the first input's inference, its data accesses held against the plan; None where the
    machine does not see them."""
    firmware = subject.firmware
    if firmware.core is None:
        return None
    return profiled(
        machine,
        job,
        grants=grants(plan, subject.lowered, firmware),
        systems=systems(firmware, subject.timed_on),
    )
