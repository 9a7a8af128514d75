"""An arena in two memories, one that is quick and one that is large: which buffers lie where.

Each buffer lies in one of the two. What is touched least for its size goes to the large one, and
only as much of it as must.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from tinyforge.memory.liveness import Buffer, peak
from tinyforge.memory.network import Network
from tinyforge.memory.placement import place
from tinyforge.memory.schedule import Schedule

# Of the beginning of either memory's part.
_ALIGNMENT = 16


@dataclass(frozen=True)
class Divided:
    """offsets: of each buffer. fast: from this offset on all lies in the large memory. total: of
    both."""

    offsets: tuple[int, ...]
    fast: int
    total: int


def traffic(network: Network, plan: Schedule, buffer: Buffer) -> int:
    """About how many bytes of a buffer an inference reads and writes: rows, by the steps that take
    them; of a layer's own memory all of it in each step."""
    own = sum(plan.counts[layer] for layer in buffer.layers) * buffer.nbytes
    values = set(buffer.values)
    found = own
    for layer in network.layers:
        form = plan.forms[layer.index]
        for value in values.intersection(layer.reads):
            reads = layer.taking(value, form)
            rows = sum(len(reads.reads(step)) for step in range(plan.counts[layer.index]))
            found += rows * network.nbytes[value] // reads.input_rows
        found += sum(network.nbytes[value] for value in values.intersection(layer.makes))
    return found


def divided(buffers: Sequence[Buffer], weights: Sequence[int], steps: int, fast: int) -> Divided:
    """At most so many bytes of the fast memory are taken. weights: the traffic of each buffer.
    steps: how many there are."""
    by_worth = sorted(range(len(buffers)), key=lambda i: weights[i] / max(1, buffers[i].nbytes))
    moved: set[int] = set()
    for i in by_worth:
        if _fits(buffers, moved, steps, fast):
            break
        moved.add(i)
    for i in reversed(by_worth):  # what there is room for after all, the most touched first
        if i in moved and _fits(buffers, moved - {i}, steps, fast):
            moved.remove(i)
    within = [i for i in range(len(buffers)) if i not in moved]
    inner, first = _placed(buffers, within, steps)
    outer, second = _placed(buffers, sorted(moved), steps)
    end = _aligned(first)
    offsets = inner | {i: end + offset for i, offset in outer.items()}
    return Divided(tuple(offsets[i] for i in range(len(buffers))), end, end + second)


def _fits(buffers: Sequence[Buffer], moved: Set[int], steps: int, fast: int) -> bool:
    within = [i for i in range(len(buffers)) if i not in moved]
    if peak([buffers[i] for i in within], steps) > fast:
        return False
    return _aligned(_placed(buffers, within, steps)[1]) <= fast


def _placed(
    buffers: Sequence[Buffer], chosen: Sequence[int], steps: int
) -> tuple[dict[int, int], int]:
    """The offsets of some of the buffers, and the bytes that they take together."""
    if not chosen:
        return {}, 0
    these = [buffers[i] for i in chosen]
    found = place([these], [peak(these, steps)])
    return dict(zip(chosen, found.offsets, strict=True)), found.total


def _aligned(nbytes: int) -> int:
    return -(-nbytes // _ALIGNMENT) * _ALIGNMENT
