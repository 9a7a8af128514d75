"""CAST: values as values of another type, whatever their scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    Kernel,
    Op,
    Values,
    check_computed,
    check_counts,
    check_types,
    output,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.elementwise import mapped

# Not from float32: what does not fit is left to the processor, and differs.
_FROM = (DType.BOOL, DType.INT8, DType.INT16, DType.INT32)
_TO = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    source = tensor(graph, op, 0)
    check_types(graph, op, (source,), _FROM)
    check_types(graph, op, (output(graph, op),), _TO)
    check_computed(graph, op, source)
    check_shape(graph, op, source.shape)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: copyCast of micro/kernels/cast.cc."""
    return inputs[0].astype(output(graph, op).dtype.numpy)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, out = tensor(graph, op, 0), output(graph, op)
    function = f"forge_cast_{source.dtype.name.lower()}_{out.dtype.name.lower()}_run"
    return mapped(source, "cast.h", "forge_cast", function)


def summary(graph: Graph, op: Operator) -> str:
    source, out = tensor(graph, op, 0), output(graph, op)
    return f"{source.dtype.name.lower()} to {out.dtype.name.lower()}"


OP = Op("CAST", check, reference, lower, typed=True, summary=summary)
