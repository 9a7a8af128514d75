"""FILL, int8, int32 or float32: a value that an inference computes, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    Kernel,
    Op,
    Values,
    check_activation,
    check_computed,
    check_counts,
    output,
    require,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.operands import integers

_TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    value = tensor(graph, op, 1)
    check_activation(graph, op, (value, output(graph, op)), _TYPES)
    check_computed(graph, op, value)
    require(value.shape == (), f"a value of shape {list(value.shape)}, not a scalar", graph, op)
    check_shape(graph, op, integers(graph, op, 0, "dimensions"))


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: reference_ops::Fill."""
    return np.full(output(graph, op).shape, inputs[1])


def lower(graph: Graph, op: Operator) -> Kernel:
    value, out = tensor(graph, op, 1), output(graph, op)
    return Kernel(
        header="fill.h",
        struct="forge_fill",
        function="forge_fill_run",
        fields={"count": out.size, "itemsize": out.dtype.itemsize},
        inputs=(value.index,),
    )


OP = Op("FILL", check, reference, lower, typed=True)
