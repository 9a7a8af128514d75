"""BATCH_MATMUL, int8 or int16: products of matrices, each of which may lie transposed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import (
    HEADERS,
    INT8_OR_INT16,
    Kernel,
    Op,
    Table,
    Values,
    check_activation,
    check_counts,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.broadcast import broadcast_fields
from tinyforge.ops.convolution import WIDE_BITS, exact_matmul
from tinyforge.ops.fixed_point import (
    quantize_multiplier,
    reduced_multiplier,
    requantize,
    requantize_wide,
)
from tinyforge.ops.quantization import MAX_SHIFT, MAX_WIDE_SHIFT, saturated

_MIN_RANK, _MAX_RANK = 2, 5


def _matrix(t: Tensor, transposed: int) -> tuple[int, int]:
    """Rows and columns of an operand as the product takes it."""
    rows, columns = t.shape[-2:]
    return (columns, rows) if transposed else (rows, columns)


def _factor(graph: Graph, op: Operator) -> tuple[int, int]:
    """Source: GetQuantizedConvolutionMultipler."""
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    return quantize_multiplier(first.scale * second.scale / out.scale)


def _wide(out: Tensor) -> bool:
    """Whether sums have 64 bits."""
    return out.dtype is DType.INT16


def check(graph: Graph, op: Operator) -> None:
    check_counts(graph, op, 2, 2)
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_activation(graph, op, (first, second, out), INT8_OR_INT16)
    require(first.data is None or second.data is None, "both operands are constant", graph, op)
    for t in (first, second):
        require(
            _MIN_RANK <= len(t.shape) <= _MAX_RANK,
            f"BATCH_MATMUL needs {_MIN_RANK} to {_MAX_RANK} dimensions: tensor {t.name!r} has "
            f"shape {list(t.shape)}",
            graph,
            op,
        )
    rows, depth = _matrix(first, option(op, "adj_x"))
    inner, columns = _matrix(second, option(op, "adj_y"))
    try:
        batch = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    except ValueError:
        batch = (0,)
    require(
        depth == inner and out.shape == (*batch, rows, columns),
        f"{list(first.shape)} times {list(second.shape)} does not give {list(out.shape)}",
        graph,
        op,
    )
    largest, bits, shift = (
        (2**15, WIDE_BITS + 1, MAX_WIDE_SHIFT) if _wide(out) else (255, 32, MAX_SHIFT)
    )
    fits = depth * largest * largest < 2 ** (bits - 1)
    require(fits, f"an accumulator could overflow {bits} bits", graph, op)
    require(_factor(graph, op)[1] <= shift, "output scale is too small for its inputs", graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """Two int8 arrays, whose leading dimensions broadcast. Source: reference_ops::BatchMatMul."""
    first, second = (
        x.astype(np.int64) - tensor(graph, op, i).zero_point for i, x in enumerate(inputs)
    )
    acc = exact_matmul(
        first.swapaxes(-1, -2) if option(op, "adj_x") else first,
        second.swapaxes(-1, -2) if option(op, "adj_y") else second,
    )
    out = output(graph, op)
    scale = requantize_wide if _wide(out) else requantize
    return saturated(scale(acc, *_factor(graph, op)) + out.zero_point, out)


def lower(graph: Graph, op: Operator) -> Kernel:
    first, second, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    adj_x, adj_y = option(op, "adj_x"), option(op, "adj_y")
    rows, depth = _matrix(first, adj_x)
    _, columns = _matrix(second, adj_y)
    multiplier, shift = _factor(graph, op)
    if _wide(out):
        multiplier, shift = int(reduced_multiplier(multiplier)), 15 - shift
    return Kernel(
        header="batch_matmul" + HEADERS[suffix(out)],
        struct="forge_batch_matmul",
        function=f"forge_batch_matmul{suffix(out)}_run",
        fields={
            **broadcast_fields(first.shape[:-2], second.shape[:-2], out.shape[:-2]),
            "rows": rows,
            "depth": depth,
            "columns": columns,
            "first_row_step": 1 if adj_x else depth,
            "first_depth_step": rows if adj_x else 1,
            "second_depth_step": 1 if adj_y else columns,
            "second_column_step": depth if adj_y else 1,
            "first_zero_point": first.zero_point,
            "second_zero_point": second.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "output_zero_point": out.zero_point,
        },
        inputs=tuple(t.index if t.data is None else Table.of(t) for t in (first, second)),
    )


def macs(graph: Graph, op: Operator) -> int:
    _, depth = _matrix(tensor(graph, op, 0), option(op, "adj_x"))
    return output(graph, op).size * depth


def summary(graph: Graph, op: Operator) -> str:
    """ "4x8 times 8x3"."""
    rows, depth = _matrix(tensor(graph, op, 0), option(op, "adj_x"))
    _, columns = _matrix(tensor(graph, op, 1), option(op, "adj_y"))
    return f"{rows}x{depth} times {depth}x{columns}"


OP = Op("BATCH_MATMUL", check, reference, lower, macs=macs, summary=summary)
