"""LOGICAL_NOT, bool."""

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
    check_computed,
    check_counts,
    check_types,
    output,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.elementwise import mapped


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    source = tensor(graph, op, 0)
    check_types(graph, op, (source, output(graph, op)), (DType.BOOL,))
    check_computed(graph, op, source)
    check_shape(graph, op, source.shape)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: EvalLogical of micro/kernels/elementwise.cc."""
    del graph, op
    return np.asarray(np.logical_not(inputs[0]), bool)


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    return mapped(source, "compare.h", "forge_logical_not", "forge_logical_not_run")


OP = Op("LOGICAL_NOT", check, reference, lower, inplace=(0,), typed=True)
