"""Why each layer of a plan runs as it does: its kernel, what that costs, and the next best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import Aim, layer_cycles
from tinyforge.ops.base import Kernel
from tinyforge.ops.costs import SlowFlash, cycles, memory_bytes, stalls, table_bytes
from tinyforge.ops.kernels import kernels_of


@dataclass(frozen=True)
class Candidate:
    """A kernel that a layer can have. cycles: about, of an inference on a Cortex-M4, with what it
    waits for tables in slow flash. tables: bytes of constants. memory: bytes of the arena for
    itself. in_ram: whether the tables lie in RAM."""

    way: str
    cycles: int
    tables: int
    memory: int
    in_ram: bool = False


@dataclass(frozen=True)
class KernelChoice:
    """taken: as it runs. runner_up: the quickest of the others, by itself; None where there is no
    other. within: the layer that it runs in, a few pixels at a time. why: in words. with_zeros: of
    one that skips zeros, the quickest of those that do not."""

    layer: int
    op: str
    taken: Candidate
    runner_up: Candidate | None
    why: str
    within: int | None = None
    with_zeros: Candidate | None = None


def choices(plan: Plan, aim: Aim) -> tuple[KernelChoice, ...]:
    """Of all layers with code, in the plan's order. aim: what the plan was made for."""
    return tuple(_choice(plan, index, aim) for index in plan.order if index in plan.kernels)


def _choice(plan: Plan, index: int, aim: Aim) -> KernelChoice:
    graph, kernel = plan.graph, plan.kernels[index]
    op = graph.operators[index]
    taken = Candidate(
        kernel.way,
        layer_cycles(plan, index, aim.flash),
        table_bytes(kernel),
        memory_bytes(kernel),
        index in plan.in_ram,
    )
    every = [k for k in kernels_of(graph, op, aim.compiled_for) if k.way != kernel.way]
    others = [_candidate(graph, op, other, aim.flash) for other in every]
    multiplying = [c for k, c in zip(every, others, strict=True) if not k.skips_zeros]
    return KernelChoice(
        index,
        op.op,
        taken,
        _quickest(others),
        _why(taken, others),
        plan.within.get(index),
        _quickest(multiplying) if kernel.skips_zeros else None,
    )


def _quickest(candidates: Sequence[Candidate]) -> Candidate | None:
    return min(candidates, key=lambda candidate: candidate.cycles, default=None)


def _candidate(graph: Graph, op: Operator, kernel: Kernel, flash: SlowFlash | None) -> Candidate:
    """With its tables in flash."""
    taken = cycles(graph, op, kernel) + stalls(graph, op, kernel, flash)
    return Candidate(kernel.way, taken, table_bytes(kernel), memory_bytes(kernel))


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
