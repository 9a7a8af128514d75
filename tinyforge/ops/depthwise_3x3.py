"""DEPTHWISE_CONV_2D with filters of 3x3 on cores that multiply and add two pairs of int16 at once.

The kernel's filters: firmware/kernels/depthwise_3x3.h says what they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
# Of a cache that keeps what one block has read of its filters for the next one: a small one's.
_CACHED_BYTES = 256


@dataclass(frozen=True)
class Costs:
    """Cycles of a row and of each of its pixels, where the tile is filled once for all channels; of
    four channels of a row: for the row, for each block and for each pixel."""

    row: float
    column: float
    four: float
    block: float
    pixel: float


# By stride.
_CYCLES = {1: Costs(100, 0, 65, 128, 85.5), 2: Costs(100, 0, 50, 121, 125.0)}
_SINGLE_CYCLES = {1: Costs(60, 23, 5, 126, 54.5), 2: Costs(60, 50, 0, 116, 62)}
_TRIPLE_CYCLES = {1: Costs(87, 36.5, 0, 182, 114.5), 2: Costs(90, 71.5, 0, 238, 124)}
# CONV_2D, by its input's channels.
_OF_FEW = {
    1: ("single_3x3", "one channel, pairs of rows", _SINGLE_CYCLES),
    3: ("triple_3x3", "three channels, pairs of rows", _TRIPLE_CYCLES),
}
_AWAY_CYCLES, _CLAMP_CYCLES = 1.0, 2.8  # a value


def kernels(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    offered = target.dsp and option(op, "depth_multiplier") == 1
    return _kernels(graph, op, "depthwise_3x3", "pairs of rows", _CYCLES) if offered else ()


def of_few_channels(graph: Graph, op: Operator) -> Sequence[Kernel]:
    """Of CONV_2D the same, where its input has one channel or three: those of each filter."""
    way = _OF_FEW.get(tensor(graph, op, 0).shape[3])
    return () if way is None else _kernels(graph, op, *way)


def _kernels(
    graph: Graph, op: Operator, header: str, way: str, costs: Mapping[int, Costs]
) -> Sequence[Kernel]:
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    channels = output(graph, op).shape[3]
    found = scaled(graph, op) if _fits(graph, op) and win.stride[1] in costs else None
    if found is None:
        return ()
    each_value = _AWAY_CYCLES * found.away + _CLAMP_CYCLES * is_clamped(graph, op)
    filters = _filters(graph, op, found)
    columns = (win.output[1] - 1) * win.stride[1] + win.kernel[1]
    return (
        Kernel(
            header=f"{header}.h",
            struct="forge_depthwise_3x3",
            function=f"forge_{header}_columns",
            fields=fields_of(graph, op, found, filters),
            inputs=(source.index,),
            form=Windowed(win, tile_bytes=-(-columns // 2) * _RECORD_BYTES),
            way=way,
            cycles=_cycles(win, channels, each_value, costs[win.stride[1]]),
            part=_part_cycles(channels, costs[win.stride[1]]),
            reads=win.pictures * win.output[0] * _row_reads(filters, win),
        ),
    )


def _row_reads(filters: npt.NDArray[np.int32], win: Window) -> int:
    """Bytes of filters that a row of outputs loads."""
    four = _QUAD * filters[0].nbytes
    return filters.nbytes * (1 if four <= _CACHED_BYTES else -(-win.output[1] // _BLOCK))


def _fits(graph: Graph, op: Operator) -> bool:
    """int8, a filter of 3x3 a channel; and each window's middle lies in the picture."""
    source, weights, win = tensor(graph, op, 0), tensor(graph, op, 1), weights_window(graph, op)
    middles = (
        p <= 1 and (o - 1) * s - p + 1 < n
        for p, o, s, n in zip(win.padding, win.output, win.stride, win.input, strict=True)
    )
    undilated = win.kernel == (3, 3) and win.dilation == (1, 1)
    return (
        source.dtype is weights.dtype is DType.INT8
        and undilated
        and output(graph, op).shape[3] >= _QUAD
        and all(middles)
    )


