"""DEPTHWISE_CONV_2D, int8 (weights of int8 or int4) or int16 (of int8), any depth
multiplier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops import (
    depthwise_3x3,
    depthwise_lanes,
    depthwise_list,
    depthwise_taps,
    depthwise_words,
)
from tinyforge.ops.base import (
    HEADERS,
    Kernel,
    Op,
    Values,
    Weighted,
    check_counts,
    check_rank,
    option,
    output,
    require,
    suffix,
    tensor,
)
from tinyforge.ops.convolution import (
    bias_values,
    check_weighted,
    requantization_of,
    weighted_fields,
    weights_table,
)
from tinyforge.ops.forms import Windowed
from tinyforge.ops.quantization import with_activation
from tinyforge.ops.target import Target
from tinyforge.ops.turned import swapped
from tinyforge.ops.window import weights_window


def check(graph: Graph, op: Operator) -> None:
    """Weights are (1, height, width, output channels)."""
    check_counts(graph, op, 2, 3)
    source, weights, out = tensor(graph, op, 0), tensor(graph, op, 1), output(graph, op)
    check_rank(graph, op, (source, weights, out), 4)
    check_weighted(graph, op, 3, int16_bias=(DType.INT64,), int4=True)
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
    requantization_of(graph, op)


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Values:
    """inputs[0]: (pictures, height, width, channels).

    Source: reference_integer_ops::DepthwiseConvPerChannel.
    """
    return np.stack([_picture(graph, op, picture) for picture in inputs[0]])


def _picture(graph: Graph, op: Operator, picture: npt.NDArray[Any]) -> Values:
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    centred = picture.astype(np.int64) - source.zero_point
    taps = np.repeat(
        weights_window(graph, op).taps(centred, 0), option(op, "depth_multiplier"), axis=4
    )
    acc = np.einsum("yxhwc,hwc->yxc", taps, weights[0].astype(np.int64))
    acc += bias_values(graph, op, weights.shape[3])
    return requantization_of(graph, op).apply(acc)


def lower(graph: Graph, op: Operator) -> Kernel:
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    kind = suffix(source, tensor(graph, op, 1))
    name = f"forge_depthwise_conv_2d{kind}"
    return Kernel(
        header="depthwise" + HEADERS[kind],
        struct=name,
        function=f"{name}_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "depth_multiplier": option(op, "depth_multiplier"),
            **weighted_fields(graph, op, requantization_of(graph, op), channel_axis=3, run=(2,)),
        },
        inputs=(source.index,),
        form=Windowed(win),
    )


def variants(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    if target.narrow:
        return depthwise_list.kernels(graph, op)
    dsp = depthwise_3x3.kernels(graph, op, target) or depthwise_taps.kernels(graph, op, target)
    words = depthwise_words.kernels(graph, op, target)
    return (*words, *depthwise_lanes.kernels(graph, op, target), *dsp)


def macs(graph: Graph, op: Operator) -> int:
    pictures, height, width, _ = output(graph, op).shape
    return pictures * height * width * tensor(graph, op, 1).size


def summary(graph: Graph, op: Operator) -> str:
    multiplier = option(op, "depth_multiplier")
    depth = f"depth multiplier {multiplier}" if multiplier > 1 else ""
    return with_activation(op, weights_window(graph, op).summary(), depth)


OP = Op(
    "DEPTHWISE_CONV_2D",
    check,
    reference,
    lower,
    variants=variants,
    weighted=Weighted(0, 1, 2, channel_axis=3),
    turned=swapped,
    macs=macs,
    summary=summary,
)
