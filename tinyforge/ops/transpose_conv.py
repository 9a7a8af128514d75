"""TRANSPOSE_CONV, int8 or int16 with int8 weights: every input spreads its filters over the output,
stride apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import (
    HEADERS,
    Kernel,
    Op,
    Values,
    Weighted,
    check_counts,
    check_rank,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.convolution import (
    bias_values,
    check_weighted,
    exact_matmul,
    weighted_fields,
    weights_table,
)
from tinyforge.ops.forms import Spread
from tinyforge.ops.operands import integers
from tinyforge.ops.quantization import Requantization, channel_requantization, with_activation
from tinyforge.ops.window import Window, window_between

# Positions of the operands; the weights are operand 1, as everywhere.
_SHAPE, _SOURCE, _BIAS = 0, 2, 3

_INT16_BIAS = (DType.INT64, DType.INT16)


def _window(graph: Graph, op: Operator) -> Window:
    """The window of the convolution that is transposed: over our output, giving our input."""
    weights = tensor(graph, op, 1)
    kernel = (weights.shape[1], weights.shape[2])
    return window_between(graph, op, output(graph, op), tensor(graph, op, _SOURCE), kernel)


def _requantization(graph: Graph, op: Operator) -> Requantization:
    wide = tensor(graph, op, _SOURCE).dtype is DType.INT16
    return channel_requantization(graph, op, _SOURCE, wide=wide)


def check(graph: Graph, op: Operator) -> None:
    """Weights are (output channels, height, width, input channels)."""
    check_counts(graph, op, 3, 4)
    source, weights, out = tensor(graph, op, _SOURCE), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (source, weights, out), 4)
    shape = integers(graph, op, _SHAPE, "output shape")
    require(
        shape == out.shape,
        f"output shape {list(shape)} is not the output's {list(out.shape)}",
        graph,
        op,
    )
    check_weighted(graph, op, 0, source_at=_SOURCE, bias_at=_BIAS, int16_bias=_INT16_BIAS)
    require(
        weights.shape[0] == out.shape[3] and weights.shape[3] == source.shape[3],
        f"weights {list(weights.shape)} do not fit input {list(source.shape)} "
        f"and output {list(out.shape)}",
        graph,
        op,
    )
    _window(graph, op)
    _requantization(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[2]: (batch, height, width, channels).

    Source: reference_integer_ops::TransposeConv, which adds every input to all outputs it reaches.
    """
    source, weights = tensor(graph, op, _SOURCE), weights_table(tensor(graph, op, 1))
    centred = inputs[_SOURCE].astype(np.int64) - source.zero_point
    win = _window(graph, op)
    (rows, columns), (sh, sw) = win.output, win.stride
    # Large enough for all that any input reaches, and for the output where nothing reaches it.
    canvas = [
        max((n - 1) * s + k, size + p)
        for n, s, k, size, p in zip(
            win.output, win.stride, win.kernel, win.input, win.padding, strict=True
        )
    ]
    acc = np.zeros((win.pictures, *canvas, weights.shape[0]), np.int64)
    for y, x in np.ndindex(win.kernel):
        spread = exact_matmul(centred, weights[:, y, x].T)
        acc[:, y : y + (rows - 1) * sh + 1 : sh, x : x + (columns - 1) * sw + 1 : sw] += spread
    (top, left), (height, width) = win.padding, win.input
    acc = acc[:, top : top + height, left : left + width]
    acc = acc + bias_values(graph, op, weights.shape[0], _BIAS)
    return _requantization(graph, op).apply(acc)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, weights = tensor(graph, op, _SOURCE), tensor(graph, op, 1)
    name = f"forge_transpose_conv{suffix(source)}"
    return Kernel(
        header="transpose_conv" + HEADERS[suffix(source)],
        struct=name,
        function=f"{name}_row",
        fields={
            **_window(graph, op).fields(),
            "input_channels": weights.shape[3],
            "output_channels": weights.shape[0],
            **weighted_fields(
                graph,
                op,
                _requantization(graph, op),
                channel_axis=0,
                run=(3,),
                source_at=_SOURCE,
                bias_at=_BIAS,
            ),
        },
        inputs=(source.index,),
        form=Spread(_window(graph, op)),
    )


def macs(graph: Graph, op: Operator) -> int:
    """What falls outside the output counted, as everybody counts."""
    source, weights = tensor(graph, op, _SOURCE), tensor(graph, op, 1)
    return source.size // source.shape[3] * weights.size


def summary(graph: Graph, op: Operator) -> str:
    return with_activation(op, _window(graph, op).summary())


OP = Op(
    "TRANSPOSE_CONV",
    check,
    reference,
    lower,
    weighted=Weighted(2, 1, 3, channel_axis=0),
    macs=macs,
    summary=summary,
)
