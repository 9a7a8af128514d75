"""Which values to hand on row by row, so that the least memory is alive at once.

Streaming a value saves its bytes but keeps the layers around it busy together, with a ring of rows
between each two of them. Chains that pay are found by trying: each single value, and each run of
neighbours, as long as something improves.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinyforge.memory.liveness import buffers, peak
from tinyforge.memory.network import Network
from tinyforge.memory.schedule import schedule

Streams = frozenset[int]

_MAX_STEPS = 400_000  # of all schedules tried, some seconds


def candidates(network: Network) -> list[Streams]:
    """Sets of values to stream, the least peak first; of equal peaks, the fewest values."""
    search = _Search(network)
    for start in (frozenset[int](), frozenset(network.streamable)):
        search.improve(start)
    return sorted(search.peaks, key=lambda s: (search.peaks[s], len(s), sorted(s)))


class _Search:
    """peaks: bytes alive at the worst step, for each set that was tried and can run."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.peaks: dict[Streams, int] = {}
        self.failed: set[Streams] = set()
        self.budget = _MAX_STEPS

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

    def cost(self, streams: Streams) -> tuple[int, int]:
        """Peak, number of values; a peak beyond all others for a set that cannot run."""
        if streams not in self.peaks and streams not in self.failed and self.budget > 0:
            self._try(streams)
        return self.peaks.get(streams, 2**63), len(streams)

    def _try(self, streams: Streams) -> None:
        planned = schedule(self.network, streams)
        if planned is None:
            self.failed.add(streams)
            return
        self.budget -= len(planned.steps)
        self.peaks[streams] = peak(buffers(self.network, planned), len(planned.steps))
