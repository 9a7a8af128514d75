"""In what order layers take their steps, when some values are handed on row by row.

A streamed value is never there as a whole: a row of it is made when somebody needs it. The layers
that streamed values connect run together, drawn by those of them whose results are kept whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from tinyforge.memory.network import FEED, Layer, Network
from tinyforge.ops.forms import Form


class Step(NamedTuple):
    """One step of a layer (an operator's index, or FEED), counted from 0."""

    layer: int
    number: int


@dataclass(frozen=True, eq=False)
class Schedule:
    """taken: the layer of each step, by its index. forms: how each layer runs, by its index.
    streamed: the values handed on row by row."""

    taken: Sequence[int]
    forms: Mapping[int, Form]
    streamed: frozenset[int]

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """How many steps each layer takes."""
        return Counter(self.taken)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        count = dict.fromkeys(self.forms, 0)
        steps = []
        for layer in self.taken:
            steps.append(Step(layer, count[layer]))
            count[layer] += 1
        return tuple(steps)


@dataclass(frozen=True)
class Segment:
    """Layers that streamed values connect, in order; one by itself where none do."""

    layers: tuple[Layer, ...]
    streamed: frozenset[int]


def segments(layers: Sequence[Layer], streamed: frozenset[int]) -> list[Segment]:
    """Layers, in segments as they run: each when its last layer does."""
    home = {layer.index: layer.index for layer in layers}

    def root(index: int) -> int:
        while home[index] != index:
            home[index] = index = home[home[index]]
        return index

    maker: dict[int, int] = {}
    for layer in layers:
        for v in streamed.intersection(layer.reads):
            home[root(layer.index)] = root(maker[v])
        maker |= dict.fromkeys(layer.makes, layer.index)
    together: dict[int, list[Layer]] = {}
    for layer in reversed(layers):
        together.setdefault(root(layer.index), []).append(layer)
    return [
        Segment(tuple(reversed(found)), streamed.intersection(v for x in found for v in x.makes))
        for found in reversed(together.values())
    ]


def schedule(network: Network, streamed: frozenset[int]) -> Schedule | None:
    """The steps of all layers. None where these values cannot be streamed together."""
    return _Scheduler(network, streamed).run()


class _Scheduler:
    """waits: for each layer the makers of what it reads: how many steps of the maker come before
    each of its own, and whether it can call for them. The latest maker first: it calls for rows of
    those before it that others read as well.
    """

    def __init__(self, network: Network, streamed: frozenset[int]) -> None:
        self.network = network
        self.streamed = streamed
        self.forms = {layer.index: network.form_of(layer, streamed) for layer in network.layers}
        self.position = {layer.index: i for i, layer in enumerate(network.layers)}
        self.waits = {layer.index: self._waits(layer) for layer in network.layers}
        self.made = dict.fromkeys(self.forms, 0)
        self.taken: list[int] = []

    def _waits(self, layer: Layer) -> list[tuple[int, Sequence[int], bool]]:
        form = self.forms[layer.index]
        makers = [(self.network.maker[v].index, v) for v in layer.reads if v in self.network.maker]
        makers.sort(key=lambda made: -self.position[made[0]])
        return [
            (maker, steps_needed(layer.taking(v, form), self.forms[maker]), v in self.streamed)
            for maker, v in makers
        ]

    def run(self) -> Schedule | None:
        if FEED in self.made:
            self._draw(FEED)  # its first row is what begins an inference
        for segment in segments(self.network.layers, self.streamed):
            if len(segment.layers) == 1:
                if not self._at_once(segment.layers[0].index):
                    return None
                continue
            # Those whose results are kept whole draw all others.
            sinks = [x.index for x in segment.layers if self.streamed.isdisjoint(x.makes)]
            counts = {self.forms[sink].steps for sink in sinks}
            if len(counts) != 1:
                return None
            for _ in range(self.made[sinks[0]], counts.pop()):
                if not all(map(self._draw, sinks)):
                    return None
        return Schedule(self.taken, self.forms, self.streamed)

    def _at_once(self, layer: int) -> bool:
        """All steps of a layer that draws no other; False where it lacks what it needs."""
        if any(self.made[maker] < max(needed) for maker, needed, _ in self.waits[layer]):
            return False
        rest = self.forms[layer].steps - self.made[layer]
        self.taken += [layer] * rest
        self.made[layer] += rest
        return True

    def _draw(self, sink: int) -> bool:
        """A layer's next step, and before it what that needs; False where that cannot be had."""
        made, waits = self.made, self.waits
        calls = [sink]
        while calls:
            layer = calls[-1]
            number = made[layer]
            for maker, needed, on_call in waits[layer]:
                if made[maker] < needed[number]:
                    if not on_call:
                        return False
                    calls.append(maker)
                    break
            else:
                self.taken.append(layer)
                made[layer] = number + 1
                calls.pop()
        return True


@lru_cache(maxsize=4096)
def steps_needed(reader: Form, maker: Form) -> tuple[int, ...]:
    """For each step of a reader, how many steps its input's maker must have taken."""
    finished, counts = 0, [0]  # counts[n]: steps until n rows are finished
    for step in range(maker.steps):
        finished = max(finished, maker.writes(step).stop)
        counts += [step + 1] * (finished + 1 - len(counts))
    needed = []
    for step in range(reader.steps):
        rows = reader.reads(step)
        stop = rows.stop if rows else 0
        needed.append(counts[-(-stop * maker.output_rows // reader.input_rows)])
    return tuple(needed)
