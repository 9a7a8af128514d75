"""Offsets for buffers, so that no two bytes that are alive at once lie on each other.

Two buffers may overlap where the rows of one die before those of the other are written: an output
may trail its input through memory. So what a pair of buffers forbids is a set of distances
between their beginnings. Placing each buffer in turn at the lowest offset that is allowed, and
promoting whatever ends highest, finds the optimum of nearly every model in a few rounds; where
that misses the lower bound, the other orders in which to place them are tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinyforge.memory.liveness import Buffer
from tinyforge.ops.forms import aligned

# Open intervals of distances, ascending: where one buffer may not begin, counted from another.
Forbidden = tuple[tuple[int, int], ...]

_ROUNDS = 150
_MAX_TRIES = 5_000  # beginnings of orders, of all choices together: some tenths of a second
_MAX_BRANCHED = 100  # buffers; the tries lead less far, the more there are


@dataclass(frozen=True)
class Placed:
    """The offset of each buffer of one of the choices, and the bytes that takes."""

    choice: int
    offsets: tuple[int, ...]
    total: int


def place(
    choices: Sequence[Sequence[Buffer]], bounds: Sequence[int], below: int = 2**63
) -> Placed | None:
    """Of several sets of buffers, the one that can be placed in the fewest bytes, and how.

    bounds: what no placement of each set needs less than. None where the searches find no total
    below so many bytes.
    """
    best = _Best(below, _MAX_TRIES)
    searches = [
        _Search(i, buffers, bound, best)
        for i, (buffers, bound) in enumerate(zip(choices, bounds, strict=True))
    ]
    for search in searches:
        search.promote()
    for search in searches:
        search.try_all()
    return best.found


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


@dataclass
class _Best:
    """What the searches share. total: what they have to beat. tries: how many are left."""

    total: int
    tries: int
    found: Placed | None = None


class _Search:
    """Of one set of buffers. Offsets are by a buffer's position in it."""

    def __init__(self, choice: int, buffers: Sequence[Buffer], bound: int, best: _Best) -> None:
        self.choice = choice
        self.buffers = buffers
        self.bound = bound
        self.best = best

    @property
    def done(self) -> bool:
        return self.best.total <= self.bound or self.best.tries <= 0

    @cached_property
    def forbidden(self) -> Mapping[tuple[int, int], Forbidden]:
        everyone = range(len(self.buffers))
        return {
            (i, j): forbidden(self.buffers[i], self.buffers[j])
            for i in everyone
            for j in everyone
            if i != j
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
            seen: set[tuple[int, ...]] = set()
            while not self.done and tuple(order) not in seen and len(seen) < _ROUNDS:
                seen.add(tuple(order))
                offsets: dict[int, int] = {}
                for i in order:
                    offsets[i] = self.lowest_free(i, offsets)
                self.keep(offsets)
                highest = max(order, key=lambda i: self.end(i, offsets))
                order.remove(highest)
                order.insert(0, highest)

    def try_all(self) -> None:
        """Every order, the latest first, as far as the tries go."""
        if not self.done and len(self.buffers) <= _MAX_BRANCHED:
            _, latest_first, _ = self.orders()
            self.branch({}, dict.fromkeys(latest_first, 0), frozenset())

    def branch(self, offsets: Mapping[int, int], free: Mapping[int, int], tried: Set[int]) -> None:
        """What can follow an order's beginning, but for what cannot beat the best.

        free: the lowest free offset of each buffer that waits; others can only move it up. tried:
        those of them that have come next already. What has come since did not move them, so all
        that follows them now has been seen.
        """
        self.best.tries -= 1
        if not free:
            self.keep(offsets)
        for i in free:
            if self.done:
                return
            if any(self.end(j, free) >= self.best.total for j in free):
                return
            if i not in tried:
                after = {**offsets, i: free[i]}
                rest = {j: self.lowest_free(j, after) for j in free if j != i}
                self.branch(after, rest, {j for j in tried if rest[j] == free[j]})
                tried = tried | {i}

    def end(self, i: int, offsets: Mapping[int, int]) -> int:
        return offsets[i] + self.buffers[i].nbytes

    def keep(self, offsets: Mapping[int, int]) -> None:
        total = max((self.end(i, offsets) for i in offsets), default=0)
        if total < self.best.total:
            everyone = range(len(self.buffers))
            self.best.total = total
            self.best.found = Placed(self.choice, tuple(offsets[i] for i in everyone), total)

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
