"""DEPTHWISE_CONV_2D with filters of 3x3 on cores that multiply and add two pairs of int16 at once.

The kernel's filters: firmware/kernels/depthwise_3x3.h says what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, option, output, tensor
from tinyforge.ops.convolution import bias_values, weights_table
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import Windowed
from tinyforge.ops.offsets import Offsets, offsets
from tinyforge.ops.quantization import channel_requantization, limits
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, weights_window

_QUAD = 4  # channels at a time
_RECORD_BYTES = 48  # of the tile: two columns of four channels
_BLOCK = 6  # pixels, or fewer
_FILTER_BYTES = 32  # of a channel

# By stride, of four channels of a row: for the row, for each block and for each pixel.
_CYCLES = {1: (65, 152, 85.5), 2: (50, 145, 125.0)}
_AWAY_CYCLES, _CLAMP_CYCLES = 1.0, 2.8  # a value


def kernels(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    found = scaled(graph, op) if target.dsp and _fits(graph, op) else None
    if found is None:
        return ()
    requantization = channel_requantization(graph, op)
    low, high = requantization.low, requantization.high
    each_value = _AWAY_CYCLES * found.away
    each_value += _CLAMP_CYCLES * ((low, high) != limits(output(graph, op)))
    columns = (win.output[1] - 1) * win.stride[1] + win.kernel[1]
    return (
        Kernel(
            header="depthwise_3x3.h",
            struct="forge_depthwise_3x3",
            function="forge_depthwise_3x3_columns",
            fields={
                **win.fields(),
                "channels": source.shape[3],
                "input_zero_point": source.zero_point,
                "activation_min": low,
                "activation_max": high,
                "away": int(found.away),
                "filters": Table("int32_t", _filters(graph, op, found)),
            },
            inputs=(source.index,),
            form=Windowed(win, tile_bytes=-(-columns // 2) * _RECORD_BYTES),
            way="pairs of rows",
            cycles=_cycles(win, source.shape[3], each_value),
            reads=win.pictures * win.output[0] * source.shape[3] * _FILTER_BYTES,
        ),
    )


def _fits(graph: Graph, op: Operator) -> bool:
    """int8, a filter of 3x3 a channel, a stride that there are blocks for; and each window's middle
    lies in the picture."""
    source, weights, win = tensor(graph, op, 0), tensor(graph, op, 1), weights_window(graph, op)
    if not source.dtype is weights.dtype is DType.INT8 or option(op, "depth_multiplier") != 1:
        return False
    middles = (
        p <= 1 and (o - 1) * s - p + 1 < n
        for p, o, s, n in zip(win.padding, win.output, win.stride, win.input, strict=True)
    )
    undilated = win.kernel == (3, 3) and win.dilation == (1, 1)
    return undilated and win.stride[1] in _CYCLES and source.shape[3] >= _QUAD and all(middles)


def scaled(graph: Graph, op: Operator) -> Offsets | None:
    """How doubled sums become outputs; None where the kernels' arithmetic could not."""
    return offsets(channel_requantization(graph, op), *reach(graph, op))


def reach(graph: Graph, op: Operator) -> tuple[Int, Int]:
    """The least and the most that each channel's sum can be."""
    source, weights = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    filters = weights[0].reshape(-1, weights.shape[3]).astype(np.int64)
    bias = bias_values(graph, op, filters.shape[1])
    most, least = 127 - source.zero_point, -128 - source.zero_point
    high = bias + np.maximum(filters * most, filters * least).sum(0)
    low = bias + np.minimum(filters * most, filters * least).sum(0)
    return low, high


def _filters(graph: Graph, op: Operator, found: Offsets) -> npt.NDArray[np.int32]:
    """(channels, 8)"""
    upper, middle, lower = 2 * weights_table(tensor(graph, op, 1))[0].astype(np.int64)
    words = (
        pairs(lower[0], lower[1]),
        pairs(found.shift, lower[2]),
        2 * inputs_bias(graph, op),
        *(pairs(upper[x], middle[x]) for x in range(3)),
        found.multiplier,
        found.offset,
    )
    return np.stack(words, axis=1).astype(np.uint32).view(np.int32)


def inputs_bias(graph: Graph, op: Operator) -> Int:
    """Of sums of inputs as they are: with what the zero point takes away."""
    weights = weights_table(tensor(graph, op, 1))[0].astype(np.int64)
    bias = bias_values(graph, op, weights.shape[2])
    bias -= tensor(graph, op, 0).zero_point * weights.sum((0, 1))
    return bias


def pairs(first: Int, second: Int) -> Int:
    """Words of two int16, the first in the lower half."""
    return (first & 0xFFFF) | (second & 0xFFFF) << 16


def _cycles(win: Window, channels: int, each_value: float) -> int:
    """Fitted to what gcc 12 makes; within a few percent."""
    width = win.output[1]
    blocks = -(-width // _BLOCK)
    quads = -(-channels // _QUAD)
    fixed, each_block, each_pixel = _CYCLES[win.stride[1]]
    row = 100 + quads * (fixed + each_block * blocks + each_pixel * width)
    row += each_value * width * channels
    return round(win.pictures * win.output[0] * row)
