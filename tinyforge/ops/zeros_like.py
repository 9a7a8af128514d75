"""ZEROS_LIKE, int8, int32 or float32: zeros, which are not the real 0 of every quantization."""

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
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.forms import row_by_row

_TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 1, 1)
    source = tensor(graph, op, 0)
    check_activation(graph, op, (source, output(graph, op)), _TYPES)
    check_computed(graph, op, source)
    check_shape(graph, op, source.shape)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Source: resetZeros of micro/kernels/zeros_like.cc."""
    del graph, op
    return np.zeros_like(inputs[0])


def lower(graph: Graph, op: Operator) -> Kernel:
    source = tensor(graph, op, 0)
    form = row_by_row(source)
    return Kernel(
        header="fill.h",
        struct="forge_fill",
        function="forge_fill_zeros",
        fields={"count": source.size // form.steps, "itemsize": source.dtype.itemsize},
        inputs=(source.index,),
        form=form,
    )


OP = Op("ZEROS_LIKE", check, reference, lower, inplace=(0,), typed=True)
