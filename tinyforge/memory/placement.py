"""Offsets for buffers with known lifetimes.

Each buffer in turn goes to the lowest offset that is free for its whole life, so a placement is
an order of the buffers, and some order gives an optimal one. Two searches over orders: promote
whichever buffer ended highest, again and again, which solves nearly every model in a few rounds;
where that misses the lower bound, branch and bound, which proves its result when it finishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyforge.memory.lifetimes import Buffer, aligned

_ROUNDS = 500
_MAX_NODES = 50_000
_MAX_EXACT = 20  # buffers; beyond, branch and bound does not finish anyway


def place(buffers: Sequence[Buffer], bound: int) -> list[int]:
    """An offset a buffer, with the smallest total that the searches find. bound: stop there."""
    search = _Search(buffers, bound)
    search.promote()
    if search.best_total > bound and len(buffers) <= _MAX_EXACT:
        search.branch(search.by_size(), {})
    return [search.best[i] for i in range(len(buffers))]


class _Search:
    """The best placement so far: best maps a buffer's position to its offset."""

    def __init__(self, buffers: Sequence[Buffer], bound: int) -> None:
        self.buffers = buffers
        self.bound = bound
        self.best: Mapping[int, int] = {}
        self.best_total = 2**63
        self.nodes = 0

    def by_size(self) -> list[int]:
        """Largest first: the usual greedy order."""
        return sorted(
            range(len(self.buffers)), key=lambda i: (-self.buffers[i].nbytes, self.buffers[i].first)
        )

    def promote(self) -> None:
        """Place, move the buffer that ended highest to the front, repeat."""
        order = self.by_size()
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
        buffer = self.buffers[i]
        offset = 0
        for begin, j in sorted((o, j) for j, o in offsets.items()):
            if not buffer.overlaps(self.buffers[j]):
                continue
            if offset + buffer.nbytes <= begin:
                break
            offset = max(offset, aligned(self.end(j, offsets)))
        return offset
