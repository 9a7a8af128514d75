"""DEPTHWISE_CONV_2D with filters of any size on cores with vectors.

The kernel's filters and places: firmware/kernels/depthwise_words.h says what they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator, Tensor
from tinyforge.ops.base import Kernel, Table, option, output, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.depthwise_3x3 import inputs_bias
from tinyforge.ops.forms import Windowed, aligned
from tinyforge.ops.quantization import Requantization, channel_requantization, limits
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window, weights_window

_LANES, _FOUR = 16, 4  # channels of the tile, channels at a time
_WORD = 4  # rows of one; words of a pass
_BEYOND = 64  # bytes of the tile that a column of few channels is stored over

# Instructions of a row; of sixteen channels; of a vector of them in four rows, or in three; of four
# channels; of their windows; where there are several passes of each window, and of each pass but
# the last and its windows; where halves are rounded away; and of sixteen values that are clamped.
_ROW, _SIXTEEN, _VECTOR, _VECTOR_3, _FOURS, _WINDOW = 70, 80, 15, 13, 10, 20
_SUMS, _PASS, _PASS_WINDOW, _AWAY, _CLAMP = 11, 58, 12, 2, 9


def requantized_right(graph: Graph, op: Operator) -> tuple[Requantization, bool] | None:
    """How int8 sums become outputs, and whether it is seen where halves below zero are rounded to;
    None where vectors do not compute what TensorFlow Lite Micro does, or have nothing to."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    if not source.dtype is weights.dtype is DType.INT8 or option(op, "depth_multiplier") != 1:
        return None
    found = channel_requantization(graph, op)
    away = found.low < found.output.zero_point
    return None if (found.shift > -int(away)).any() else (found, away)


def vector_fields(
    source: Tensor, win: Window, requantization: Requantization, *, away: bool
) -> dict[str, int]:
    """The members that depthwise kernels on vectors have in common."""
    return {
        **win.fields(),
        "channels": source.shape[3],
        "input_zero_point": source.zero_point,
        "output_zero_point": requantization.output.zero_point,
        "activation_min": requantization.low,
        "activation_max": requantization.high,
        "away": int(away),
    }


def kernels(graph: Graph, op: Operator, target: Target) -> Sequence[Kernel]:
    """The kernel, where it computes what TensorFlow Lite Micro does."""
    source, win = tensor(graph, op, 0), weights_window(graph, op)
    found = requantized_right(graph, op) if target.mve and source.shape[3] >= _FOUR else None
    if found is None:
        return ()
    requantization, away = found
    low, high = requantization.low, requantization.high
    clamped = (low, high) != limits(output(graph, op))
    places, stream = _places(win, min(source.shape[3], _LANES)), _stream(graph, op, requantization)
    return (
        Kernel(
            header="depthwise_words.h",
            struct="forge_depthwise_words",
            function="forge_depthwise_words_columns",
            fields={
                **vector_fields(source, win, requantization, away=away),
                "passes": len(places),
                "places": Table("int32_t", places),
                "filters": Table("int32_t", stream),
            },
            inputs=(source.index,),
            form=Windowed(win, tile_bytes=_tile_bytes(win, source.shape[3])),
            way="words of four rows",
            cycles=_cycles(win, source.shape[3], away=away, clamped=clamped),
            reads=win.pictures * win.output[0] * stream.nbytes,
        ),
    )


def _heights(win: Window) -> int:
    """How many times four rows a window has, or part of four."""
    return -(-win.kernel[0] // _WORD)


def _passes(win: Window) -> int:
    return -(-_heights(win) * win.kernel[1] // _WORD)


def _columns(win: Window) -> int:
    """Of the tile."""
    return (win.output[1] - 1) * win.stride[1] + (win.kernel[1] - 1) * win.dilation[1] + 1


def _tile_bytes(win: Window, channels: int) -> int:
    sums = _WORD * _FOUR * win.output[1] if _passes(win) > 1 else 0
    words = _heights(win) * _columns(win) * min(channels, _LANES) * _WORD
    return max(aligned(channels), _LANES) + sums + words + _BEYOND


def _places(win: Window, lanes: int) -> npt.NDArray[np.int32]:
    """(passes, 4): a window's words, those of four rows after each other, then the first again."""
    across = np.arange(win.kernel[1]) * win.dilation[1]
    down = np.arange(_heights(win)) * _columns(win)
    words = (down[:, None] + across).ravel() * lanes * _WORD
    return np.pad(words, (0, -len(words) % _WORD)).reshape(-1, _WORD).astype(np.int32)


def _stream(graph: Graph, op: Operator, r: Requantization) -> npt.NDArray[np.int32]:
    """All words, in the order of use."""
    weights = weights_table(tensor(graph, op, 1))[0]
    height, width, channels = weights.shape
    rows = np.pad(weights, ((0, -height % _WORD), (0, 0), (0, 0)))
    # (words of a window, channels, 4), then (passes, channels, 4, 4).
    words = rows.reshape(-1, _WORD, width, channels).transpose(0, 2, 3, 1)
    words = words.reshape(1, -1, channels, _WORD)
    words = np.pad(words, ((0, 0), (0, -words.shape[1] % _WORD), (0, 0), (0, 0)))
    passes = words.reshape(-1, _WORD, channels, _WORD).transpose(0, 2, 1, 3)
    packed = np.ascontiguousarray(passes).view("<i4")[..., 0]
    bias = inputs_bias(graph, op)
    scaling = (bias, *(np.broadcast_to(x, bias.shape) for x in (r.multiplier, r.shift)))
    parts = [
        np.concatenate([packed[:, four].ravel(), *(x[four] for x in scaling)])
        for four in _fours(channels)
    ]
    return np.concatenate(parts).astype(np.int32)


def _fours(channels: int) -> Iterator[slice]:
    """Of sixteens of channels; the last ones overlap those before."""
    lanes = min(channels, _LANES)
    for first in range(0, channels, _LANES):
        for four in range(0, lanes, _FOUR):
            begin = min(first, channels - lanes) + min(four, lanes - _FOUR)
            yield slice(begin, begin + _FOUR)


def _cycles(win: Window, channels: int, *, away: bool, clamped: bool) -> int:
    """Instructions, counted in what gcc 12 and clang make: cycles of a Cortex-M55 are not known."""
    width, more = win.output[1], _passes(win) - 1
    lanes = min(channels, _LANES)
    sixteens = -(-channels // _LANES)
    vectors = _columns(win) / (_LANES // lanes)
    of_vectors = (_VECTOR if win.kernel[0] >= _WORD else _VECTOR_3) * vectors
    windows = _WINDOW + _AWAY * away + _SUMS * (more > 0) + _PASS_WINDOW * more
    row = _ROW + sixteens * _heights(win) * (_SIXTEEN + of_vectors)
    row += sixteens * -(-lanes // _FOUR) * (_FOURS + _PASS * more + windows * width)
    row += _CLAMP * clamped * width * channels / _LANES
    return round(win.pictures * win.output[0] * row)
