"""Single changes of a model's constants that a kernel reads packed into words of its own.

A word may hold parts of several constants, and none of them as it is. So the model is changed, and
what its kernel packs of it stands in the table's place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.bench.changes import TABLE, WEIGHTS, Change, Spot, by_one
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.memory.plan import Plan
from tinyforge.ops import OPS, Table
from tinyforge.ops.base import Kernel, optional_tensor
from tinyforge.ops.kernels import as_on
from tinyforge.ops.target import Target

Values = npt.NDArray[Any]


def packed_spots(text: str, plan: Plan, target: Target, layers: Collection[int]) -> Iterator[Spot]:
    """text: of weights.c. layers: whose tables hold the model's constants so."""
    by_layer: dict[int, list[re.Match[str]]] = {layer: [] for layer in layers}
    for table in TABLE.finditer(text):
        if table[3] and int(table[3]) in by_layer:
            by_layer[int(table[3])].append(table)
    for layer, tables in by_layer.items():
        yield from _of_layer(text, plan, target, plan.graph.operators[layer], tables)


def _of_layer(
    text: str, plan: Plan, target: Target, op: Operator, tables: Sequence[re.Match[str]]
) -> Iterator[Spot]:
    weighted = OPS[op.op].weighted
    assert weighted is not None
    kinds = {
        "weight +-1": (_one_by_one, weighted.weights, "weights"),
        "weight replaced": (_one_replaced, weighted.weights, "weights"),
        "row order": (_rows_exchanged, weighted.weights, "weights"),
        "bias": (_one_more, weighted.bias, "bias"),
    }
    for kind, (step, position, name) in kinds.items():
        constant = optional_tensor(plan.graph, op, position)
        if constant is None or (kind == "row order" and constant.shape[0] < 2):
            continue

        def make(
            rng: np.random.Generator,
            kind: str = kind,
            step: Callable[[Values, np.random.Generator], tuple[Values, str]] = step,
            constant: Tensor = constant,
            name: str = name,
        ) -> Change | None:
            assert constant.data is not None
            data, element = step(constant.data, rng)
            words = _words(plan, op, target, _with(plan.graph, constant.index, data))
            if words is None or np.array_equal(data, constant.data):
                return None
            begin, end = tables[0].start(5), tables[-1].end(5)
            return Change(
                kind, op.index, name, element, WEIGHTS, begin, end, _rewritten(text, tables, words)
            )

        yield Spot(kind, op.index, make)


def _rewritten(text: str, tables: Sequence[re.Match[str]], words: Mapping[str, Values]) -> str:
    """From the first table's first number to the last one's last, with other numbers."""
    pieces, at = [], tables[0].start(5)
    for table in tables:
        pieces += [text[at : table.start(5)], ", ".join(map(str, words[table[4]].tolist()))]
        at = table.end(5)
    return "".join(pieces)


def _with(graph: Graph, index: int, data: Values) -> Graph:
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], data=data)
    return replace(graph, tensors=tuple(tensors))


def _words(plan: Plan, op: Operator, target: Target, changed: Graph) -> dict[str, Values] | None:
    """The tables of the kernel as it is for the changed model; None where more than they becomes
    another."""
    was, now = plan.kernels[op.index], as_on(changed, op, plan.kernels[op.index], target)
    (before, rest), (tables, other) = _parts(was), _parts(now)
    sizes = [{name: len(values) for name, values in found.items()} for found in (before, tables)]
    return tables if now.way == was.way and rest == other and sizes[0] == sizes[1] else None


def _parts(kernel: Kernel) -> tuple[dict[str, Values], dict[str, object]]:
    """Tables by the ends of their names, and the other fields."""
    tables = {
        name.rpartition(".")[2]: value.values.reshape(-1)
        for name, value in kernel.fields.items()
        if isinstance(value, Table)
    }
    return tables, {n: v for n, v in kernel.fields.items() if not isinstance(v, Table)}


def _changed(data: Values, at: int, value: int) -> tuple[Values, str]:
    found = data.copy()
    found.reshape(-1)[at] = value
    return found, str(at)


def _one_by_one(data: Values, rng: np.random.Generator) -> tuple[Values, str]:
    at = int(rng.integers(data.size))
    return _changed(data, at, int(np.clip(by_one(int(data.reshape(-1)[at]), rng), -128, 127)))


def _one_replaced(data: Values, rng: np.random.Generator) -> tuple[Values, str]:
    return _changed(data, int(rng.integers(data.size)), int(rng.integers(-128, 128)))


def _one_more(data: Values, rng: np.random.Generator) -> tuple[Values, str]:
    at = int(rng.integers(data.size))
    return _changed(data, at, int(data.reshape(-1)[at]) + 1)


def _rows_exchanged(data: Values, rng: np.random.Generator) -> tuple[Values, str]:
    first, second = sorted(int(v) for v in rng.choice(len(data), 2, replace=False))
    found = data.copy()
    found[[first, second]] = data[[second, first]]
    return found, f"{first}/{second}"
