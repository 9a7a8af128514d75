"""Which values to hand on row by row, so that the least memory is alive at once.

Streaming a value saves its bytes but keeps the layers around it busy together, with a ring of rows
between each two of them. Where there are few values, every set of them is tried. Else those that
pay are found by changing one set into a better one: each single value, and each run of neighbours,
as long as something improves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, product
from typing import NamedTuple

from tinyforge.memory.liveness import buffers, peak
from tinyforge.memory.network import Network
from tinyforge.memory.schedule import schedule

Streams = frozenset[int]

_MAX_STEPS = 400_000  # of all schedules tried, some seconds; a step a layer where there is none
_PLACED = 6  # sets of either kind that are worth placing
_MAX_VALUES = 10  # of which every set is tried, a few tenths of a second


class Cost(NamedTuple):
    """Bytes alive at the worst step, bytes of all buffers, number of values that are streamed."""

    peak: int
    together: int
    values: int


@dataclass(frozen=True)
class Candidates:
    """sets: of values to stream, worth placing: of those with the least peak the ones of fewest
    values, which cost least code, then the ones whose buffers are least together, which are easier
    to place.

    least: bytes that any set needs at its worst step, where every set was tried; else None.
    """

    sets: tuple[Streams, ...]
    least: int | None


def candidates(network: Network) -> Candidates:
    search = _Search(network)
    tried_all = search.try_all()
    if not tried_all:
        for start in (frozenset[int](), frozenset(network.streamable)):
            search.improve(start)
    costs = search.costs
    fewest = sorted(costs, key=lambda s: (costs[s].peak, costs[s].values, sorted(s)))
    easiest = sorted(costs, key=lambda s: (costs[s], sorted(s)))
    sets = dict.fromkeys((*fewest[:_PLACED], *easiest[:_PLACED]))
    return Candidates(tuple(sets), costs[easiest[0]].peak if tried_all else None)


class _Search:
    """costs: of each set that was tried and can run."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.costs: dict[Streams, Cost] = {}
        self.failed: set[Streams] = set()
        self.budget = _MAX_STEPS

    def try_all(self) -> bool:
        """Every set, unless there are too many, or time is up."""
        values = self.network.streamable
        if len(values) > _MAX_VALUES:
            return False
        for chosen in product((False, True), repeat=len(values)):
            self.cost(frozenset(compress(values, chosen)))
        return self.budget > 0

    def improve(self, best: Streams) -> None:
        """From one set to better ones, till there is none, or time is up."""
        while self.budget > 0:
            before = self.cost(best)
            for changed in self._neighbours(best):
                if self.cost(changed) < self.cost(best):
                    best = changed
            if self.cost(best) == before:
                return

    def _neighbours(self, streams: Streams) -> Iterator[Streams]:
        values = self.network.streamable
        for v in values:
            yield streams ^ {v}
        for length in range(2, len(values) + 1):
            for i in range(len(values) - length + 1):
                run = values[i : i + length]
                yield streams.union(run)
                yield streams.difference(run)

    def cost(self, streams: Streams) -> Cost:
        """What it costs; beyond all others for a set that cannot run."""
        if streams not in self.costs and streams not in self.failed and self.budget > 0:
            self._try(streams)
        return self.costs.get(streams, Cost(2**63, 0, 0))

    def _try(self, streams: Streams) -> None:
        planned = schedule(self.network, streams)
        self.budget -= len(planned.steps if planned else self.network.layers)
        if planned is None:
            self.failed.add(streams)
            return
        every = buffers(self.network, planned)
        together = sum(b.nbytes for b in every)
        self.costs[streams] = Cost(peak(every, len(planned.steps)), together, len(streams))
