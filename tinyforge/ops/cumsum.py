"""CUMSUM, int8: sums along a dimension, up to each value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    check_activation,
    check_computed,
    check_counts,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.forms import WHOLE, row_by_row
from tinyforge.ops.operands import axis_index, integers
from tinyforge.ops.sums import sums_of


def _axis(graph: Graph, op: Operator) -> int:
    values = integers(graph, op, 1, "axis")
    require(len(values) == 1, f"{len(values)} axes", graph, op)
    return axis_index(graph, op, values[0], len(tensor(graph, op, 0).shape))


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_activation(graph, op, (source, out))
    check_computed(graph, op, source)
    require(
        source.shape == out.shape and len(out.shape) >= 1,
        f"shape {list(source.shape)} in, {list(out.shape)} out",
        graph,
        op,
    )
    _axis(graph, op)
    sums_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: reference_ops::CumSum of int8."""
    sums, axis = sums_of(graph, op), _axis(graph, op)
    terms = sums.term(inputs[0].astype(np.int64))
    if option(op, "reverse"):
        terms = np.flip(terms, axis)
    total = np.cumsum(terms, axis) + sums.begin
    found = sums.output(total - terms if option(op, "exclusive") else total)
    return np.ascontiguousarray(np.flip(found, axis) if option(op, "reverse") else found)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, axis = tensor(graph, op, 0), _axis(graph, op)
    form = row_by_row(source) if axis >= 2 else WHOLE
    return Kernel(
        header="sums.h",
        struct="forge_cumsum",
        function="forge_cumsum_run",
        fields={
            "outer": math.prod(source.shape[:axis]) // form.steps,
            "count": source.shape[axis],
            "step": math.prod(source.shape[axis + 1 :]),
            "reverse": int(option(op, "reverse")),
            "exclusive": int(option(op, "exclusive")),
            **sums_of(graph, op).fields(),
        },
        inputs=(source.index,),
        form=form,
    )


def summary(graph: Graph, op: Operator) -> str:
    names = [name for name in ("exclusive", "reverse") if option(op, name)]
    return ", ".join([f"along dimension {_axis(graph, op)}", *names])


OP = Op("CUMSUM", check, reference, lower, summary=summary)
