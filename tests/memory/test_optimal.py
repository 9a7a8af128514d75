"""Small graphs, every order, every sharing, every placement: nothing beats the planner."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest

from tests.memory import graphs
from tests.memory.test_plan import IN_PLACE
from tinyforge.graph import Graph
from tinyforge.memory import order as order_module
from tinyforge.memory.search import plan

# A value's bytes and the steps in which they are needed; -1 is before the first step.
Buffer = tuple[int, int, int]


class Exhaustive:
    """The least arena of a graph, by trying everything. For up to about seven operators."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.there = (*graph.inputs, *graph.states)
        self.value = {t: t for t in self.there}
        self.real = []
        for op in graph.operators:
            if op.op == "RESHAPE":
                self.value[op.outputs[0]] = self.value[op.inputs[0]]
            else:
                self.real.append(op)
                self.value[op.outputs[0]] = op.outputs[0]
        self.kept = {self.value[t] for t in (*graph.outputs, *graph.states)}
        self.reads = [{self.value[t] for t in op.inputs if t in self.value} for op in self.real]
        self.best = 2**31

    def search(self) -> int:
        for order in itertools.permutations(range(len(self.real))):
            if self._can_run(order):
                for buffers in self._sharings(order):
                    least = worst_step(buffers)
                    if least < self.best:
                        self._place(sorted(buffers, reverse=True), least)
        return self.best

    def _can_run(self, order: Sequence[int]) -> bool:
        there = set(self.there)
        for i in order:
            if not self.reads[i] <= there:
                return False
            there.add(self.real[i].outputs[0])
        return True

    def _sharings(self, order: Sequence[int]) -> Iterator[list[Buffer]]:
        """Buffers for each way in which outputs may be written over inputs."""
        made = dict.fromkeys(self.there, -1)
        made |= {self.real[i].outputs[0]: step for step, i in enumerate(order)}
        last = dict(made)
        for step, i in enumerate(order):
            last |= dict.fromkeys(self.reads[i], step)
        last |= dict.fromkeys(self.kept, len(order))
        choices = [[None, *self._over(i, last, step)] for step, i in enumerate(order)]
        for chosen in itertools.product(*choices):
            home = {v: v for v, step in made.items() if step == -1}
            for v, over in zip([self.real[i].outputs[0] for i in order], chosen, strict=True):
                home[v] = v if over is None else home[over]
            groups: dict[int, list[int]] = {}
            for v, h in home.items():
                groups.setdefault(h, []).append(v)
            yield [
                (self.graph.tensors[h].nbytes, made[h], max(last[v] for v in group))
                for h, group in groups.items()
            ]

    def _over(self, i: int, last: dict[int, int], step: int) -> list[int]:
        op = self.real[i]
        size = self.graph.tensors[op.outputs[0]].nbytes
        values = {self.value[op.inputs[p]] for p in IN_PLACE.get(op.op, ())}
        return [v for v in values if last[v] == step and self.graph.tensors[v].nbytes == size]

    def _place(
        self, waiting: Sequence[Buffer], least: int, placed: tuple[tuple[int, Buffer], ...] = ()
    ) -> None:
        """Tries every offset for each buffer that could still give a smaller total."""
        if not waiting:
            self.best = max(offset + b[0] for offset, b in placed)
            return
        new = waiting[0]
        rivals = [(o, b) for o, b in placed if b[1] <= new[2] and new[1] <= b[2]]
        offset = 0
        while offset + new[0] < self.best > least:
            if all(offset + new[0] <= o or o + b[0] <= offset for o, b in rivals):
                self._place(waiting[1:], least, (*placed, (offset, new)))
            offset += 4


def worst_step(buffers: Sequence[Buffer]) -> int:
    """The most that is needed at once; all but the last in memory fill whole words."""
    needs = []
    for step in {first for _, first, _ in buffers}:
        sizes = [n for n, first, last in buffers if first <= step <= last]
        needs.append(sum(n + -n % 4 for n in sizes) - max(-n % 4 for n in sizes))
    return max(needs)


def every_input_is_read(graph: Graph) -> bool:
    """The planner keeps an input that nobody reads through the first step; no model has one."""
    return all(graph.consumers[t] for t in graph.inputs)


def every_value_is_whole(graph: Graph) -> bool:
    """Convolutions are not searched here: by rows they need less than their values whole."""
    return all(op.op != "CONV_2D" for op in graph.operators)


NAMED = {name: make() for name, make in graphs.SHAPES.items()}
RANDOM = {
    **{f"vectors_{seed}": graphs.random_vectors(seed, 3 + seed % 4) for seed in range(150)},
    **{f"states_{seed}": graphs.random_states(seed, 3 + seed % 3) for seed in range(20)},
}
SMALL = {
    name: graph
    for name, graph in {**NAMED, **RANDOM}.items()
    if sum(op.op != "RESHAPE" for op in graph.operators) <= 6
    and every_input_is_read(graph)
    and every_value_is_whole(graph)
}


@pytest.mark.parametrize("name", SMALL)
def test_nothing_beats_the_planner(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = SMALL[name]
    least = Exhaustive(graph).search()
    found = plan(graph)
    assert found.arena_bytes == least
    assert found.lower_bound <= least
    # The search that only follows the best sets may miss the best order.
    monkeypatch.setattr(order_module, "_MAX_TRIES", 0)
    monkeypatch.setattr(order_module, "_WIDTH_AFTERWARDS", 1)
    assert plan(graph).arena_bytes >= least


def test_the_small_graphs_are_many() -> None:
    assert len(SMALL) > 60


def test_a_better_order_than_the_models_own_is_found() -> None:
    """Four tensors of 40 bytes, made one after the other, are reduced one after the other."""
    found = plan(graphs.order_matters())
    assert found.order != tuple(sorted(found.order))
    # The input, one wide tensor, one narrow, and the sum so far.
    assert found.arena_bytes <= 4 + 40 + 8 + 8


def test_a_graph_too_wide_to_search_is_still_planned_well() -> None:
    """32 branches have 2**32 sets. Following the best few finds the order anybody would."""
    n = graphs.Net()
    x = n.input(1, 8)
    total = n.dense(n.dense(x, 100), 4)
    for _ in range(31):
        total = n.add(total, n.dense(n.dense(x, 100), 4))
    found = plan(n.build(total))
    assert found.arena_bytes < 2 * (8 + 100 + 4)
