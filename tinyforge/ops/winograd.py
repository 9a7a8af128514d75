"""The stream of constants that firmware/kernels/winograd.h reads: transformed weights, biases and
what makes outputs of sums, two channels after the other's; and the kernel."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import (
    EXPANDED,
    Scaled,
    as_words,
    by_pairs,
    folded_bias,
    packed,
    scaling_of,
)
from tinyforge.ops.forms import Blocks
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.window import Window

Int = npt.NDArray[np.int64]

_ROWS, _COLUMNS = 4, 6  # of inputs, for 2 rows of 4 outputs
_PLACES = 16
# Of a filter, but for what the outputs' transform makes up for: halves of the middle rows.
_FILTER = np.array([[1, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 1]])
_LARGEST_INPUT = 512  # after its transform: four int8 are added or subtracted

# Cycles of a Cortex-M4, for each two tiles: each quad of their inputs; each two channels, and each
# quad of those. Fitted to what gcc and zig make of resnet8's layers.
_QUAD, _PAIR, _PRODUCTS = 620, 1084, 288


def winograd(
    graph: Graph, op: Operator, requantization: Requantization, win: Window
) -> Kernel | None:
    """The kernel for 3x3 windows; None for others, and where it could not be exact."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    fits = (win.kernel, win.stride, win.dilation, win.pictures) == ((3, 3), (1, 1), (1, 1), 1)
    if not fits or source.shape[3] % 4 or any(t.dtype is not DType.INT8 for t in (source, weights)):
        return None
    table = weights_table(weights).astype(np.int64)
    scaled = scaling_of(graph, op, requantization)
    if scaled is None:
        return None
    kept = np.where(scaled.settled[:, None, None, None], 0, table)
    transformed = np.einsum("ia,nabc,jb->nijc", _FILTER, kept, _FILTER)
    bias = folded_bias(graph, op, scaled)
    if _largest_sum(transformed, bias) >= 2**31:
        return None
    blocks = replace(
        win,
        output=(-(-win.output[0] // 2), -(-win.output[1] // 4)),
        kernel=(_ROWS, _COLUMNS),
        stride=(2, 4),
    )
    tile = 2 * 2 * _PLACES * source.shape[3]
    stream = _stream(transformed, bias, scaled)
    return Kernel(
        header="winograd.h",
        struct="forge_winograd",
        function="forge_winograd_run",
        fields={
            **blocks.fields(),
            "input_channels": source.shape[3],
            "width": win.output[1],
            "input_zero_point": source.zero_point,
            "dense.stream": Table("int32_t", stream),
            "dense.quads": source.shape[3] // 4,
            "dense.channels": len(table),
            "dense.bytes": 0,
            "dense.rectified": int(scaled.rectified),
            "dense.activation_min": scaled.low,
            "dense.activation_max": scaled.high,
        },
        inputs=(source.index,),
        form=Blocks(blocks, 2, win.output[0], tile + _copies(blocks) * source.shape[3]),
        way="Winograd",
        cycles=_cycles(blocks, source.shape[3] // 4, len(table)),
        reads=math.prod(blocks.output) * stream.nbytes,
    )


def _largest_sum(transformed: Int, bias: Int) -> int:
    """No sum of the outputs' transform is larger, whatever the inputs: doubled along rows, then
    along columns."""
    reach = np.abs(transformed).sum(axis=3) * _LARGEST_INPUT  # (channels, 4, 4)
    rows = 2 * reach[:, :, (0, 3)].max(axis=2) + reach[:, :, 1] + reach[:, :, 2]
    rows[:, 1] += 4 * np.abs(bias)
    columns = rows[:, (0, 3)].max(axis=1) + rows[:, 1] + rows[:, 2]
    return int(columns.max())


def _stream(transformed: Int, bias: Int, scaled: Scaled) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    pairs = by_pairs(transformed)
    quads = pairs.reshape(len(pairs), 2, _PLACES, -1, 4)[..., EXPANDED]
    weights = packed(quads.reshape(*quads.shape[:-1], 2, 2)).transpose(0, 2, 3, 1, 4)
    values = (4 * bias, scaled.multiplier, scaled.offset, scaled.shift)
    parameters = by_pairs(np.stack(values, axis=1))
    parts = (weights, parameters)
    return as_words(np.concatenate([part.reshape(len(pairs), -1) for part in parts], axis=1))


def _copies(blocks: Window) -> int:
    """Pixels for which there is room behind the tile: none where no window leaves the picture."""
    return 0 if blocks.within else _ROWS * _COLUMNS


def _cycles(blocks: Window, quads: int, channels: int) -> int:
    pairs = -(-channels // 2)
    return math.prod(blocks.output) * (_QUAD * quads + pairs * (_PAIR + _PRODUCTS * quads))
