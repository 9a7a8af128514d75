"""ADD_N, int8: the sum of several tensors of one shape and quantization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    Table,
    check_activation,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.forms import row_by_row
from tinyforge.ops.sums import sums_of
from tinyforge.ops.turned import same

_MOST = 15  # FORGE_ADD_N_MOST: whose sum 32 bits hold


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, _MOST)
    inputs = [tensor(graph, op, i) for i in range(len(op.inputs))]
    check_activation(graph, op, (*inputs, output(graph, op)))
    require(any(t.data is None for t in inputs), "all operands are constant", graph, op)
    first = inputs[0]
    for t in (*inputs, output(graph, op)):
        require(t.shape == first.shape, f"{list(t.shape)} and {list(first.shape)}", graph, op)
    for t in inputs:
        require(
            (t.scale, t.zero_point) == (first.scale, first.zero_point),
            "ADD_N needs inputs of one scale and zero point",
            graph,
            op,
        )
    sums_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """Source: reference_ops::AddN of int8."""
    sums = sums_of(graph, op)
    total = sum((sums.term(x.astype(np.int64)) for x in inputs), np.int64(sums.begin))
    return sums.output(np.asarray(total))


def lower(graph: Graph, op: Operator) -> Kernel:
    out = output(graph, op)
    form = row_by_row(out)
    operands = (graph.tensors[t] for t in op.inputs)
    return Kernel(
        header="sums.h",
        struct="forge_add_n",
        function="forge_add_n_run",
        fields={
            "size": out.size // form.steps,
            "inputs": len(op.inputs),
            **sums_of(graph, op).fields(),
        },
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in operands),
        form=form,
    )


def summary(graph: Graph, op: Operator) -> str:
    del graph
    return f"{len(op.inputs)} tensors"


OP = Op("ADD_N", check, reference, lower, inplace=(0, 1), turned=same, summary=summary)
