"""DEPTHWISE_CONV_2D with filters of any size on cores that multiply and add two pairs of int16 at
once. The kernel's filters: firmware/kernels/depthwise_taps.h says what they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, option, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.depthwise_3x3 import fields_of, inputs_bias, is_clamped, pairs, scaled
from tinyforge.ops.forms import Windowed, aligned
from tinyforge.ops.offsets import Offsets
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, weights_window

_FOUR = 4  # channels at a time
_POINTER_BYTES = 4

# Of a pixel, of each tap there, of four channels, of each two taps for them, and of a value.
_PIXEL, _TAP, _CHANNELS, _PAIR, _AWAY, _CLAMP = 40.0, 14.0, 62.0, 29.0, 1.0, 2.8


def kernels(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    source, weights, win = tensor(graph, op, 0), tensor(graph, op, 1), weights_window(graph, op)
    if not target.dsp or not source.dtype is weights.dtype is DType.INT8:
        return ()
    if option(op, "depth_multiplier") != 1 or source.shape[3] < _FOUR:
        return ()
    found = scaled(graph, op)
    if found is None:
        return ()
    channels, taps = source.shape[3], win.kernel[0] * win.kernel[1]
    stream = _stream(graph, op, found)
    each_value = _AWAY * found.away + _CLAMP * is_clamped(graph, op)
    return (
        Kernel(
            header="depthwise_taps.h",
            struct="forge_depthwise_taps",
            function="forge_depthwise_taps_columns",
            fields=fields_of(graph, op, found, stream),
            inputs=(source.index,),
            form=Windowed(win, tile_bytes=aligned(channels) + _POINTER_BYTES * (taps + 3)),
            way="pairs of taps",
            cycles=_cycles(win, channels, each_value),
            reads=win.pictures * win.output[0] * win.output[1] * stream.nbytes,
        ),
    )


def _stream(graph: Graph, op: Operator, found: Offsets) -> npt.NDArray[np.int32]:
    """Of each four channels all words, (fours, words)."""
    weights = 2 * weights_table(tensor(graph, op, 1))[0].astype(np.int64)
    taps = weights.reshape(-1, weights.shape[2])
    taps = np.pad(taps, ((0, len(taps) % 2), (0, 0)))
    words = pairs(taps[::2], taps[1::2])
    bias = 2 * inputs_bias(graph, op)
    scaling = np.stack([found.multiplier, found.offset, found.shift], axis=1)
    last = len(bias) - _FOUR
    fours = (slice(c, c + _FOUR) for c in (min(c, last) for c in range(0, len(bias), _FOUR)))
    parts = ([bias[four], words[:, four], scaling[four]] for four in fours)
    stream = [np.concatenate([part.ravel() for part in four]) for four in parts]
    return np.stack(stream).astype(np.uint32).view(np.int32)


def _cycles(win: Window, channels: int, each_value: float) -> int:
    """Fitted to what gcc 12 makes."""
    taps = win.kernel[0] * win.kernel[1]
    pixels = win.pictures * win.output[0] * win.output[1]
    fours = -(-channels // _FOUR)
    each = _CHANNELS + _PAIR * -(-taps // 2)
    return round(pixels * (_PIXEL + _TAP * taps + fours * each + each_value * channels))
