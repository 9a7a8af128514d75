"""Random single-operator models: geometry, quantization and weights within what TFLM accepts.

What belongs together is drawn in a module of its own, case_<family>.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops import (
    case_arithmetic,
    case_batch_matmul,
    case_binary,
    case_detection,
    case_elementwise,
    case_movement,
    case_picking,
    case_plain,
    case_reduce,
    case_split,
    case_transpose_conv,
)
from tests.ops.draw import SAME, Random
from tinyforge.graph import DType, Graph, Quant
from tinyforge.ops import index_limits


def _output_size(size: int, axis: str, w: dict[str, int]) -> int:
    stride = w[f"stride_{axis}"]
    reach = (w[f"kernel_{axis}"] - 1) * w[f"dilation_{axis}"] + 1
    return (size + stride - (1 if w["padding"] == SAME else reach)) // stride


def _bias(
    r: Random, source: TensorSpec, weights: Constant, out: int
) -> tuple[Constant | None, dict[str, int]]:
    """Of CONV_2D and FULLY_CONNECTED, with options: where the bias of int16 activations is int32,
    or would be, they sum in 32 bits."""
    bias = r.bias(source, weights, out)
    if not r.wide or r.integer(0, 2):
        return bias, {}
    if bias is not None:
        bias = Constant(np.clip(bias.values, -(2**31), 2**31 - 1).astype(np.int32), bias.quant)
    return bias, {"quantized_bias_type": DType.INT32.value}


def conv_2d(r: Random) -> Graph:
    height, width, channels, out = (r.integer(1, 9) for _ in range(4))
    groups = r.pick(1, 1, 1, 2, 3)
    out *= groups
    w = r.window(height, width, dilated=True)
    source = r.spec(1, height, width, channels * groups)
    weights = r.weights((out, w["kernel_h"], w["kernel_w"], channels), 0)
    bias, options = _bias(r, source, weights, out)
    return single_op(
        "CONV_2D",
        inputs=[source, weights, bias],
        output=r.spec(1, _output_size(height, "h", w), _output_size(width, "w", w), out),
        options={
            "padding": w["padding"],
            "stride_h": w["stride_h"],
            "stride_w": w["stride_w"],
            "dilation_h_factor": w["dilation_h"],
            "dilation_w_factor": w["dilation_w"],
            "fused_activation_function": r.activation(),
            **options,
        },
    )


def depthwise_conv_2d(r: Random) -> Graph:
    height, width, channels = (r.integer(1, 9) for _ in range(3))
    multiplier = r.pick(1, 1, 2, 3)
    w = r.window(height, width, dilated=True)
    if r.integer(0, 1):  # most that there are; kernels of their own compute them
        width = r.integer(3, 20)
        height = max(height, 3)
        w |= dict.fromkeys(("kernel_h", "kernel_w"), 3)
        w |= dict.fromkeys(("dilation_h", "dilation_w"), 1)
    source = r.spec(1, height, width, channels)
    out = channels * multiplier
    weights = r.weights((1, w["kernel_h"], w["kernel_w"], out), 3)
    return single_op(
        "DEPTHWISE_CONV_2D",
        inputs=[source, weights, *filter(None, [r.bias(source, weights, out)])],
        output=r.spec(1, _output_size(height, "h", w), _output_size(width, "w", w), out),
        options={
            "padding": w["padding"],
            "stride_h": w["stride_h"],
            "stride_w": w["stride_w"],
            "dilation_h_factor": w["dilation_h"],
            "dilation_w_factor": w["dilation_w"],
            "depth_multiplier": multiplier,
            "fused_activation_function": r.activation(),
        },
    )


def one_scale(r: Random, weights: Constant) -> Constant:
    """As FULLY_CONNECTED has int4 weights."""
    assert weights.quant is not None
    one = Quant(weights.quant.scale[:1], (0,))
    return replace(weights, quant=one) if r.int4 else weights


def fully_connected(r: Random) -> Graph:
    depth, out = r.integer(1, 40), r.integer(1, 20)
    source = r.spec(*r.pick((1, depth), (1, 3, depth)))
    weights = one_scale(r, r.weights((out, depth), 0))
    keep = len(source.shape) == 3
    assert weights.quant is not None
    unit = source.scale * weights.quant.scale[0]
    bias, options = _bias(r, source, weights, out)
    return single_op(
        "FULLY_CONNECTED",
        inputs=[source, weights, bias],
        output=r.spec(*source.shape[:-1], out, scale=r.pick(None, r.tie_scale(unit))),
        options={"fused_activation_function": r.activation(), "keep_num_dims": keep, **options},
    )


def pool(name: str) -> Callable[[Random], Graph]:
    def case(r: Random) -> Graph:
        height, width, channels = (r.integer(1, 9) for _ in range(3))
        w = r.window(height, width, dilated=False)
        source = r.spec(1, height, width, channels)
        shape = (1, _output_size(height, "h", w), _output_size(width, "w", w), channels)
        return single_op(
            name,
            inputs=[source],
            output=replace(source, shape=shape),
            options={
                "padding": w["padding"],
                "stride_h": w["stride_h"],
                "stride_w": w["stride_w"],
                "filter_height": w["kernel_h"],
                "filter_width": w["kernel_w"],
                "fused_activation_function": r.activation(),
            },
        )

    return case


def softmax(r: Random) -> Graph:
    source = r.spec(*r.pick((1, 1), (1, 2), (1, r.integer(3, 40)), (1, 4, 5)))
    scale, zero_point = (2**-15, 0) if r.wide else (1 / 256, -128)
    return single_op(
        "SOFTMAX",
        inputs=[source],
        output=replace(source, scale=scale, zero_point=zero_point),
        options={"beta": r.pick(1.0, 1.0, 0.5, 2.0)},
    )


CASES: dict[str, Callable[[Random], Graph]] = {
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "SOFTMAX": softmax,
    **case_arithmetic.CASES,
    **case_batch_matmul.CASES,
    **case_binary.CASES,
    **case_detection.CASES,
    **case_elementwise.CASES,
    **case_movement.CASES,
    **case_picking.CASES,
    **case_plain.CASES,
    **case_reduce.CASES,
    **case_split.CASES,
    **case_transpose_conv.CASES,
}


# Those that TensorFlow Lite Micro has for int16.
INT16 = (
    *case_binary.CASES,
    *case_split.CASES,
    *(op for op in case_movement.CASES if op not in ("DEPTH_TO_SPACE", "SPACE_TO_DEPTH")),
    *(op for op in case_elementwise.CASES if op not in ("ELU", "HARD_SWISH")),
    *case_batch_matmul.CASES,
    *case_transpose_conv.CASES,
    "AVERAGE_POOL_2D",
    "BROADCAST_TO",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DYNAMIC_UPDATE_SLICE",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MEAN",
    "REVERSE_V2",
    "RSQRT",
    "SOFTMAX",
    "SUM",
)

# Those that it has for int4 weights.
INT4 = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")

# Names of cases: an operator's, with "/int16" behind it where its activations are of that type, and
# "/int4" where its weights are.
NAMES = (*CASES, *(f"{op}/int16" for op in INT16), *(f"{op}/int4" for op in INT4))


# Of operators that not every value makes sense to.
_VALUES = case_detection.VALUES | case_arithmetic.VALUES | case_picking.VALUES


def random_case(
    name: str, seed: int, draws: type[Random] = Random
) -> tuple[Graph, list[npt.NDArray[Any]]]:
    """A model of one operator, and values for its inputs. The same for the same seed."""
    op, _, kind = name.partition("/")
    dtype = DType.INT16 if kind == "int16" else DType.INT8
    r = draws(np.random.default_rng([seed, *name.encode()]), dtype, int4=kind == "int4")
    graph = CASES[op](r)
    if op in _VALUES:
        return graph, _VALUES[op](r, graph)
    limits = index_limits(graph)
    return graph, [
        r.rng.integers(0, limits[t.index], t.shape).astype(np.int32)
        if t.index in limits
        else r.values(t.shape, t.dtype)
        for t in graph.input_tensors
    ]
