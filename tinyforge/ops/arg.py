"""What ARG_MAX and ARG_MIN share: which of the int8 values along a dimension, as int32."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
    check_types,
    output,
    tensor,
)
from tinyforge.ops.copying import check_shape
from tinyforge.ops.forms import WHOLE, row_by_row
from tinyforge.ops.operands import axis_named


def arg(name: str, function: Callable[..., Any], sign: int) -> Op:
    """An operator from its NumPy function. sign: 1 for the greatest value, -1 for the least."""

    def check(graph: Graph, op: Operator) -> None:
        check_counts(graph, op, 2, 2)
        source = tensor(graph, op, 0)
        check_activation(graph, op, (source,))
        check_computed(graph, op, source)
        check_types(graph, op, (output(graph, op),), (DType.INT32,))
        axis = axis_named(graph, op, 1)
        check_shape(graph, op, (*source.shape[:axis], *source.shape[axis + 1 :]))

    def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
        """inputs[0]: any shape. Source: reference_ops::ArgMinMax; the first of several."""
        return np.asarray(function(inputs[0], axis=axis_named(graph, op, 1)), np.int32)

    def lower(graph: Graph, op: Operator) -> Kernel:
        source, axis = tensor(graph, op, 0), axis_named(graph, op, 1)
        form = row_by_row(source) if axis >= 2 else WHOLE
        return Kernel(
            header="arg.h",
            struct="forge_arg",
            function="forge_arg_run",
            fields={
                "outer": math.prod(source.shape[:axis]) // form.steps,
                "count": source.shape[axis],
                "step": math.prod(source.shape[axis + 1 :]),
                "sign": sign,
            },
            inputs=(source.index,),
            form=form,
        )

    def summary(graph: Graph, op: Operator) -> str:
        return f"along dimension {axis_named(graph, op, 1)}"

    return Op(name, check, reference, lower, typed=True, summary=summary)
