"""The streams of constants that firmware/kernels/winograd.h and winograd_4x4.h read: transformed
weights, biases and what makes outputs of sums, two channels after the other's; and the kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

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
    reach,
    scaling_of,
)
from tinyforge.ops.fixed_point import doubling_high_mul
from tinyforge.ops.forms import Blocks
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.window import Window

Int = npt.NDArray[np.int64]

_LARGEST_INPUT = 512  # of 2x2, after its transform: four int8 are added or subtracted


@dataclass(frozen=True)
class _Tiles:
    """Two tiles side by side, of so many rows and columns of outputs each.

    filters: transforms a filter's rows, and its columns; in integers. bias: how much larger the
    transform of the outputs makes it. Cycles of a Cortex-M4, for each two tiles: each quad of their
    inputs; each two channels, and each quad of those. Fitted to what gcc and zig make of resnet8's
    layers.
    """

    size: int
    header: str
    function: str
    way: str
    filters: tuple[tuple[int, int, int], ...]
    bias: int
    quad: int
    pair: int
    products: int

    @property
    def places(self) -> int:
        return (self.size + 2) ** 2

    def blocks(self, win: Window) -> Window:
        """Of a convolution's outputs."""
        columns = 2 * self.size
        return replace(
            win,
            output=(-(-win.output[0] // self.size), -(-win.output[1] // columns)),
            kernel=(self.size + 2, columns + 2),
            stride=(self.size, columns),
        )

    def cycles(self, blocks: Window, quads: int, channels: int) -> int:
        pairs = -(-channels // 2)
        each = self.quad * quads + pairs * (self.pair + self.products * quads)
        return math.prod(blocks.output) * each


# Halves of the middle rows.
_SMALL = _Tiles(
    size=2,
    header="winograd.h",
    function="forge_winograd_run",
    way="Winograd",
    filters=((1, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 1)),
    bias=4,
    quad=640,
    pair=900,
    products=272,
)
_LARGE = _Tiles(
    size=4,
    header="winograd_4x4.h",
    function="forge_winograd_4x4_run",
    way="Winograd, 4x4",
    filters=((6, 0, 0), (1, 1, 1), (1, -1, 1), (1, 2, 4), (1, -2, 4), (0, 0, 6)),
    bias=36,
    quad=2535,
    pair=2254,
    products=612,
)


@dataclass(frozen=True, eq=False)
class _Layer:
    """A convolution of 3x3 windows: its filters (channels, 3, 3, input channels) and biases."""

    graph: Graph
    op: Operator
    win: Window
    filters: Int
    bias: Int
    scaled: Scaled


def winograd(
    graph: Graph, op: Operator, requantization: Requantization, win: Window
) -> Iterator[Kernel]:
    """The kernels for 3x3 windows; none for others, and where they could not be exact."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    fits = (win.kernel, win.stride, win.dilation, win.pictures) == ((3, 3), (1, 1), (1, 1), 1)
    if not fits or source.shape[3] % 4 or any(t.dtype is not DType.INT8 for t in (source, weights)):
        return
    scaled = scaling_of(graph, op, requantization)
    if scaled is None:
        return
    table = weights_table(weights).astype(np.int64)
    kept = np.where(scaled.settled[:, None, None, None], 0, table)
    layer = _Layer(graph, op, win, kept, folded_bias(graph, op, scaled), scaled)
    yield from _small(layer)
    yield from _large(layer)


def _small(layer: _Layer) -> Iterator[Kernel]:
    transformed = _transformed(_SMALL, layer.filters)
    if _largest_sum(transformed, layer.bias) < 2**31:
        yield _kernel(_SMALL, layer, transformed, layer.scaled)


def _large(layer: _Layer) -> Iterator[Kernel]:
    """All is modulo 2**32, but for sums times 64, and for outputs before they are shifted."""
    scaled = layer.scaled
    low = 0 if scaled.rectified else scaled.low
    offset = scaled.offset + (low << scaled.shift)
    ends = [np.where(scaled.settled, 0, x) for x in reach(layer.graph, layer.op)]
    outputs = [doubling_high_mul(x, scaled.multiplier) + offset for x in ends]
    largest = max(int(np.abs(64 * x).max()) for x in ends)
    if max(largest, *(int(np.abs(x).max()) + 1 for x in outputs)) < 2**31:
        transformed = _transformed(_LARGE, layer.filters)
        yield _kernel(_LARGE, layer, transformed, replace(scaled, offset=offset))


def _transformed(tiles: _Tiles, filters: Int) -> Int:
    """(channels, rows, columns, input channels), as int16."""
    transform = np.array(tiles.filters)
    found: Int = np.einsum("ia,nabc,jb->nijc", transform, filters, transform)
    return found


def _kernel(tiles: _Tiles, layer: _Layer, transformed: Int, scaled: Scaled) -> Kernel:
    source, win = tensor(layer.graph, layer.op, 0), layer.win
    blocks, quads, channels = tiles.blocks(win), source.shape[3] // 4, len(layer.bias)
    stream = _stream(transformed, tiles.bias * layer.bias, scaled)
    return Kernel(
        header=tiles.header,
        struct="forge_winograd",
        function=tiles.function,
        fields={
            **blocks.fields(),
            "input_channels": source.shape[3],
            "width": win.output[1],
            "input_zero_point": source.zero_point,
            "dense.stream": Table("int32_t", stream),
            "dense.quads": quads,
            "dense.channels": channels,
            "dense.bytes": 0,
            "dense.rectified": int(scaled.rectified),
            "dense.activation_min": scaled.low,
            "dense.activation_max": scaled.high,
        },
        inputs=(source.index,),
        form=Blocks(blocks, tiles.size, win.output[0], _tile_bytes(tiles, layer, blocks)),
        way=tiles.way,
        cycles=tiles.cycles(blocks, quads, channels),
        reads=math.prod(blocks.output) * stream.nbytes,
    )


def _largest_sum(transformed: Int, bias: Int) -> int:
    """No sum of the outputs' transform of 2x2 is larger, whatever the inputs: doubled along rows,
    then along columns."""
    reach = np.abs(transformed).sum(axis=3) * _LARGEST_INPUT  # (channels, 4, 4)
    rows = 2 * reach[:, :, (0, 3)].max(axis=2) + reach[:, :, 1] + reach[:, :, 2]
    rows[:, 1] += 4 * np.abs(bias)
    columns = rows[:, (0, 3)].max(axis=1) + rows[:, 1] + rows[:, 2]
    return int(columns.max())


def _stream(transformed: Int, bias: Int, scaled: Scaled) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    pairs = by_pairs(transformed)
    places = transformed.shape[1] * transformed.shape[2]
    quads = pairs.reshape(len(pairs), 2, places, -1, 4)[..., EXPANDED]
    weights = packed(quads.reshape(*quads.shape[:-1], 2, 2)).transpose(0, 2, 3, 1, 4)
    parameters = by_pairs(np.stack((bias, scaled.multiplier, scaled.offset, scaled.shift), axis=1))
    parts = (weights, parameters)
    return as_words(np.concatenate([part.reshape(len(pairs), -1) for part in parts], axis=1))


def _tile_bytes(tiles: _Tiles, layer: _Layer, blocks: Window) -> int:
    """Two tiles' inputs, and of large tiles sums of two channels. Behind them, where a window
    leaves the picture, copies of its pixels; and of large tiles, where a block does, its outputs.
    """
    inputs, channels = layer.filters.shape[3], len(layer.bias)
    found: int = 2 * 2 * tiles.places * inputs
    if tiles is _LARGE:
        found += 2 * 2 * tiles.places * 4
    if not blocks.within:
        found += math.prod(blocks.kernel) * inputs
    sides = zip(layer.win.output, blocks.stride, strict=True)
    if tiles is _LARGE and any(size % stride for size, stride in sides):
        found += math.prod(blocks.stride) * channels
    return found
