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
    check_counts,
    option,
    tensor,
)
from tinyforge.ops.copying import check_alike
from tinyforge.ops.forms import WHOLE, row_by_row
from tinyforge.ops.operands import axis_named
from tinyforge.ops.sums import sums_of


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    check_alike(graph, op)
    axis_named(graph, op, 1)
    sums_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: any shape. Source: reference_ops::CumSum of int8."""
    sums, axis = sums_of(graph, op), axis_named(graph, op, 1)
    terms = sums.term(inputs[0].astype(np.int64))
    if option(op, "reverse"):
        terms = np.flip(terms, axis)
    total = np.cumsum(terms, axis) + sums.begin
    found = sums.output(total - terms if option(op, "exclusive") else total)
    return np.ascontiguousarray(np.flip(found, axis) if option(op, "reverse") else found)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, axis = tensor(graph, op, 0), axis_named(graph, op, 1)
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
    return ", ".join([f"along dimension {axis_named(graph, op, 1)}", *names])


OP = Op("CUMSUM", check, reference, lower, summary=summary)
