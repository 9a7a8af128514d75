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

from tinyforge.memory.liveness import Buffer, Numbers, Rows
from tinyforge.memory.progress import Tell, ignored
from tinyforge.ops.forms import aligned

# Open intervals of distances, ascending: where one buffer may not begin, counted from another.
Forbidden = tuple[tuple[int, int], ...]

_ROUNDS = 40
_MAX_LOOKS = 300_000  # at two buffers, of all choices together: some tenths of a second
_MOST_PAIRS = 2**20  # of rows of two buffers that are looked at one by one
_MAX_BRANCHED = 100  # buffers; the tries lead less far, the more there are


@dataclass(frozen=True)
class Placed:
    """The offset of each buffer of one of the choices, and the bytes that takes."""

    choice: int
    offsets: tuple[int, ...]
    total: int


def place(
    choices: Sequence[Sequence[Buffer]], bounds: Sequence[int], progress: Tell = ignored
) -> Placed:
    """Of several sets of buffers, the one that can be placed in the fewest bytes, and how.

    bounds: what no placement of each set needs less than.
    """
    best = _Best(_MAX_LOOKS, progress)
    searches = [
        _Search(i, buffers, bound, best)
        for i, (buffers, bound) in enumerate(zip(choices, bounds, strict=True))
    ]
    for search in searches:
        search.promote()
    for search in searches:
        search.try_all()
    assert best.found is not None, "the first order is placed, whatever that takes"
    return best.found


def forbidden(a: Buffer, b: Buffer) -> Forbidden:
    """Distances from the beginning of a at which b may not begin."""
    if max(a.full.start, b.full.start) < min(a.full.stop, b.full.stop):
        return ((-b.nbytes, a.nbytes),)  # all of one is alive with all of the other
    first, second = a.rows, b.rows
    if len(first.first) * len(second.first) > _MOST_PAIRS:
        first, second = _widened(first), _widened(second)
    every = _in_order if _ordered(first) and _ordered(second) else _in_any_order
    low, high = every(first, second)
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        if merged and begin < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _ordered(rows: Rows) -> bool:
    """Whether rows are written in order, and read last in order."""
    return all(bool((t[1:] >= t[:-1]).all()) for t in (rows.first, rows.last))


def _widened(rows: Rows) -> Rows:
    """The same rows, alive for longer where they are not ordered."""
    first = np.minimum.accumulate(rows.first[::-1])[::-1]
    return Rows(rows.nbytes, first, np.maximum.accumulate(rows.last))


def _in_order(first: Rows, second: Rows) -> tuple[Numbers, Numbers]:
    """For each row of the first the distances at which some row of the second would lie on it.

    Those that are alive with it follow each other, so the distances do."""
    i = np.arange(len(first.first))
    begin = np.searchsorted(second.last, first.first)
    end = np.searchsorted(second.first, first.last, side="right")
    i, begin, end = (x[begin < end] for x in (i, begin, end))
    return i * first.nbytes - end * second.nbytes, (i + 1) * first.nbytes - begin * second.nbytes


def _in_any_order(first: Rows, second: Rows) -> tuple[Numbers, Numbers]:
    """The same for each two rows."""
    together = (first.first[:, None] <= second.last) & (second.first <= first.last[:, None])
    i, j = np.nonzero(together)
    return i * first.nbytes - (j + 1) * second.nbytes, (i + 1) * first.nbytes - j * second.nbytes


@dataclass
class _Best:
    """What the searches share. looks: how many are left. total: what they have to beat."""

    looks: int
    progress: Tell
    total: int = 2**63
    found: Placed | None = None

    def look(self, count: int) -> None:
        self.looks -= count
        self.progress(1 - self.looks / _MAX_LOOKS)


class _Search:
    """Of one set of buffers. Offsets are by a buffer's position in it."""

    def __init__(self, choice: int, buffers: Sequence[Buffer], bound: int, best: _Best) -> None:
        self.choice = choice
        self.buffers = buffers
        self.bound = bound
        self.best = best

    @property
    def done(self) -> bool:
        return self.best.total <= self.bound or self.best.looks <= 0

    @cached_property
    def rivals(self) -> Sequence[Mapping[int, Forbidden]]:
        """For each buffer those alive with it, and the distances from their beginnings that are
        forbidden to it."""
        found: list[dict[int, Forbidden]] = [{} for _ in self.buffers]
        alive: list[int] = []
        for i in self.orders()[2]:
            b = self.buffers[i]
            alive = [j for j in alive if self.buffers[j].alive.stop > b.alive.start]
            for j in alive:
                if distances := forbidden(self.buffers[j], b):
                    found[i][j] = distances
                    found[j][i] = tuple((-high, -low) for low, high in reversed(distances))
            alive.append(i)
        return found

    def orders(self) -> list[list[int]]:
        """Largest first, the usual greedy order; latest first, since what trails its input lies
        below it; earliest first."""
        everyone = range(len(self.buffers))
        begin = [b.alive.start for b in self.buffers]
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
        """Every order, the latest first, as far as the looks last."""
        if not self.done and len(self.buffers) <= _MAX_BRANCHED:
            _, latest_first, _ = self.orders()
            self.branch({}, dict.fromkeys(latest_first, 0), frozenset())

    def branch(self, offsets: Mapping[int, int], free: Mapping[int, int], tried: Set[int]) -> None:
        """What can follow an order's beginning, but for what cannot beat the best.

        free: the lowest free offset of each buffer that waits; others can only move it up. tried:
        those of them that have come next already. What has come since did not move them, so all
        that follows them now has been seen.
        """
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
        self.best.look(1 + len(self.rivals[i]))
        taken = sorted(
            (offsets[j] + low, offsets[j] + high)
            for j, distances in self.rivals[i].items()
            if j in offsets
            for low, high in distances
        )
        offset = 0
        for low, high in taken:
            if low >= offset:
                break
            if offset < high:
                offset = aligned(high)
        return offset
