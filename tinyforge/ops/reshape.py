"""RESHAPE: the same bytes under another shape; no code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    MOVED,
    Op,
    Values,
    check_activation,
    check_computed,
    check_counts,
    constant,
    optional_tensor,
    output,
    require,
    tensor,
)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 2)
    source, out = tensor(graph, op, 0), output(graph, op)
    check_activation(graph, op, (source, out), MOVED)
    require(
        source.size == out.size,
        f"{list(source.shape)} does not reshape to {list(out.shape)}",
        graph,
        op,
    )
    check_computed(graph, op, source)
    shape = optional_tensor(graph, op, 1)
    if shape is not None:
        constant(graph, op, shape, "shape")


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    return np.asarray(inputs[0].reshape(output(graph, op).shape))


OP = Op("RESHAPE", check, reference, lower=None, typed=True)
