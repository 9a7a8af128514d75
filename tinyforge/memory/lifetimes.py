"""Which memory is alive during which step, for operators in a given order.

Tensors that lie on the same bytes form one buffer: a RESHAPE's output and input, and an output
that an operator may write over an input which nobody reads again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.ops import OPS

# Buffers begin at multiples of this, so that kernels may load words.
ALIGNMENT = 4


@dataclass(frozen=True)
class Buffer:
    """Tensors on the same bytes, alive from step first to step last, both included."""

    tensors: tuple[int, ...]
    nbytes: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both are alive during some step."""
        return self.first <= other.last and other.first <= self.last


def aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def buffers(graph: Graph, order: Sequence[int]) -> tuple[Buffer, ...]:
    """The buffers of a graph whose operators run in this order."""
    last = _last_uses(graph, order)
    groups = {t: [t] for t in graph.inputs}  # a buffer's first tensor to all its tensors
    home = {t: t for t in graph.inputs}  # a tensor to its buffer's first tensor
    first = dict.fromkeys(graph.inputs, 0)

    def dies(tensor: int, step: int) -> bool:
        return all(last[t] <= step for t in groups[home[tensor]])

    for step, index in enumerate(order):
        op = graph.operators[index]
        for out in op.outputs:
            shared = next(
                (t for t in sharable(graph, op, out) if is_alias(op) or dies(t, step)), -1
            )
            home[out] = home.get(shared, out)
            first.setdefault(home[out], step)
            groups.setdefault(home[out], []).append(out)
    end = len(order) - 1
    return tuple(
        Buffer(
            tuple(group),
            max(graph.tensors[t].nbytes for t in group),
            first[key],
            min(end, max(last[t] for t in group)),
        )
        for key, group in groups.items()
    )


def is_alias(op: Operator) -> bool:
    """Whether the output is the input's bytes under another shape."""
    return OPS[op.op].lower is None


def sharable(graph: Graph, op: Operator, out: int) -> list[int]:
    """Computed inputs whose bytes the output may take, if nobody needs them afterwards."""
    positions = (0,) if is_alias(op) else OPS[op.op].inplace
    return [
        t
        for t in (op.inputs[p] for p in positions)
        if graph.tensors[t].data is None and graph.tensors[t].nbytes == graph.tensors[out].nbytes
    ]


def _last_uses(graph: Graph, order: Sequence[int]) -> dict[int, int]:
    """Computed tensor to the last step that needs it; one past the end for the graph's outputs."""
    step = {index: i for i, index in enumerate(order)}
    last = dict.fromkeys(graph.inputs, 0)
    for index in order:
        for t in graph.operators[index].outputs:
            last[t] = step[index]
    for t in last:
        last[t] = max([last[t], *(step[op.index] for op in graph.consumers[t])])
        if t in graph.outputs:
            last[t] = len(order)
    return last
