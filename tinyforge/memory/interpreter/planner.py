"""TensorFlow Lite Micro's memory planner: which buffers it plans, how long each lives, and where
its greedy algorithm puts it, ties broken as there.

Source: tensorflow/lite/micro/micro_allocation_info.cc and memory_planner/greedy_memory_planner.cc
of TensorFlow Lite Micro 90b983c2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph
from tinyforge.memory.interpreter.abi import aligned

ALIGNMENT = 16
_NEVER = -1  # the lifetime of a tensor that no operator touches


@dataclass(frozen=True)
class Buffer:
    """One stretch of the head, alive from scope `first` to `last`, both included: scope 0 is the
    graph's inputs, scope n + 1 operator n. nbytes: a multiple of 16. what: for a reader.
    """

    what: str
    nbytes: int
    first: int
    last: int

    def meets(self, other: Buffer) -> bool:
        """Whether both are alive at once."""
        return self.first <= other.last and other.first <= self.last


def buffers(graph: Graph, scratch: Sequence[tuple[int, int]]) -> list[Buffer]:
    """What is planned, in the planner's order: computed tensors by index, then scratch buffers.
    Variable tensors are not: they lie in the tail.

    scratch: (operator's position, bytes), in the order of request.
    """
    first = [_NEVER] * len(graph.tensors)
    last = [_NEVER] * len(graph.tensors)

    def touch(tensors: Sequence[int], scope: int, *, creates: bool) -> None:
        for t in tensors:
            if t < 0:
                continue
            if creates and first[t] == _NEVER:
                first[t] = scope
            last[t] = scope

    touch(graph.inputs, 0, creates=True)
    for scope, op in enumerate(graph.operators, start=1):
        touch(op.outputs, scope, creates=True)
        touch(op.inputs, scope, creates=False)
    touch(graph.outputs, len(graph.operators), creates=True)
    tensors = [
        Buffer(t.name, aligned(t.nbytes, ALIGNMENT), first[t.index], last[t.index])
        for t in graph.tensors
        if t.data is None and t.nbytes and not t.variable
    ]
    scratches = [
        Buffer(
            f"scratch of layer {position} {graph.operators[position].op}",
            aligned(nbytes, ALIGNMENT),
            position + 1,
            position + 1,
        )
        for position, nbytes in scratch
    ]
    return tensors + scratches


def place(planned: Sequence[Buffer]) -> list[int]:
    """An offset a buffer.

    Largest first, and of equals the one asked for last; each at the lowest gap among those alive
    at the same time.
    """
    offsets = [0] * len(planned)
    placed: list[int] = []  # by offset; of equals the one placed first
    for i in sorted(range(len(planned)), key=lambda i: (-planned[i].nbytes, -i)):
        offset = 0
        for j in placed:
            if not planned[i].meets(planned[j]):
                continue
            if offsets[j] - offset >= planned[i].nbytes:
                break
            offset = max(offset, offsets[j] + planned[j].nbytes)
        offsets[i] = offset
        after = next((k for k, j in enumerate(placed) if offsets[j] > offset), len(placed))
        placed.insert(after, i)
    return offsets
