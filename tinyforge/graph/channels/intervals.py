"""Between which values each element of a tensor lies, whatever the model is given.

Bounds go through the graph operator by operator, each by its own arithmetic: what is monotone is
computed for the least and for the greatest operands, what maps single values by all that it maps,
sums of products by the signs of their weights. What an operator here is not known to do may be any
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Operator, Tensor
from tinyforge.ops import OPS
from tinyforge.ops.convolution import bias_values, exact_matmul, weights_table
from tinyforge.ops.quantization import channel_requantization
from tinyforge.ops.reduction import count, scaling
from tinyforge.ops.window import weights_window

Array = npt.NDArray[Any]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Interval:
    """The least and the greatest value of each element of a tensor: of its shape and dtype."""

    low: Array
    high: Array


# (graph, operator, its operands) to its outputs.
Rule = Callable[[Graph, Operator, Sequence[Interval]], Sequence[Interval]]


def intervals(graph: Graph) -> dict[int, Interval]:
    """Of every int8 tensor that is computed, by index."""
    found = {t.index: _any_value(t) for t in graph.tensors if _is_computed(t)}
    for op in graph.operators:
        rule = _RULES.get(op.op)
        if rule is not None and is_int8(graph, op):
            operands = [_operand(graph, found, t) for t in op.inputs if t >= 0]
            found |= zip(op.outputs, rule(graph, op, operands), strict=True)
    return found


def is_int8(graph: Graph, op: Operator) -> bool:
    """Whether an operator is one that runs, on int8 values alone: what is known of its arithmetic
    holds, and no accumulator overflows."""
    computed = [graph.tensors[t] for t in (*op.inputs, *op.outputs) if t >= 0]
    if op.op not in OPS or any(t.data is None and not _is_computed(t) for t in computed):
        return False
    try:
        OPS[op.op].check(graph, op)
    except ForgeError:
        return False
    return True


def _is_computed(t: Tensor) -> bool:
    return t.data is None and t.dtype is DType.INT8


def _any_value(t: Tensor) -> Interval:
    return Interval(np.full(t.shape, -128, np.int8), np.full(t.shape, 127, np.int8))


def _operand(graph: Graph, found: Mapping[int, Interval], t: int) -> Interval:
    value = graph.tensors[t].data
    return found[t] if value is None else Interval(value, value)


def _monotone(graph: Graph, op: Operator, operands: Sequence[Interval]) -> list[Interval]:
    """Of operators whose outputs never fall where an operand rises."""
    known = OPS[op.op]
    lows = known.outputs(graph, op, [x.low for x in operands])
    highs = known.outputs(graph, op, [x.high for x in operands])
    return [Interval(low, high) for low, high in zip(lows, highs, strict=True)]


def _summed(graph: Graph, op: Operator, operands: Sequence[Interval]) -> list[Interval]:
    """Of operators that are monotone unless the scaling of their sums wraps at 32 bits."""
    if count(graph, op) * 255 << max(0, scaling(graph, op)[1]) >= 2**31:
        return [_any_value(graph.tensors[op.outputs[0]])]
    return _monotone(graph, op, operands)


def _separately(graph: Graph, op: Operator, operands: Sequence[Interval]) -> list[Interval]:
    """Of operators on elements that rise or fall throughout with each operand, the others being
    what they are: their extremes are where all operands are at an end."""
    ends = product(*((x.low, x.high) for x in operands))
    made = [OPS[op.op].outputs(graph, op, end)[0] for end in ends]
    return [Interval(np.minimum.reduce(made), np.maximum.reduce(made))]


def _looked_up(graph: Graph, op: Operator, operands: Sequence[Interval]) -> list[Interval]:
    """Of operators that map each value by itself: the extremes of all that lie between."""
    (x,) = operands
    (table,) = OPS[op.op].outputs(graph, op, [np.arange(-128, 128, dtype=np.int8)])
    least = np.stack([np.minimum.accumulate(np.roll(table, -start)) for start in range(256)])
    most = np.stack([np.maximum.accumulate(np.roll(table, -start)) for start in range(256)])
    first = x.low.astype(np.int64) + 128
    span = x.high.astype(np.int64) + 128 - first
    return [Interval(least[first, span], most[first, span])]


# (graph, operator, int64 values less their zero point, weights) to sums of products.
Products = Callable[[Graph, Operator, Int, Int], Int]


def _of_products(products: Products) -> Rule:
    """Of operators with weights, from their sums of products, which are linear."""

    def rule(graph: Graph, op: Operator, operands: Sequence[Interval]) -> list[Interval]:
        low, high = (end.astype(np.int64) for end in (operands[0].low, operands[0].high))
        weights = weights_table(graph.tensors[op.inputs[1]]).astype(np.int64)
        zero_point = graph.tensors[op.inputs[0]].zero_point
        middle = products(graph, op, low + high - 2 * zero_point, weights)
        spread = products(graph, op, high - low, np.abs(weights))
        bias = bias_values(graph, op, middle.shape[-1])
        least, most = ((middle + half) // 2 + bias for half in (-spread, spread))
        return [_requantized(graph, op, least, most)]

    return rule


def _requantized(graph: Graph, op: Operator, least: Int, most: Int) -> Interval:
    """Of accumulators. Scaling is monotone unless its left shift wraps at 32 bits."""
    scale, out = channel_requantization(graph, op), graph.tensors[op.outputs[0]]
    magnitude = np.maximum(np.abs(least), np.abs(most)) << np.maximum(scale.shift, 0)
    wraps = magnitude >= 2**31
    low = np.where(wraps, scale.low, scale.apply(least))
    high = np.where(wraps, scale.high, scale.apply(most))
    return Interval(low.astype(np.int8).reshape(out.shape), high.astype(np.int8).reshape(out.shape))


def _convolved(graph: Graph, op: Operator, x: Int, weights: Int) -> Int:
    window, groups = weights_window(graph, op), x.shape[3] // weights.shape[3]
    filters = np.split(weights.reshape(len(weights), -1), groups)
    return np.stack(
        [
            np.concatenate(
                [
                    exact_matmul(seen.reshape(*window.output, -1), some.T)
                    for seen, some in zip(
                        np.split(window.taps(picture, 0), groups, axis=4), filters, strict=True
                    )
                ],
                axis=2,
            )
            for picture in x
        ]
    )


def _depthwise(graph: Graph, op: Operator, x: Int, weights: Int) -> Int:
    window, multiplier = weights_window(graph, op), weights.shape[3] // x.shape[3]
    taps = (np.repeat(window.taps(picture, 0), multiplier, axis=4) for picture in x)
    return np.stack([np.einsum("yxhwc,hwc->yxc", seen, weights[0]) for seen in taps])


def _dense(graph: Graph, op: Operator, x: Int, weights: Int) -> Int:
    del graph, op
    return exact_matmul(x.reshape(-1, weights.shape[1]), weights.T)


_RULES: Mapping[str, Rule] = {
    "CONV_2D": _of_products(_convolved),
    "DEPTHWISE_CONV_2D": _of_products(_depthwise),
    "FULLY_CONNECTED": _of_products(_dense),
    "MEAN": _summed,
    "SUM": _summed,
    **dict.fromkeys(("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"), _separately),
    **dict.fromkeys(
        ("ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "QUANTIZE", "RELU", "RELU6", "TANH"),
        _looked_up,
    ),
    **dict.fromkeys(
        (
            "ADD_N",
            "AVERAGE_POOL_2D",
            "BATCH_TO_SPACE_ND",
            "CONCATENATION",
            "DEPTH_TO_SPACE",
            "EXPAND_DIMS",
            "MAX_POOL_2D",
            "MIRROR_PAD",
            "PACK",
            "PAD",
            "PADV2",
            "REDUCE_MAX",
            "REDUCE_MIN",
            "RESHAPE",
            "RESIZE_BILINEAR",
            "RESIZE_NEAREST_NEIGHBOR",
            "SLICE",
            "SPACE_TO_BATCH_ND",
            "SPACE_TO_DEPTH",
            "SPLIT",
            "SPLIT_V",
            "SQUEEZE",
            "STRIDED_SLICE",
            "TRANSPOSE",
            "UNPACK",
        ),
        _monotone,
    ),
}
