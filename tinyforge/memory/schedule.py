"""In what order layers take their steps, when some values are handed on row by row.

A streamed value is never there as a whole: a row of it is made when somebody needs it. The layers
that streamed values connect run together, drawn by those of them whose results are kept whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from tinyforge.memory.network import FEED, Layer, Network
from tinyforge.ops.forms import Form


class Step(NamedTuple):
    """One step of a layer (an operator's index, or FEED), counted from 0."""

    layer: int
    number: int


@dataclass(frozen=True)
class Schedule:
    """forms: how each layer runs, by its index. streamed: the values handed on row by row."""

    steps: tuple[Step, ...]
    forms: Mapping[int, Form]
    streamed: frozenset[int]


def schedule(network: Network, streamed: frozenset[int]) -> Schedule | None:
    """The steps of all layers. None where these values cannot be streamed together."""
    return _Scheduler(network, streamed).run()


class _Scheduler:
    def __init__(self, network: Network, streamed: frozenset[int]) -> None:
        self.network = network
        self.streamed = streamed
        self.forms = {layer.index: network.form_of(layer, streamed) for layer in network.layers}
        self.waits = {layer.index: self._waits(layer) for layer in network.layers}
        self.made = dict.fromkeys(self.forms, 0)
        self.steps: list[Step] = []

    def _waits(self, layer: Layer) -> list[list[tuple[Layer, int, bool]]]:
        """For each step: how many steps of which layers come first, and if it can call for them.

        The latest layer first: it calls for rows of those before it that others read as well.
        """
        waits: list[list[tuple[Layer, int, bool]]] = [[] for _ in range(self._count(layer))]
        position = {other.index: i for i, other in enumerate(self.network.layers)}
        values = [v for v in layer.reads if v in self.network.maker]
        for v in sorted(values, key=lambda v: -position[self.network.maker[v].index]):
            maker = self.network.maker[v]
            taking = layer.taking(v, self.forms[layer.index])
            needed = steps_needed(taking, self.forms[maker.index])
            for wait, count in zip(waits, needed, strict=True):
                wait.append((maker, count, v in self.streamed))
        return waits

    def _count(self, layer: Layer) -> int:
        return self.forms[layer.index].steps

    def run(self) -> Schedule | None:
        if FEED in self.made:
            self._take(self.network.layers[0])  # its first row is what begins an inference
        for sinks in self._segments():
            if len({self._count(layer) for layer in sinks}) != 1:
                return None
            for _ in range(self.made[sinks[0].index], self._count(sinks[0])):
                if not all(self._take(layer) for layer in sinks):
                    return None
        return Schedule(tuple(self.steps), self.forms, self.streamed)

    def _take(self, layer: Layer) -> bool:
        """The layer's next step, and before it what that needs; False where that cannot be had."""
        number = self.made[layer.index]
        for maker, count, on_call in self.waits[layer.index][number]:
            while self.made[maker.index] < count:
                if not (on_call and self._take(maker)):
                    return False
        self.steps.append(Step(layer.index, number))
        self.made[layer.index] = number + 1
        return True

    def _segments(self) -> Iterable[list[Layer]]:
        """Layers whose results stay whole, those that streams connect together, in order."""
        home = {layer.index: layer.index for layer in self.network.layers}

        def root(index: int) -> int:
            while home[index] != index:
                index = home[index]
            return index

        for v in self.streamed:
            maker = root(self.network.maker[v].index)
            for reader in self.network.readers[v]:
                home[root(reader.index)] = maker
        segments: dict[int, list[Layer]] = {}
        for layer in reversed(self.network.layers):  # a segment runs when its last layer does
            sinks = segments.setdefault(root(layer.index), [])
            if self.streamed.isdisjoint(layer.makes):
                sinks.insert(0, layer)
        return reversed(segments.values())


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
