"""The proof of firmware whose layers cannot be seen: its every answer against the oracle's."""

from __future__ import annotations

from tinyforge.graph.packed import split
from tinyforge.proof.account import account
from tinyforge.proof.compare import answer_difference, layer_proofs
from tinyforge.proof.cycles import estimate, systems
from tinyforge.proof.oracle import Trace
from tinyforge.proof.record import Arena, Proof
from tinyforge.proof.subject import Subject
from tinyforge.sim.base import Job, Machine, Probe, Progress
from tinyforge.sim.profile import profiled


def prove_answers(
    subject: Subject,
    expected: Trace,
    *,
    oracle: str,
    machine: Machine,
    progress: Progress | None = None,
) -> Proof:
    """Runs every input through an interpreter's firmware; the layers that make the model's outputs
    are compared.

    expected: the oracle's values, oracle: its name. ForgeError when the firmware faults or hangs.
    """
    graph = subject.graph
    end = Probe("", (), -1)
    job = Job(subject.firmware, subject.inputs, graph.output_bytes, [end])
    run = machine.run(job, progress)
    estimated = None
    simulated = systems(subject.firmware, subject.timed_on)
    if simulated is not None:
        profile = profiled(machine, job, systems=simulated)
        estimated = estimate(profile, subject.firmware, subject.timed_on)
    outputs = dict(zip(graph.outputs, split(run.outputs, graph.output_tensors), strict=True))
    last = dict.fromkeys(graph.producers[t].index for t in outputs if t in graph.producers)
    return account(
        subject,
        run,
        estimated,
        engine="tflm",
        machine=machine.version(),
        oracle=oracle,
        first_difference=answer_difference(graph, run.outputs, expected),
        arena=Arena(subject.lowered.arena_bytes, run.arena_touched, lower_bound=None, slots=()),
        layers=layer_proofs(graph, list(last), outputs, expected),
    )
