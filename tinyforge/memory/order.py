"""The order of operators that needs the least memory at its worst step.

A minimax search over the sets of operators already run. What is alive depends on that set alone,
not on how it was reached, so every set is visited once; chains have as many sets as operators.
"""

from __future__ import annotations

from tinyforge.graph import Graph, Operator
from tinyforge.memory.lifetimes import is_alias, room, sharable

_MAX_SETS = 20_000


def best_order(graph: Graph) -> tuple[tuple[int, ...], int]:
    """Operator indices in the order to run, and a bound that no order and placement can beat.

    The search gives up after 20,000 sets; then the model's own order stands, and the bound is
    the largest working set of any one operator.
    """
    search = _Search(graph)
    order = search.run()
    if order is not None:
        return order, search.peak
    given = tuple(op.index for op in graph.operators)
    return given, max((search.working_set(op, frozenset()) for op in graph.operators), default=0)


class _Search:
    """The state of one search. A value is a tensor together with its reshaped forms."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.peak = 0
        self.value = {t: t for t in graph.inputs}
        for op in graph.operators:
            for out in op.outputs:
                self.value[out] = self.value[op.inputs[0]] if is_alias(op) else out
        self.readers: dict[int, set[int]] = {v: set() for v in self.value.values()}
        self.kept = {self.value[t] for t in graph.outputs}
        for op in graph.operators:
            if not is_alias(op):
                for t in op.inputs:
                    if t in self.value:
                        self.readers[self.value[t]].add(op.index)
        self.real = [op for op in graph.operators if not is_alias(op)]
        self.maker = {self.value[t]: op.index for op in self.real for t in op.outputs}

    def run(self) -> tuple[int, ...] | None:
        """Minimax over sets, level by level. None when there are too many."""
        level: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {frozenset(): (0, ())}
        visited = 0
        for _ in self.real:
            following: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {}
            for done, (peak, path) in level.items():
                for op in self.ready(done):
                    reached = max(peak, self.working_set(op, done))
                    after = done | {op.index}
                    if after not in following or reached < following[after][0]:
                        following[after] = (reached, (*path, op.index))
            level = following
            visited += len(level)
            if visited > _MAX_SETS:
                return None
        ((self.peak, path),) = level.values()
        if not self.real:
            self.peak = room([self.graph.tensors[v].nbytes for v in set(self.value.values())])
        return self._with_aliases(path)

    def ready(self, done: frozenset[int]) -> list[Operator]:
        """Operators whose inputs are there and that have not run."""
        return [
            op
            for op in self.real
            if op.index not in done
            and all(
                self.maker.get(self.value[t], -1) in done or self.value[t] not in self.maker
                for t in op.inputs
                if t in self.value
            )
        ]

    def working_set(self, op: Operator, done: frozenset[int]) -> int:
        """Bytes alive while op runs, after the operators in done have run."""
        inputs = {self.value[t] for t in op.inputs if t in self.value}
        alive = {v for v in self.readers if self._is_alive(v, done)} | inputs
        outputs = list(op.outputs)
        for out in op.outputs:
            if any(self._dies(self.value[t], op, done) for t in sharable(self.graph, op, out)):
                outputs.remove(out)
        return room([self.graph.tensors[t].nbytes for t in [*alive, *outputs]])

    def _is_alive(self, value: int, done: frozenset[int]) -> bool:
        made = value not in self.maker or self.maker[value] in done
        # The graph's inputs are written before the first step, whoever reads them.
        return made and (
            value in self.kept
            or bool(self.readers[value] - done)
            or (not done and value not in self.maker)
        )

    def _dies(self, value: int, op: Operator, done: frozenset[int]) -> bool:
        return value not in self.kept and self.readers[value] <= done | {op.index}

    def _with_aliases(self, path: tuple[int, ...]) -> tuple[int, ...]:
        """Puts operators without code back, each as soon as its input is there."""
        order: list[int] = []
        there = set(self.graph.inputs)
        waiting = [op for op in self.graph.operators if is_alias(op)]

        def settle() -> None:
            for op in list(waiting):
                if op.inputs[0] in there:
                    waiting.remove(op)
                    order.append(op.index)
                    there.update(op.outputs)

        settle()
        for index in path:
            order.append(index)
            there.update(self.graph.operators[index].outputs)
            settle()
        return tuple(order)
