"""Single changes of a model's constants that a kernel reads packed into words of its own.

A word may hold parts of several constants, and none of them as it is. So the model is changed, and
what its kernel packs of it stands in the table's place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
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


def packed_spots(text: str, plan: Plan, target: Target, packed: Collection[str]) -> Iterator[Spot]:
    """text: of weights.c. packed: names of tables that hold constants so."""
    for table in TABLE.finditer(text):
        if table[2] not in packed:
            continue
        layer = int(table[3])
        op, span = plan.graph.operators[layer], table.span(5)
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
                step: Any = step,
                constant: Tensor = constant,
                op: Operator = op,
                span: tuple[int, int] = span,
                named: str = f"{table[2]} ({name})",
            ) -> Change | None:
                data, element = step(constant.data, rng)
                words = _words(plan, op, target, _with(plan.graph, constant.index, data))
                if words is None or np.array_equal(data, constant.data):
                    return None
                listed = ", ".join(map(str, words.tolist()))
                return Change(kind, op.index, named, element, WEIGHTS, *span, listed)

            yield Spot(kind, layer, make)


def _with(graph: Graph, index: int, data: Values) -> Graph:
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], data=data)
    return replace(graph, tensors=tuple(tensors))


def _words(plan: Plan, op: Operator, target: Target, changed: Graph) -> Values | None:
    """The table of the kernel as it is for the changed model; None where more than that becomes
    another."""
    was, now = plan.kernels[op.index], as_on(changed, op, plan.kernels[op.index], target)
    (before, rest), (table, other) = _parts(was), _parts(now)
    same = now.way == was.way and rest == other and table.values.size == before.values.size
    return table.values.reshape(-1) if same else None


def _parts(kernel: Kernel) -> tuple[Table, dict[str, object]]:
    (table,) = (value for value in kernel.fields.values() if isinstance(value, Table))
    others = {n: value for n, value in kernel.fields.items() if not isinstance(value, Table)}
    return table, others


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
