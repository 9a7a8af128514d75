"""DEPTHWISE_CONV_2D on cores with vectors, pixel by pixel.

The kernel's filters: firmware/kernels/depthwise_lanes.h says what they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Table, output, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.depthwise_3x3 import inputs_bias
from tinyforge.ops.depthwise_words import requantized_right, vector_fields
from tinyforge.ops.forms import Windowed, aligned
from tinyforge.ops.quantization import Requantization, limits
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, weights_window

_LANES = 16
_POINTER_BYTES = 4
# Of sixteen channels, how the products of their bytes come apart, first into halves and then into
# words: every fourth from 0, from 2, from 1 and from 3 on.
_ORDER = np.arange(_LANES).reshape(-1, 4).T[[0, 2, 1, 3]].ravel()

# Instructions of a pixel; of a tap there; of sixteen channels, of each two taps for them, of what
# rounds them away, and of what clamps them.
_PIXEL, _TAP, _SIXTEEN, _PAIR, _AWAY, _CLAMP = 95, 6, 38, 24, 8, 9


def kernels(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    found = requantized_right(graph, op) if target.mve and source.shape[3] >= _LANES else None
    taps = _taps(graph, op)
    if found is None or not _fit(taps):
        return ()
    requantization, away = found
    low, high = requantization.low, requantization.high
    clamped = (low, high) != limits(output(graph, op))
    stream = _stream(graph, op, taps, requantization)
    return (
        Kernel(
            header="depthwise_lanes.h",
            struct="forge_depthwise_lanes",
            function="forge_depthwise_lanes_columns",
            fields={
                **vector_fields(source, win, requantization, away=away),
                "filters": Table("int32_t", stream),
            },
            inputs=(source.index,),
            form=Windowed(win, tile_bytes=aligned(source.shape[3]) + _POINTER_BYTES * len(taps)),
            way="a channel a lane",
            cycles=_cycles(win, source.shape[3], _AWAY * away + _CLAMP * clamped),
            reads=win.pictures * win.output[0] * win.output[1] * stream.nbytes,
        ),
    )


def _taps(graph: Graph, op: Operator) -> npt.NDArray[np.int8]:
    """(taps, channels): an even number, the last one perhaps of zeros."""
    weights = weights_table(tensor(graph, op, 1))[0]
    taps = weights.reshape(-1, weights.shape[2])
    return np.pad(taps, ((0, len(taps) % 2), (0, 0)))


def _fit(taps: npt.NDArray[np.int8]) -> bool:
    """Whether the products of each two taps fit int16, whatever the inputs: -128 times -128 twice
    does not."""
    return not (taps.reshape(-1, 2, taps.shape[1]) == -128).all(1).any()


def _stream(
    graph: Graph, op: Operator, taps: npt.NDArray[np.int8], r: Requantization
) -> npt.NDArray[np.int32]:
    """All words, in the order of use."""
    bias = inputs_bias(graph, op)
    first, *scaling = (np.broadcast_to(x, bias.shape) for x in (bias, r.multiplier, r.shift))
    last, parts = len(bias) - _LANES, []
    for begin in range(0, len(bias), _LANES):
        lanes = slice(min(begin, last), min(begin, last) + _LANES)
        words = np.ascontiguousarray(taps[:, lanes]).view("<i4").ravel()
        parts += [first[lanes][_ORDER], words, *(x[lanes][_ORDER] for x in scaling)]
    return np.concatenate(parts).astype(np.int32)


def _cycles(win: Window, channels: int, each_sixteen: float) -> int:
    """Instructions, counted in what gcc 12 and clang make."""
    taps = win.kernel[0] * win.kernel[1]
    each = _SIXTEEN + _PAIR * -(-taps // 2) + each_sixteen
    pixel = _PIXEL + _TAP * taps + -(-channels // _LANES) * each
    return round(win.pictures * win.output[0] * win.output[1] * pixel)
