"""CONV_2D by lists of its weights where few of them are not 0, on inputs where they lie:
firmware/kernels/sparse_windows.h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import LISTED, Kernel, output, tensor
from tinyforge.ops.dense import Int, as_words
from tinyforge.ops.forms import Windowed
from tinyforge.ops.listed import Layer, layer_of
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.sparse import reached
from tinyforge.ops.target import Target
from tinyforge.ops.window import Window

_AT_ONCE = 4  # FORGE_SPARSE_WINDOWS


@dataclass(frozen=True)
class _Costs:
    """Cycles of so many windows at once: of a weight whose inputs lie all within the image, or not;
    of each row of the window, and beside of each channel."""

    within: float
    beyond: float
    row: float
    channel: float


@dataclass(frozen=True)
class _Core:
    """several: of windows at once. product, output: of each by what runs anywhere, at the least."""

    several: _Costs
    single: _Costs
    product: float
    output: int


_DSP = _Core(_Costs(28.5, 40, 46, 35), _Costs(16, 17, 40, 8), 1.75, 50)
_PORTABLE = _Core(_Costs(19.5, 30, 33, 40), _Costs(12, 12, 31, 5), 2.15, 50)
_NARROW = _Core(_Costs(41.5, 46, 30, 200), _Costs(13.5, 12, 25, 90), 4.15, 100)
# Compiled for size.
_SMALL = _Core(_Costs(27, 66, 75, 160), _Costs(27, 42, 80, 160), 2, 90)
_SMALL_NARROW = _Core(_Costs(27, 68, 76, 280), _Costs(27, 42, 80, 280), 4.5, 120)

# What a pixel takes by itself, times what it takes as one of several.
_ALONE = 2.2

# A channel's: by rows of the window, (weights, 2): where in the row each lies, and what it is.
_Lists = Sequence[Int]


def kernels(
    graph: Graph, op: Operator, requantization: Requantization, win: Window, target: Target
) -> Iterator[Kernel]:
    """The kernel, where it could be exact, and enough weights are 0 that it is no slower than what
    multiplies by all of them, and takes no memory either."""
    layer = layer_of(graph, op, requantization)
    if layer is None:
        return
    source, weights = tensor(graph, op, 0), layer.weights
    lists = [[_listed(row, win.dilation[1]) for row in one] for one in weights]
    core = _core(target)
    cycles = _cycles(core, win, source.shape[3], lists)
    if cycles > (core.product * weights[0].size + core.output) * output(graph, op).size:
        return
    stream = _stream(lists, layer)
    yield Kernel(
        header="sparse_windows.h",
        struct="forge_sparse_windows",
        function="forge_sparse_windows_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            **layer.fields(stream),
        },
        inputs=(source.index,),
        form=Windowed(win),
        way=LISTED,
        cycles=cycles,
        alone=_ALONE,
        reads=win.pictures * win.output[0] * -(-win.output[1] // _AT_ONCE) * stream.nbytes,
        skips_zeros=True,
    )


def _core(target: Target) -> _Core:
    if target.small:
        return _SMALL_NARROW if target.narrow else _SMALL
    return _DSP if target.dsp else _NARROW if target.narrow else _PORTABLE


def _listed(row: Int, dilation: int) -> Int:
    """row: (columns, input channels)."""
    spread = np.zeros((len(row), dilation, row.shape[1]), np.int64)
    spread[:, 0] = row
    flat = spread.reshape(-1)
    found = np.flatnonzero(flat)
    places = reached(found) if len(found) else found
    return np.stack([places, flat[places]], axis=1)


def _stream(lists: Sequence[_Lists], layer: Layer) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    parts = [
        part
        for rows, of_channel, scaling in zip(lists, layer.bias, layer.parameters, strict=True)
        for part in (as_words(np.array([of_channel])), _bytes(rows), as_words(scaling))
    ]
    return np.concatenate(parts)


def _bytes(rows: _Lists) -> npt.NDArray[np.int32]:
    pairs = [
        part
        for row in rows
        for part in (
            np.array([divmod(len(row), 256)[::-1]]),
            np.stack([np.diff(row[:, 0], prepend=0), row[:, 1]], axis=1),
        )
    ]
    packed = (np.concatenate(pairs) & 0xFF).astype(np.uint8)
    return np.pad(packed, ((0, len(packed) % 2), (0, 0))).reshape(-1).view("<i4")


def _cycles(core: _Core, win: Window, inputs: int, lists: Sequence[_Lists]) -> int:
    """Of an inference."""
    lines, channels = win.output[0], len(lists)
    tops = np.arange(lines) * win.stride[0] - win.padding[0]
    found = 0.0
    for y in range(win.kernel[0]):
        rows = tops + y * win.dilation[0]
        inside = np.count_nonzero((rows >= 0) & (rows < win.input[0])) / lines
        places = np.concatenate([rows[y][:, 0] for rows in lists])
        for x in range(0, win.output[1], _AT_ONCE):
            many = min(_AT_ONCE, win.output[1] - x) > 1
            costs = core.several if many else core.single
            last = (_AT_ONCE - 1) * win.stride[1] * inputs if many else 0
            first = places + (x * win.stride[1] - win.padding[1]) * inputs
            within = (first >= 0) & (first + last < win.input[1] * inputs)
            share = inside * np.count_nonzero(within)
            found += share * costs.within + (len(places) - share) * costs.beyond
            found += channels * (costs.row + costs.channel / win.kernel[0])
    return round(win.pictures * lines * found)
