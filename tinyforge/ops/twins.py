"""CONV_2D and FULLY_CONNECTED on cores whose products have 32 bits: one product for two pixels
(firmware/kernels/twins.h), or for two channels (twin_channels.h)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import by_pairs, inputs_bias, reach
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import Whole, Windowed
from tinyforge.ops.narrow import come_apart, narrow, stream
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.window import Window

_WORD = 4  # bytes


def conv_kernels(
    graph: Graph, op: Operator, requantization: Requantization, win: Window
) -> Sequence[Kernel]:
    """Two windows as one."""
    source = tensor(graph, op, 0)
    scaling = narrow(requantization, *reach(graph, op))
    weights = _weights(graph, op, _WORD)
    if not _bytes(graph, op) or scaling is None or not come_apart(weights):
        return ()
    channels, taps = weights.shape
    words = np.ascontiguousarray(weights, np.int8).view("<i4").astype(np.int64)
    kernel = Kernel(
        header="twin_conv.h",
        struct="forge_twin_conv",
        function="forge_twin_conv_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            "twins.stream": Table(
                "int32_t", stream(inputs_bias(graph, op)[:, None], words, scaling.words)
            ),
            "twins.words": taps // _WORD,
            "twins.channels": channels,
            **scaling.fields("twins."),
        },
        inputs=(source.index,),
        form=Windowed(win, tile_bytes=_WORD * taps),
        way="two pixels a word",
        cycles=_window_cycles(win, channels, taps),
    )
    return (kernel,)


def row_kernels(graph: Graph, op: Operator, requantization: Requantization) -> Sequence[Kernel]:
    """A row against two channels at once."""
    source, depth = tensor(graph, op, 0), tensor(graph, op, 1).shape[1]
    scaling = narrow(requantization, *reach(graph, op))
    weights = _weights(graph, op, 2)
    if not _bytes(graph, op) or scaling is None or not come_apart(weights):
        return ()
    channels, inputs = weights.shape
    rows = source.size // depth
    first, second = by_pairs(weights).swapaxes(0, 1)
    scalings = by_pairs(scaling.words)[:, ::-1].reshape(len(first), -1)
    kernel = Kernel(
        header="twin_channels.h",
        struct="forge_twin_channels",
        function="forge_twin_channels_run",
        fields={
            "rows": rows,
            "input_depth": depth,
            "channels": channels,
            "stream": Table(
                "int32_t",
                stream(by_pairs(inputs_bias(graph, op)), first + (second << 16), scalings),
            ),
            **scaling.fields(),
        },
        inputs=(source.index,),
        form=Whole(scratch_bytes=_WORD * inputs),
        way="two channels a word",
        cycles=rows * (80 + 6 * depth + len(first) * (5 * inputs + 90)),
    )
    return (kernel,)


def _bytes(graph: Graph, op: Operator) -> bool:
    return tensor(graph, op, 0).dtype is tensor(graph, op, 1).dtype is DType.INT8


def _weights(graph: Graph, op: Operator, multiple: int) -> Int:
    """(channels, weights of each), of a multiple; 0 where there are none."""
    table = weights_table(tensor(graph, op, 1))
    flat = table.reshape(len(table), -1).astype(np.int64)
    return np.pad(flat, ((0, 0), (0, -flat.shape[1] % multiple)))


def _window_cycles(win: Window, channels: int, taps: int) -> int:
    """Instructions of a convolution on a Cortex-M0+, about."""
    tiles = win.pictures * win.output[0] * -(-win.output[1] // 2)
    filling = 60 + 9 * taps + 30 * win.kernel[0]
    return tiles * (filling + channels * (6 * taps + 85))
