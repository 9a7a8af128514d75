"""READ_VARIABLE: what the inference before left in a variable tensor, as it lies there; no code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Int8Array, Op, check_counts, output, require, tensor

_STATE = 0


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    state, out = tensor(graph, op, _STATE), output(graph, op)
    require(state.variable, f"{state.name!r} is not a variable tensor", graph, op)
    require(
        (state.shape, state.dtype) == (out.shape, out.dtype),
        f"the variable is {state.dtype.name.lower()} {list(state.shape)}, "
        f"the output {out.dtype.name.lower()} {list(out.shape)}",
        graph,
        op,
    )


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    del graph, op
    return np.array(inputs[_STATE])


OP = Op("READ_VARIABLE", check, reference, lower=None, states=(_STATE,))
