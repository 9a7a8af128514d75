"""CONV_2D by lists of its weights, where few of them are not 0, on cores whose products have 32
bits: one product for two pixels (firmware/kernels/sparse_twins.h)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import as_words, inputs_bias, reach
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.forms import Windowed
from tinyforge.ops.narrow import come_apart, narrow
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.sparse import reached
from tinyforge.ops.window import Window

# Where more of the weights are there, two pixels by all of them are quicker.
_MOST_WEIGHTS = 0.6
_AT_ONCE = 4  # weights: a list has a multiple of them
_WORD = 4  # bytes
_FURTHEST = 63  # words that a byte can say, which counts bytes

# Instructions of four weights, and of two outputs.
_WEIGHTS, _OUTPUTS = 38, 90


def kernels(
    graph: Graph, op: Operator, requantization: Requantization, win: Window
) -> Iterator[Kernel]:
    """The kernel, where enough weights are 0, and where it could be exact."""
    source, table = tensor(graph, op, 0), weights_table(tensor(graph, op, 1))
    scaling = narrow(requantization, *reach(graph, op))
    if not source.dtype is tensor(graph, op, 1).dtype is DType.INT8 or scaling is None:
        return
    weights = table.reshape(len(table), -1).astype(np.int64)
    lists = [_listed(one) for one in weights]
    few = np.count_nonzero(weights) <= _MOST_WEIGHTS * weights.size
    if not few or not all(come_apart(one[:, 1]) for one in lists):
        return
    stream = _stream(lists, inputs_bias(graph, op), scaling.words)
    yield Kernel(
        header="twin_conv.h",
        struct="forge_twin_conv",
        function="forge_twin_conv_columns",
        fields={
            **win.fields(),
            "input_channels": source.shape[3],
            "input_zero_point": source.zero_point,
            "twins.stream": Table("int32_t", stream),
            "twins.listed": len(stream),
            "twins.channels": len(weights),
            **scaling.fields("twins."),
        },
        inputs=(source.index,),
        form=Windowed(win, tile_bytes=_WORD * weights.shape[1]),
        way="sparse, listed weights, two pixels a word",
        cycles=_cycles(win, weights.shape[1], lists),
        skips_zeros=True,
    )


def _listed(weights: Int) -> Int:
    """(weights, 2) of one channel: how many words each lies behind the one before; what it is."""
    places = reached(np.flatnonzero(weights), _FURTHEST)
    pairs = np.stack([np.diff(places, prepend=0), weights[places]], axis=1)
    return np.pad(pairs, ((0, -len(pairs) % _AT_ONCE), (0, 0)))


def _stream(lists: Sequence[Int], bias: Int, scalings: Int) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    parts = [
        part
        for one, of_channel, scaling in zip(lists, bias, scalings, strict=True)
        for part in (
            as_words(np.array([one.size, of_channel])),
            (one * (_WORD, 1) & 0xFF).astype(np.uint8).reshape(-1).view("<i4"),
            as_words(scaling),
        )
    ]
    return np.concatenate(parts)


def _cycles(win: Window, taps: int, lists: Sequence[Int]) -> int:
    """Instructions of a convolution on a Cortex-M0+, about."""
    tiles = win.pictures * win.output[0] * -(-win.output[1] // 2)
    filling = 60 + 9 * taps + 30 * win.kernel[0]
    fours = sum(len(one) // _AT_ONCE for one in lists)
    return tiles * (filling + len(lists) * _OUTPUTS + fours * _WEIGHTS)
