"""ASSIGN_VARIABLE: what the next inference finds in a variable tensor.

Its output takes the variable's place once all who read that are done. So does what is assigned,
where the plan allows it, and then there is nothing to copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Kernel, Op, Table, check_counts, output, require, tensor
from tinyforge.ops.turned import same

_STATE, _VALUE = 0, 1


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    state, value, out = tensor(graph, op, _STATE), tensor(graph, op, _VALUE), output(graph, op)
    require(state.variable, f"{state.name!r} is not a variable tensor", graph, op)
    for t in (value, out):
        require(
            (state.shape, state.dtype) == (t.shape, t.dtype),
            f"the variable is {state.dtype.name.lower()} {list(state.shape)}, "
            f"{t.name!r} {t.dtype.name.lower()} {list(t.shape)}",
            graph,
            op,
        )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0], the state, is changed."""
    del graph, op
    inputs[_STATE][...] = inputs[_VALUE]
    return np.array(inputs[_VALUE])


def lower(graph: Graph, op: Operator) -> Kernel:
    value = tensor(graph, op, _VALUE)
    ctype = f"{value.dtype.name.lower()}_t"
    source = value.index if value.data is None else Table(ctype, value.data)
    return Kernel(
        header="assign.h",
        struct="forge_assign",
        function="forge_assign_run",
        fields={"size": value.nbytes},
        inputs=(source,),
    )


OP = Op(
    "ASSIGN_VARIABLE",
    check,
    reference,
    lower,
    inplace=(_STATE,),
    states=(_STATE,),
    replaces=_STATE,
    turned=same,
)
