"""DEPTHWISE_CONV_2D, int8, any depth multiplier."""

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
    Weighted,
    check_counts,
    check_rank,
    option,
    output,
    require,
    tensor,
)
from tinyforge.ops.convolution import bias_values, check_weighted, weights_table
from tinyforge.ops.forms import Windowed
from tinyforge.ops.quantization import activation_name, channel_requantization
from tinyforge.ops.turned import swapped
from tinyforge.ops.window import weights_window


def check(graph: Graph, op: Operator) -> None:
    """Weights are (1, height, width, output channels)."""
    check_counts(graph, op, 2, 3)
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (source, weights, out), 4)
    check_weighted(graph, op, 3)
    require(
        len(op.inputs) == 2 or op.inputs[2] >= 0,
        "TensorFlow Lite Micro crashes on a depthwise bias that is left out as input -1",
        graph,
        op,
        fix="leave the third input away altogether, or give it zeros",
    )
    multiplier = option(op, "depth_multiplier")
    require(
        multiplier >= 1
        and weights.shape[0] == 1
        and weights.shape[3] == out.shape[3] == source.shape[3] * multiplier,
        f"depth multiplier {multiplier} and weights {list(weights.shape)} do not fit input "
        f"{list(source.shape)} and output {list(out.shape)}",
        graph,
        op,
    )
    weights_window(graph, op)
    channel_requantization(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Int8Array:
    """inputs[0]: (1, height, width, channels).

    Source: reference_integer_ops::DepthwiseConvPerChannel.
    """
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    centred = inputs[0][0].astype(np.int64) - source.zero_point
    taps = np.repeat(
        weights_window(graph, op).taps(centred, 0), option(op, "depth_multiplier"), axis=4
    )
    acc = np.einsum("yxhwc,hwc->yxc", taps, weights[0].astype(np.int64))
    acc += bias_values(graph, op, weights.shape[3])
    return channel_requantization(graph, op).apply(acc)[np.newaxis]


def lower(graph: Graph, op: Operator) -> Kernel:
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    win = weights_window(graph, op)
    return Kernel(
        header="depthwise.h",
        struct="forge_depthwise_conv_2d",
        function="forge_depthwise_conv_2d_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "depth_multiplier": option(op, "depth_multiplier"),
            "input_zero_point": source.zero_point,
            "weights": Table("int8_t", weights),
            "bias": Table("int32_t", bias_values(graph, op, weights.shape[3])),
            **channel_requantization(graph, op).fields(),
        },
        inputs=(source.index,),
        form=Windowed(win),
    )


def macs(graph: Graph, op: Operator) -> int:
    _, height, width, _ = output(graph, op).shape
    return height * width * tensor(graph, op, 1).size


def summary(graph: Graph, op: Operator) -> str:
    activation = activation_name(option(op, "fused_activation_function"))
    multiplier = option(op, "depth_multiplier")
    depth = f"depth multiplier {multiplier}" if multiplier > 1 else ""
    return ", ".join(filter(None, (weights_window(graph, op).summary(), depth, activation)))


OP = Op(
    "DEPTHWISE_CONV_2D",
    check,
    reference,
    lower,
    weighted=Weighted(0, 1, 2, channel_axis=3),
    turned=swapped,
    macs=macs,
    summary=summary,
)
