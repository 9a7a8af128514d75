"""Which values to hand on row by row, so that the least memory is alive at once.

Streaming a value saves its bytes but keeps the layers around it busy together, with a ring of rows
between each two of them. Where there are few values, every set of them is tried. Else the layers
are cut into stretches within which all is streamed, by dynamic programming over the cuts: what a
stretch needs does not depend on where the others are cut. The best cuts are then improved value by
value, where that pays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, product

from tinyforge.memory.costs import Cost, Costs, Streams, exact_cost
from tinyforge.memory.network import Network
from tinyforge.memory.progress import Tell, ignored

_MAX_VALUES = 10  # of which every set is tried,
_MAX_TRIED = 800_000  # if that is no more work than this
_MAX_WORK = 400_000  # of a search; units as in costs.py, some tenths of a second
_PLACED = 3  # sets of either kind that are worth placing
_GROWTH = 1.25  # of the bytes with which cuts are looked for, from one try to the next


@dataclass(frozen=True)
class Candidates:
    """sets: of values to stream, worth placing: of those with the least peak the ones of fewest
    values, which cost least code, then the ones whose buffers are least together, which are easier
    to place.

    least: bytes that any set needs at its worst step, where every set was tried; else None.
    """

    sets: tuple[Streams, ...]
    least: int | None


def candidates(network: Network, progress: Tell = ignored) -> Candidates:
    costs = _all_sets(network, progress)
    least = min(costs.values()).peak if costs else None
    costs = costs or _searched(network, progress)
    fewest = sorted(costs, key=lambda s: (costs[s].peak, costs[s].values, sorted(s)))
    easiest = sorted(costs, key=lambda s: (costs[s], sorted(s)))
    sets = dict.fromkeys((*fewest[:_PLACED], *easiest[:_PLACED]))
    return Candidates(tuple(sets), least)


def _all_sets(network: Network, progress: Tell) -> Mapping[Streams, Cost]:
    """Of every set that can run, what it costs; none where there are too many."""
    values = network.streamable
    steps = sum(layer.form.steps for layer in network.layers)
    if len(values) > _MAX_VALUES or 2 ** len(values) * (500 + steps) > _MAX_TRIED:
        return {}
    costs = {}
    for i, chosen in enumerate(product((False, True), repeat=len(values))):
        streams = frozenset(compress(values, chosen))
        cost = exact_cost(network, streams)
        if cost is not None:
            costs[streams] = cost
        progress(i / 2 ** len(values))
    return costs


def _searched(network: Network, progress: Tell) -> Mapping[Streams, Cost]:
    """Of some sets that can run, among them good ones, what they cost."""
    costs = Costs(network, lambda work: progress(work / (2 * _MAX_WORK)))
    whole = costs.of(frozenset())
    assert whole is not None, "layers can run one after the other"
    found = {frozenset[int](): whole}
    for start in _Cuts(costs).best(whole.peak):
        _improve(costs, start, found)
    return found


def _improve(costs: Costs, best: Streams, found: dict[Streams, Cost]) -> None:
    """From one set to better ones, a value more or less, till there is none."""

    def cost(streams: Streams) -> Cost:
        if streams not in found:
            tried = costs.of(streams)
            if tried is None:
                return Cost(2**63, 0, 0)
            found[streams] = tried
        return found[streams]

    improved = True
    while improved:
        improved = False
        for v in costs.network.streamable:
            if costs.work > 2 * _MAX_WORK:
                return
            if cost(best ^ {v}) < cost(best):
                best, improved = best ^ {v}, True


@dataclass
class _Stretches:
    """Those of layers that begin at one of them. by_end: what can run. end: how far it was tried.

    within: bytes alive in the last one but for what is needed after it: longer ones need no less.
    """

    end: int
    by_end: dict[int, tuple[Streams, Cost]] = field(default_factory=dict)
    within: int = 0


class _Cuts:
    """Positions in the order of layers, 0 to their number."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self.count = len(costs.network.layers)
        self.from_layer = [_Stretches(begin) for begin in range(self.count)]

    def best(self, enough: int) -> Iterator[Streams]:
        """What is streamed between the cuts of least peak, with the fewest values, then bytes; and
        the other way round. enough: bytes with which layers can run one after the other."""
        limit = min(enough, max(self.costs.alive_before(0), self.costs.alive_before(self.count)))
        while (peak := self.least_peak(limit)) is None:
            limit = min(enough, max(limit + 1, int(limit * _GROWTH)))
        for weight in (lambda c: (c.values, c.together), lambda c: (c.together, c.values)):
            yield self.lightest(peak, weight)

    def stretches(self, begin: int, limit: int) -> Iterator[tuple[int, Streams, Cost]]:
        """Those that need no more bytes than the limit: end, what is streamed, cost."""
        known = self.from_layer[begin]
        while known.within <= limit and known.end < self.count:
            if known.end > begin and self.costs.work > _MAX_WORK:
                break
            self._extend(begin, known)
        for end, (streams, cost) in known.by_end.items():
            if cost.peak <= limit:
                yield end, streams, cost

    def _extend(self, begin: int, known: _Stretches) -> None:
        known.end += 1
        streams = self.costs.streamable_within(begin, known.end)
        cost = self.costs.of_part(begin, known.end, streams)
        if cost is not None:
            known.by_end[known.end] = streams, cost
            known.within = cost.peak - self.costs.alive_before(known.end)
        if not self.costs.streamable_across(begin, known.end):
            known.within = 2**63

    def least_peak(self, limit: int) -> int | None:
        """Of all cuts that need no more than the limit."""
        least: list[int | None] = [0, *[None] * self.count]
        for begin in range(self.count):
            before = least[begin]
            if before is None:
                continue
            for end, _, cost in self.stretches(begin, limit):
                peak, known = max(before, cost.peak), least[end]
                least[end] = peak if known is None else min(known, peak)
        return least[-1]

    def lightest(self, limit: int, weight: Callable[[Cost], tuple[int, int]]) -> Streams:
        """What is streamed between the cuts within the limit whose weights together are least."""
        paths: list[tuple[tuple[int, int], Streams] | None] = [((0, 0), frozenset())]
        paths += [None] * self.count
        for begin in range(self.count):
            path = paths[begin]
            if path is None:
                continue
            for end, streams, cost in self.stretches(begin, limit):
                a, b = weight(cost)
                total, known = (path[0][0] + a, path[0][1] + b), paths[end]
                if known is None or total < known[0]:
                    paths[end] = total, path[1] | streams
        last = paths[-1]
        assert last is not None, "there are cuts within the limit"
        return last[1]
