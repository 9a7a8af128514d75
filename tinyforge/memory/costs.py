"""What it costs to stream a set of values: exactly, or segment by segment, each worked out once.

Layers that streamed values connect run together, in a segment. Of the others it sees only which
whole values are there before it, and which are needed after it. So a change of the set costs the
work of the segments that it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from tinyforge.memory.liveness import buffers, peak
from tinyforge.memory.network import FEED, Network
from tinyforge.memory.schedule import Segment, schedule, segments

Streams = frozenset[int]

_SEGMENT_WORK = 500  # of a segment, whatever its steps
_VALUE_WORK = 8  # of a value, where the segments are known


class Cost(NamedTuple):
    """Bytes alive at the worst step, bytes of all buffers, number of values that are streamed."""

    peak: int
    together: int
    values: int


def exact_cost(network: Network, streams: Streams) -> Cost | None:
    """None for values that cannot be streamed together."""
    planned = schedule(network, streams)
    if planned is None:
        return None
    every = buffers(network, planned)
    return Cost(peak(every, len(planned.taken)), sum(b.nbytes for b in every), len(streams))


class Costs:
    """Of the sets of one network; never less than exactly: what is needed later is taken to be
    needed as a whole.

    work: what has been done so far, in steps of layers, about a microsecond each; told.
    """

    def __init__(self, network: Network, tell: Callable[[int], None] = lambda _: None) -> None:
        self.network = _with_variables_kept(network)
        self.work = 0
        self._tell = tell
        self._known: dict[tuple[Segment, Streams], tuple[int, int] | None] = {}
        count = len(network.layers)
        position = {layer.index: i for i, layer in enumerate(network.layers)}
        # Where in the order of layers a value is made, and where it is read last.
        self._made = {v: position[maker.index] for v, maker in network.maker.items()}
        self._last = {
            v: count
            if v in network.outputs
            else max((position[reader.index] for reader in network.readers[v]), default=-1)
            for v in network.nbytes
        }
        self._alive = [0] * (count + 1)
        for v, nbytes in network.nbytes.items():
            for i in range(self._made.get(v, -1) + 1, self._last[v] + 1):
                self._alive[i] += nbytes

    def alive_before(self, position: int) -> int:
        """Bytes of the values that are made before a layer, and needed by it or later."""
        return self._alive[position]

    def streamable_within(self, begin: int, end: int) -> Streams:
        """Values that layers next to each other hand on to none but each other."""
        return frozenset(
            v for v in self.network.streamable if begin <= self._made[v] and self._last[v] < end
        )

    def streamable_across(self, begin: int, end: int) -> bool:
        """Whether some value of a stretch of layers could be handed on to the layers behind it."""
        return any(begin <= self._made[v] < end <= self._last[v] for v in self.network.streamable)

    def of(self, streams: Streams) -> Cost | None:
        """None for values that cannot be streamed together."""
        found = self.of_part(0, len(self.network.layers), streams)
        if found is None:
            return None
        before = sum(self.network.nbytes[v] for v in self.network.inputs)
        return Cost(max(found.peak, before), found.together + before, found.values)

    def of_part(self, begin: int, end: int, streams: Streams) -> Cost | None:
        """Of layers next to each other, none of whose streams leads out of them.

        peak: with what is alive during their time and is not theirs. together: without what is
        there before.
        """
        layers = self.network.layers[begin:end]
        parts = segments(layers, streams)
        turn = {layer.index: i for i, part in enumerate(parts) for layer in part.layers}
        # Bytes alive during each part, but for what it touches: first how many more than before it.
        crossing = [0] * (len(parts) + 1)
        needed: list[set[int]] = [set() for _ in parts]  # what it touches and others need later
        touched = {v for layer in layers for v in (*layer.reads, *layer.makes)} - streams
        there = self._alive[begin]
        self._did(_VALUE_WORK * len(touched))
        for v in touched:
            first = turn[self.network.maker[v].index] if self._made.get(v, -1) >= begin else -1
            used = {turn[r.index] for r in self.network.readers[v] if r.index in turn}
            if any(i < first for i in used):
                return None
            if first < 0:
                there -= self.network.nbytes[v]
            stop = len(parts) if self._last[v] >= end else max(used, default=first)
            crossing[max(0, first)] += self.network.nbytes[v]
            crossing[max(0, first, stop)] -= self.network.nbytes[v]
            for i in used | {first}:
                if 0 <= i < stop:
                    needed[i].add(v)
                    crossing[i] -= self.network.nbytes[v]
                    crossing[i + 1] += self.network.nbytes[v]
        if fed := turn.get(FEED, 0):
            crossing[0] += self._fed_row()
            crossing[fed] -= self._fed_row()
        peaks, together = [0], 0
        for part, after, others in zip(parts, needed, accumulate(crossing), strict=False):
            alone = self._alone(part, frozenset(after))
            if alone is None:
                return None
            peaks.append(alone[0] + there + others)
            together += alone[1]
        return Cost(max(peaks), together, len(streams))

    def _alone(self, segment: Segment, needed: Streams) -> tuple[int, int] | None:
        """The bytes alive at a segment's worst step; of the buffers that it begins."""
        key = (segment, needed)
        if key not in self._known:
            self._known[key] = self._worked_out(segment, needed)
        return self._known[key]

    def _worked_out(self, segment: Segment, needed: Streams) -> tuple[int, int] | None:
        part = self.network.part(segment.layers, needed)
        planned = schedule(part, segment.streamed)
        self._did(_SEGMENT_WORK)
        if planned is None:
            return None
        self._did(len(planned.taken))
        every = buffers(part, planned)
        there = {(v,) for v in part.inputs}
        begun = sum(b.nbytes for b in every if b.values[:1] not in there)
        return peak(every, len(planned.taken), since=0), begun

    def _did(self, work: int) -> None:
        self.work += work
        self._tell(self.work)

    def _fed_row(self) -> int:
        feed = self.network.layers[0]
        return self.network.nbytes[feed.makes[0]] // feed.form.output_rows


def _with_variables_kept(network: Network) -> Network:
    """A variable is alive throughout, and what becomes of it has its bytes."""
    kept = frozenset(network.becomes.values())
    nbytes = {v: 0 if v in network.becomes else n for v, n in network.nbytes.items()}
    return replace(network, nbytes=nbytes, outputs=network.outputs | kept, becomes={}, homes={})
