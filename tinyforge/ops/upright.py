"""A graph whose pictures of one row are turned, as far as its operators allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.graph.packed import Rows, split
from tinyforge.ops import OPS
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.turned import Turned, is_pixel, is_row, turned_axis


def upright(graph: Graph) -> Graph:
    """The same computation, tensors and operators by the same indices and of the same bytes.

    What becomes of constants is added behind the tensors. The very same graph where nothing can be
    turned.
    """
    rows = {t for group in _groups(graph) for t in group}
    if not rows:
        return graph
    tensors = [_turned(t) if t.index in rows else t for t in graph.tensors]
    operators = []
    for op in graph.operators:
        if rows.isdisjoint((*op.inputs, *op.outputs)) or OPS[op.op].lower is None:
            operators.append(op)
            continue
        found = _on_turned(graph, op)
        assert found is not None, "its group would not have been turned"
        operators.append(_with(tensors, op, found))
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))


def rows_input(graph: Graph) -> int:
    """The input, by position, that rows are of: the largest picture, else the largest."""
    turned = upright(graph).input_tensors

    def size(position: int) -> tuple[bool, int]:
        t = turned[position]
        return row_by_row(t).steps > 1, t.nbytes

    return max(range(len(turned)), key=size)


def frames(graph: Graph, inputs: Rows, *, by_rows: bool) -> Rows:
    """Rows of all inputs, (n, bytes), as an application reads them: the one with rows last, where
    the model is fed by rows."""
    if not by_rows or len(graph.inputs) == 1:
        return inputs
    parts = split(inputs, graph.input_tensors)
    fed = parts.pop(rows_input(graph))
    return np.concatenate([*parts, fed], axis=1)


def input_rows(graph: Graph) -> int:
    """In how many rows that input is handed in, where it comes row by row."""
    return row_by_row(upright(graph).input_tensors[rows_input(graph)]).steps


def _groups(graph: Graph) -> Iterator[set[int]]:
    """Pictures of one row that can be turned; those of a group together or not at all.

    What is the same bytes under another shape is in a group of its own.
    """
    group_of = {t.index: {t.index} for t in graph.tensors if is_row(t)}
    fixed: set[int] = set()
    for op in graph.operators:
        if op.op in OPS and OPS[op.op].lower is None:
            continue
        together = [t for t in (*op.inputs, *op.outputs) if t in group_of]
        if not together:
            continue
        merged = set().union(*(group_of[t] for t in together))
        group_of |= dict.fromkeys(merged, merged)
        if _on_turned(graph, op) is None:
            fixed.add(together[0])
    for group in {id(group): group for group in group_of.values()}.values():
        if fixed.isdisjoint(group):
            yield group


def _on_turned(graph: Graph, op: Operator) -> Turned | None:
    """The operator where all its pictures of one row are turned, and every other is a pixel."""
    known = OPS.get(op.op)
    computed = (graph.tensors[t] for t in (*op.inputs, *op.outputs) if t >= 0)
    others = (t for t in computed if t.data is None and not is_row(t))
    if known is None or known.turned is None or not all(map(is_pixel, others)):
        return None
    return known.turned(graph, op)


def _turned(t: Tensor) -> Tensor:
    shape = [1] * 4
    for axis, size in enumerate(t.shape):
        shape[turned_axis(axis, len(t.shape))] = size
    return replace(t, shape=tuple(shape))


def _with(tensors: list[Tensor], op: Operator, found: Turned) -> Operator:
    """The operator with other options and constants; the constants are added to the tensors."""
    inputs = list(op.inputs)
    for position, values in found.constants.items():
        t = tensors[inputs[position]]
        inputs[position] = len(tensors)
        tensors.append(replace(t, index=len(tensors), shape=values.shape, data=values))
    return replace(op, inputs=tuple(inputs), options=found.options)
