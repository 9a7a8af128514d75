"""Why each layer of a plan runs as it does: its kernel, what that costs, and the next best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import layer_cycles
from tinyforge.ops.base import Kernel
from tinyforge.ops.costs import cycles, memory_bytes, table_bytes
from tinyforge.ops.kernels import kernels_of
from tinyforge.ops.target import Target


@dataclass(frozen=True)
class Candidate:
    """A kernel that a layer can have. cycles: about, of an inference on a Cortex-M4 without wait
    states. tables: bytes of constants in flash. memory: bytes of the arena for itself."""

    way: str
    cycles: int
    tables: int
    memory: int


@dataclass(frozen=True)
class KernelChoice:
    """taken: as it runs. runner_up: the quickest of the others, by itself; None where there is no
    other. within: the layer that it runs in, a few pixels at a time. why: in words."""

    layer: int
    op: str
    taken: Candidate
    runner_up: Candidate | None
    why: str
    within: int | None = None


def choices(plan: Plan, target: Target) -> tuple[KernelChoice, ...]:
    """Of all layers with code, in the plan's order. target: what the plan was made for."""
    return tuple(_choice(plan, index, target) for index in plan.order if index in plan.kernels)


def _choice(plan: Plan, index: int, target: Target) -> KernelChoice:
    graph, kernel = plan.graph, plan.kernels[index]
    op = graph.operators[index]
    taken = Candidate(
        kernel.way, layer_cycles(plan, index), table_bytes(kernel), memory_bytes(kernel)
    )
    others = [
        _candidate(graph, op, other)
        for other in kernels_of(graph, op, target)
        if other.way != kernel.way
    ]
    next_best = min(others, key=lambda other: other.cycles, default=None)
    return KernelChoice(index, op.op, taken, next_best, _why(taken, others), plan.within.get(index))


def _candidate(graph: Graph, op: Operator, kernel: Kernel) -> Candidate:
    return Candidate(
        kernel.way, cycles(graph, op, kernel), table_bytes(kernel), memory_bytes(kernel)
    )


def _why(taken: Candidate, others: Sequence[Candidate]) -> str:
    """The first reason that holds against the quickest other."""
    if not others:
        return "the only kernel"
    rival = min(others, key=lambda other: other.cycles)
    if taken.cycles <= rival.cycles:
        return "the quickest"
    saved = [
        f"{before - now:,} B less {what}"
        for what, before, now in (
            ("flash", rival.tables, taken.tables),
            ("memory", rival.memory, taken.memory),
        )
        if now < before
    ]
    return " and ".join(saved) or "less memory around it"
