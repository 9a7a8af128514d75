"""CONV_2D, int8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import (
    Int8Array,
    Kernel,
    Op,
    Table,
    check_counts,
    check_rank,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.convolution import bias_values, check_weighted, exact_matmul, weights_table
from tinyforge.ops.forms import Windowed
from tinyforge.ops.quantization import activation_name, channel_requantization
from tinyforge.ops.window import weights_window


def check(graph: Graph, op: Operator) -> None:
    """Weights are (output channels, height, width, input channels)."""
    check_counts(graph, op, 2, 3)
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (source, weights, out), 4)
    check_weighted(graph, op, 0)
    require(
        weights.shape[0] == out.shape[3] and weights.shape[3] == source.shape[3],
        f"weights {list(weights.shape)} do not fit input {list(source.shape)} "
        f"and output {list(out.shape)}",
        graph,
        op,
        fix="grouped convolutions are not supported" if source.shape[3] != weights.shape[3] else "",
    )
    weights_window(graph, op)
    channel_requantization(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (1, height, width, channels). Source: reference_integer_ops::ConvPerChannel."""
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    centred = inputs[0][0].astype(np.int64) - source.zero_point
    win = weights_window(graph, op)
    taps = win.taps(centred, 0).reshape(*win.output, -1)
    acc = exact_matmul(taps, weights.reshape(weights.shape[0], -1).T)
    acc += bias_values(graph, op, weights.shape[0])
    return channel_requantization(graph, op).apply(acc)[np.newaxis]


def lower(graph: Graph, op: Operator) -> Kernel:
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    win = weights_window(graph, op)
    return Kernel(
        header="conv.h",
        struct="forge_conv_2d",
        function="forge_conv_2d_step",
        fields={
            **win.fields(),
            "input_channels": weights.shape[3],
            "output_channels": weights.shape[0],
            "input_zero_point": source.zero_point,
            "weights": Table("int8_t", weights),
            "bias": Table("int32_t", bias_values(graph, op, weights.shape[0])),
            **channel_requantization(graph, op).fields(),
        },
        inputs=(source.index,),
        form=Windowed(win),
    )


def macs(graph: Graph, op: Operator) -> int:
    """Padding counted, as everybody counts."""
    _, height, width, channels = output(graph, op).shape
    return height * width * channels * (tensor(graph, op, 1).size // channels)


def summary(graph: Graph, op: Operator) -> str:
    activation = activation_name(option(op, "fused_activation_function"))
    return ", ".join(filter(None, (weights_window(graph, op).summary(), activation)))


OP = Op("CONV_2D", check, reference, lower, macs=macs, summary=summary)