def filters_of(graph: Graph, op: Operator) -> Int:
    """(height, width, inputs, channels), of CONV_2D, or of DEPTHWISE_CONV_2D with one input."""
    weights = weights_table(tensor(graph, op, 1)).astype(np.int64)
    return weights[0][:, :, None] if _is_depthwise(op) else np.moveaxis(weights, 0, 3)


def _is_depthwise(op: Operator) -> bool:
    return "depth_multiplier" in op.options


def scaled(graph: Graph, op: Operator) -> Offsets | None:
    """How doubled sums become outputs; None where the kernels' arithmetic could not."""
    return offsets(channel_requantization(graph, op), *reach(graph, op))


def is_clamped(graph: Graph, op: Operator) -> bool:
    """Whether an output's type allows more than its activation does."""
    found = channel_requantization(graph, op)
    return (found.low, found.high) != limits(output(graph, op))


def fields_of(
    graph: Graph, op: Operator, found: Offsets, filters: npt.NDArray[np.int32]
) -> dict[str, int | Table]:
    """The kernel's members. found: of scaled(); filters: as its header has them."""
    requantization = channel_requantization(graph, op)
    return {
        **weights_window(graph, op).fields(),
        "channels": output(graph, op).shape[3],
        "input_zero_point": tensor(graph, op, 0).zero_point,
        "activation_min": requantization.low,
        "activation_max": requantization.high,
        "away": int(found.away),
        "filters": Table("int32_t", filters),
    }


def reach(graph: Graph, op: Operator) -> tuple[Int, Int]:
    """The least and the most that each channel's sum can be."""
    source, filters = tensor(graph, op, 0), filters_of(graph, op)
    bias = bias_values(graph, op, filters.shape[3])
    most, least = 127 - source.zero_point, -128 - source.zero_point
    high = bias + np.maximum(filters * most, filters * least).sum((0, 1, 2))
    low = bias + np.minimum(filters * most, filters * least).sum((0, 1, 2))
    return low, high


def _filters(graph: Graph, op: Operator, found: Offsets) -> npt.NDArray[np.int32]:
    """(channels, words), as depthwise_3x3.h has them."""
    filters = 2 * filters_of(graph, op)
    words: list[Int] = []
    for i in range(filters.shape[2]):
        upper, middle, lower = filters[:, :, i]
        begins = i == 0
        words += [pairs(lower[0], lower[1]), pairs(found.shift * begins, lower[2])]
        words += [2 * inputs_bias(graph, op)] * begins
        words += [pairs(upper[x], middle[x]) for x in range(3)]
    words += [found.multiplier, found.offset]
    return np.stack(words, axis=1).astype(np.uint32).view(np.int32)


def inputs_bias(graph: Graph, op: Operator) -> Int:
    """Of sums of inputs as they are: with what the zero point takes away."""
    filters = filters_of(graph, op)
    bias = bias_values(graph, op, filters.shape[3])
    bias -= tensor(graph, op, 0).zero_point * filters.sum((0, 1, 2))
    return bias


def pairs(first: Int, second: Int) -> Int:
    """Words of two int16, the first in the lower half."""
    return (first & 0xFFFF) | (second & 0xFFFF) << 16


def _cycles(win: Window, channels: int, each_value: float, costs: Costs) -> int:
    """Fitted to what gcc 12 makes; within a few percent."""
    width = win.output[1]
    blocks = -(-width // _BLOCK)
    four = costs.four + costs.block * blocks + costs.pixel * width
    row = costs.row + costs.column * width + -(-channels // _QUAD) * four
    row += each_value * width * channels
    return round(win.pictures * win.output[0] * row)


def _part_cycles(channels: int, costs: Costs) -> int:
    """What a part of a row takes beside its pixels: a block of fewer."""
    return round(costs.row + -(-channels // _QUAD) * (costs.four + 0.7 * costs.block))
