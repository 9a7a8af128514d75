"""Offsets for buffers, so that no two bytes that are alive at once lie on each other.

Two buffers may overlap where the rows of one die before those of the other are written: an output
may trail its input through memory. So what a pair of buffers forbids is a set of distances
between their beginnings. Placing each buffer in turn at the lowest offset that is allowed, and
promoting whatever ends highest, finds the optimum of nearly every model in a few rounds; where
that misses the lower bound, branch and bound, which proves its result when it finishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinyforge.memory.liveness import Buffer
from tinyforge.ops.forms import aligned

# Open intervals of distances, ascending: where one buffer may not begin, counted from another.
Forbidden = tuple[tuple[int, int], ...]

_ROUNDS = 150
_MAX_NODES = 50_000
_MAX_EXACT = 20  # buffers; beyond, branch and bound does not finish anyway


def place(buffers: Sequence[Buffer], bound: int) -> list[int]:
    """An offset a buffer, with the smallest total that the searches find. bound: stop there."""
    search = _Search(buffers, bound)
    search.promote()
    if search.best_total > bound and len(buffers) <= _MAX_EXACT:
        search.branch(search.orders()[0], {})
    return [search.best[i] for i in range(len(buffers))]


def forbidden(a: Buffer, b: Buffer) -> Forbidden:
    """Distances from the beginning of a at which b may not begin."""
    first, second = a.rows, b.rows
    together = (first.first[:, None] <= second.last) & (second.first <= first.last[:, None])
    i, j = np.nonzero(together)
    low = i * first.nbytes - (j + 1) * second.nbytes
    high = (i + 1) * first.nbytes - j * second.nbytes
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


class _Search:
    """The best placement so far: best maps a buffer's position to its offset."""

    def __init__(self, buffers: Sequence[Buffer], bound: int) -> None:
        self.buffers = buffers
        self.bound = bound
        self.best: Mapping[int, int] = {}
        self.best_total = 2**63
        self.nodes = 0
        everyone = range(len(buffers))
        self.forbidden = {
            (i, j): forbidden(buffers[i], buffers[j]) for i in everyone for j in everyone if i != j
        }

    def orders(self) -> list[list[int]]:
        """Largest first, the usual greedy order; latest first, since what trails its input lies
        below it; earliest first."""
        everyone = range(len(self.buffers))
        begin = [int(b.rows.first.min()) for b in self.buffers]
        return [
            sorted(everyone, key=lambda i: (-self.buffers[i].nbytes, begin[i])),
            sorted(everyone, key=lambda i: -begin[i]),
            sorted(everyone, key=lambda i: begin[i]),
        ]

    def promote(self) -> None:
        """Place, move the buffer that ended highest to the front, repeat."""
        for order in self.orders():
            seen = set()
            for _ in range(_ROUNDS):
                offsets: dict[int, int] = {}
                for i in order:
                    offsets[i] = self.lowest_free(i, offsets)
                self.keep(offsets)
                if self.best_total <= self.bound:
                    return
                highest = max(order, key=lambda i: self.end(i, offsets))
                order.remove(highest)
                order.insert(0, highest)
                if tuple(order) in seen:
                    break
                seen.add(tuple(order))

    def branch(self, waiting: list[int], offsets: dict[int, int]) -> None:
        """Every order, but for those that cannot beat the best."""
        self.nodes += 1
        if max((self.end(i, offsets) for i in offsets), default=0) >= self.best_total:
            return
        if not waiting:
            self.keep(offsets)
        for i in waiting:
            rest = [j for j in waiting if j != i]
            self.branch(rest, {**offsets, i: self.lowest_free(i, offsets)})
            if self.best_total <= self.bound or self.nodes > _MAX_NODES:
                return

    def end(self, i: int, offsets: Mapping[int, int]) -> int:
        return offsets[i] + self.buffers[i].nbytes

    def keep(self, offsets: Mapping[int, int]) -> None:
        total = max((self.end(i, offsets) for i in offsets), default=0)
        if total < self.best_total:
            self.best, self.best_total = offsets, total

    def lowest_free(self, i: int, offsets: Mapping[int, int]) -> int:
        taken = sorted(
            (begin + low, begin + high)
            for j, begin in offsets.items()
            for low, high in self.forbidden[j, i]
        )
        offset = 0
        for low, high in taken:
            if low >= offset:
                break
            if offset < high:
                offset = aligned(high)
        return offset
