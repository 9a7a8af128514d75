"""CONV_2D by lists of its weights, where few of them are not 0: firmware/kernels/sparse_conv.h."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, Table, tensor
from tinyforge.ops.dense import Int, as_words
from tinyforge.ops.forms import Windowed, aligned
from tinyforge.ops.listed import Layer, layer_of
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.sparse import reached
from tinyforge.ops.window import Window

_SUM = 2**22  # a sum has 23 bits with its sign
_WORD = 4  # bytes

# Cycles of as many outputs as are made at once: by lanes, of a weight, of a channel, and of what is
# neither; then of a word of the tile, of a column of a row of it, and of one that does not end with
# a quad of channels.
_WEIGHT, _CHANNEL, _WINDOWS = {4: 13.75, 2: 8.8}, {4: 102, 2: 74}, {4: 450, 2: 300}
_VALUE, _COLUMN, _REST = 7.4, 12, 20


@dataclass(frozen=True)
class _Lanes:
    """Pairs of outputs at once, as the tile has them. columns: of each word of an input channel;
    first: which of them the first lane has under each column of the window."""

    count: int
    columns: tuple[int, ...]
    first: tuple[int, ...]


def _lanes(win: Window, count: int) -> _Lanes:
    """Columns of one remainder by the stride follow each other."""
    stride, dilation = win.stride[1], win.dilation[1]
    under = [x * dilation for x in range(win.kernel[1])]
    seen = {at + lane * stride for at in under for lane in range(count)}
    columns = sorted(seen, key=lambda column: (column % stride, column))
    return _Lanes(count, tuple(columns), tuple(map(columns.index, under)))


def kernels(
    graph: Graph, op: Operator, requantization: Requantization, win: Window
) -> Iterator[Kernel]:
    """The kernels, where enough weights are 0, and where they could be exact."""
    layer = layer_of(graph, op, requantization)
    if layer is not None and layer.few and _largest(layer) < _SUM:
        for count in (4, 2):
            if win.output[1] > count // 2:
                yield _kernel(graph, op, win, _lanes(win, count), layer)


def _largest(layer: Layer) -> int:
    """Magnitude that a sum can have."""
    return int((np.abs(layer.bias) + 128 * np.abs(layer.weights).sum(axis=(1, 2, 3))).max())


def _kernel(graph: Graph, op: Operator, win: Window, lanes: _Lanes, layer: Layer) -> Kernel:
    source, channels = tensor(graph, op, 0), len(layer.weights)
    lists = [_listed(one, lanes) for one in layer.weights]
    stream = _stream(lists, layer)
    words = win.kernel[0] * source.shape[3] * len(lanes.columns)
    groups = -(-win.output[1] // (2 * lanes.count))
    group = _group_cycles(win, lanes, source.shape[3], [len(one) for one in lists])
    return Kernel(
        header="sparse_conv.h",
        struct="forge_sparse_conv",
        function="forge_sparse_conv_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            "lanes": lanes.count,
            "words": len(lanes.columns),
            "columns": Table("int8_t", np.array(lanes.columns, np.int8)),
            **layer.fields(stream),
        },
        inputs=(source.index,),
        form=Windowed(
            win,
            tile_bytes=aligned(source.shape[3]) + _WORD * words + 2 * lanes.count * channels,
        ),
        way=f"sparse, listed weights, by {2 * lanes.count}",
        cycles=round(win.pictures * win.output[0] * groups * group),
        part=round(group),
        reads=win.pictures * win.output[0] * groups * stream.nbytes,
        skips_zeros=True,
    )


# Of one output channel: (words of the tile, weights).
_Listed = npt.NDArray[np.int64]


def _listed(filters: Int, lanes: _Lanes) -> _Listed:
    """(weights, 2): where in the tile each of (height, width, input channels) meets its first
    input, and what it is; in the tile's order."""
    height, _, inputs = filters.shape
    words = len(lanes.columns)
    at = np.arange(height)[:, None, None] * inputs + np.arange(inputs)
    at = at * words + np.array(lanes.first)[:, None]
    there = filters != 0
    order = np.argsort(at[there])
    places = reached(at[there][order])
    weights = np.zeros(len(places), np.int64)
    weights[np.isin(places, at[there])] = filters[there][order]
    return np.stack([places, weights], axis=1)


def _stream(lists: list[_Listed], layer: Layer) -> npt.NDArray[np.int32]:
    parts = [
        part
        for one, bias, scaling in zip(lists, layer.bias, layer.parameters, strict=True)
        for part in (as_words(np.array([len(one), bias])), _bytes(one), as_words(scaling))
    ]
    words = np.concatenate(parts)
    return np.concatenate([np.array([len(words)], np.int32), words])


def _bytes(one: _Listed) -> npt.NDArray[np.int32]:
    pairs = one.copy()
    pairs[:, 0] = np.diff(one[:, 0], prepend=0)
    packed = (pairs & 0xFF).astype(np.uint8)
    return np.pad(packed, ((0, len(packed) % 2), (0, 0))).reshape(-1).view("<i4")


def _group_cycles(win: Window, lanes: _Lanes, inputs: int, counts: list[int]) -> float:
    """Of as many outputs as are made at once."""
    columns = win.kernel[0] * len(lanes.columns)
    column = _COLUMN + _VALUE * inputs + _REST * (inputs % 4 > 0)
    filling = _WINDOWS[lanes.count] + columns * column
    each = sum(counts) * _WEIGHT[lanes.count] + len(counts) * _CHANNEL[lanes.count]
    return filling + each
