"""The order of operators that needs the least memory at its worst step.

A minimax search over the sets of operators already run, level by level. What is alive depends on
that set alone, not on how it was reached, so every set is visited once; chains have as many sets
as operators. Sets of operators and of values are bits of an integer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinyforge.graph import Graph, Operator
from tinyforge.memory.lowered import LoweredGraph
from tinyforge.memory.network import (
    awaited,
    homes,
    is_alias,
    next_values,
    read_by,
    sharable,
    units_of,
)
from tinyforge.ops.chains import Chain
from tinyforge.ops.forms import ALIGNMENT, aligned

# Tries of an operator after a set, before only the best sets are kept; and some tenths of a second
# of them, before the rest runs in the graph's own order.
_MAX_TRIES, _MOST_TRIES = 10_000, 40_000
_WIDTH, _WIDTH_AFTERWARDS = 5_000, 8


def best_order(lowered: LoweredGraph) -> tuple[int, ...]:
    """Operator indices in the order to run, were each tensor kept whole. Chains run at once.

    In a graph with very many parallel branches only the most promising sets are followed, and not
    to the end.
    """
    graph, joined = lowered.graph, lowered.chains
    path = []
    for index in _Search(graph, joined).run():
        chain = joined.get(index)
        path += [op.index for op in chain.operators] if chain else [index]
    return _with_aliases(graph, path)


@dataclass(frozen=True)
class _Step:
    """An operator with code, or a chain. needs: those before it. reads, makes: values, as bits.

    over: for each output, the values on which it may lie, if they die here.
    """

    index: int
    needs: int
    reads: int
    makes: int
    over: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _State:
    """After a set of operators has run: the least worst step, the way there, what is alive.

    nbytes: of what is alive, each value's aligned. ready: what can run next, in order.
    """

    peak: int
    path: tuple[int, ...]
    alive: int
    nbytes: int
    ready: Sequence[int]


class _Search:
    """What the search knows of the graph. A value is a tensor together with its reshaped forms."""

    def __init__(self, graph: Graph, joined: Mapping[int, Chain]) -> None:
        units = units_of(graph, joined)
        there = (*graph.inputs, *graph.states)
        value = {t: t for t in there}
        for op in (unit[-1] for unit in units):
            for out in op.outputs:
                value[out] = value[op.inputs[0]] if is_alias(op) else out
        bit = {v: 1 << i for i, v in enumerate(dict.fromkeys(value.values()))}
        self.bits = {t: bit[v] for t, v in value.items()}
        becomes = next_values(graph)
        sizes = {bit[v]: graph.tensors[v].nbytes for v in bit}
        # They lie where the variables are, whose place is kept.
        sizes |= {bit[v]: 0 for v in (*homes(graph, becomes, value), *becomes.values())}
        self.aligned = {v: aligned(n) for v, n in sizes.items()}
        self.padded = [
            (padding, _union(v for v, n in sizes.items() if aligned(n) - n >= padding))
            for padding in range(ALIGNMENT - 1, 0, -1)
        ]
        self.inputs = _union(self.bits[t] for t in there)
        self.kept = _union(self.bits[t] for t in (*graph.outputs, *graph.states, *becomes.values()))
        real = [unit for unit in units if not is_alias(unit[-1])]
        maker = {self.bits[t]: 1 << op.index for *_, op in real for t in op.outputs}
        self.readers = dict.fromkeys(sizes, 0)
        self.steps = []
        after = awaited(units, value)
        for unit in real:
            reads = {self.bits[t] for op in unit for t in read_by(op) if t in self.bits}
            reads |= {self.bits[t] for t in after.get(unit[-1].index, ())}
            for v in reads:
                self.readers[v] |= 1 << unit[-1].index
            needs = _union(maker.get(v, 0) for v in reads)
            self.steps.append(self._step(graph, unit[-1], needs, reads))
        self.step = {step.index: step for step in self.steps}
        self.followers: dict[int, list[_Step]] = {index: [] for index in self.step}
        for step in self.steps:
            for before in _each(step.needs):
                self.followers[before.bit_length() - 1].append(step)

    def _step(self, graph: Graph, op: Operator, needs: int, reads: Iterable[int]) -> _Step:
        over = tuple(
            (
                self.bits[out],
                _union(self.bits[t] for t in sharable(graph, op, out) if t in self.bits),
            )
            for out in op.outputs
        )
        return _Step(op.index, needs, _union(reads), _union(out for out, _ in over), over)

    def run(self) -> tuple[int, ...]:
        """The order of operators with code."""
        level = {0: self.start()}
        tries = 0
        for _ in self.steps:
            following: dict[int, _State] = {}
            for done, state in level.items():
                for index in state.ready if tries < _MOST_TRIES else state.ready[:1]:
                    step = self.step[index]
                    tries += 1
                    after = done | 1 << step.index
                    peak = max(state.peak, self.working_set(step, state, after))
                    if after not in following or peak < following[after].peak:
                        following[after] = self.advance(step, state, after, peak)
            width = _WIDTH if tries < _MAX_TRIES else _WIDTH_AFTERWARDS
            level = _most_promising(following, width)
        (end,) = level.values()
        return end.path

    def start(self) -> _State:
        """Inputs and states are written before the first step, whoever reads them."""
        alive = self.inputs & ~self.dead(self.inputs, 0)
        ready = sorted(step.index for step in self.steps if not step.needs)
        return _State(self.room(self.inputs), (), alive, self.total(alive), ready)

    def working_set(self, step: _Step, state: _State, after: int) -> int:
        """Bytes alive while the step runs; an output may take over those of a value that dies."""
        dying = self.dead(step.reads, after)
        made = _union(out for out, over in step.over if not over & dying)
        return state.nbytes + self.total(made) - self.spared(state.alive | made)

    def advance(self, step: _Step, state: _State, after: int, peak: int) -> _State:
        dead = self.dead(step.reads | step.makes, after)
        nbytes = state.nbytes + self.total(step.makes) - self.total(dead)
        alive = (state.alive | step.makes) & ~dead
        ready = [index for index in state.ready if index != step.index]
        ready += [other.index for other in self.followers[step.index] if not other.needs & ~after]
        ready.sort()
        return _State(peak, (*state.path, step.index), alive, nbytes, ready)

    def dead(self, values: int, done: int) -> int:
        """Those of the values that nobody needs once these operators have run."""
        return _union(v for v in _each(values & ~self.kept) if not self.readers[v] & ~done)

    def total(self, values: int) -> int:
        return sum(self.aligned[v] for v in _each(values))

    def spared(self, values: int) -> int:
        """The most padding that one of the values has: the last one in memory needs none."""
        return next((padding for padding, padded in self.padded if values & padded), 0)

    def room(self, values: int) -> int:
        return self.total(values) - self.spared(values)


def _most_promising(states: dict[int, _State], width: int) -> dict[int, _State]:
    """At most width states: the lowest worst step, then the least that stays alive."""
    if len(states) <= width:
        return states
    return dict(sorted(states.items(), key=lambda s: (s[1].peak, s[1].nbytes))[:width])


def _union(bits: Iterable[int]) -> int:
    result = 0
    for b in bits:
        result |= b
    return result


def _each(bits: int) -> Iterable[int]:
    """The bits that are set, each by itself."""
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest


def _with_aliases(graph: Graph, path: Sequence[int]) -> tuple[int, ...]:
    """Puts operators without code back, each as soon as its input is there."""
    order: list[int] = []
    there = {*graph.inputs, *graph.states}
    waiting = [op for op in graph.operators if is_alias(op)]

    def settle() -> None:
        for op in list(waiting):
            if op.inputs[0] in there:
                waiting.remove(op)
                order.append(op.index)
                there.update(op.outputs)

    settle()
    for index in path:
        order.append(index)
        there.update(graph.operators[index].outputs)
        settle()
    return tuple(order)
