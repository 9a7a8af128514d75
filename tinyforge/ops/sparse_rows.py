"""FULLY_CONNECTED by lists of its weights, where few are not 0: firmware/kernels/sparse_rows.h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Kernel, Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import Int, as_words, folded_bias, scaling_of
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.sparse import reached
from tinyforge.ops.target import Target

# Where more of the weights are there, other kernels take less flash, and are quicker.
_MOST_WEIGHTS = 0.6
_AT_ONCE = 8  # weights: a list has a multiple of them


@dataclass(frozen=True)
class _Costs:
    """Cycles of a row, of each of its channels, and of so many weights at once."""

    row: int
    channel: int
    weights: int

    def of(self, rows: int, lists: Sequence[Int]) -> int:
        times = sum(len(one) // _AT_ONCE for one in lists)
        return rows * (self.row + len(lists) * self.channel + times * self.weights)


_DSP, _PORTABLE, _NARROW = _Costs(20, 29, 39), _Costs(40, 30, 52), _Costs(40, 70, 68)


def kernels(
    graph: Graph, op: Operator, requantization: Requantization, target: Target
) -> Iterator[Kernel]:
    """The kernel, where enough weights are 0, and where it could be exact."""
    source, weights = tensor(graph, op, 0), tensor(graph, op, 1)
    if source.dtype is not DType.INT8 or weights.dtype is not DType.INT8:
        return
    scaled = scaling_of(graph, op, requantization)
    if scaled is None:
        return
    table = weights_table(weights).astype(np.int64)
    kept = np.where(scaled.settled[:, None], 0, table)
    if np.count_nonzero(kept) > _MOST_WEIGHTS * kept.size:
        return
    lists = [_listed(one) for one in kept]
    parameters = np.stack([scaled.multiplier, scaled.offset, scaled.shift], axis=1)
    stream = _stream(lists, folded_bias(graph, op, scaled), parameters)
    rows = source.size // table.shape[1]
    costs = _DSP if target.dsp else _NARROW if target.narrow else _PORTABLE
    yield Kernel(
        header="sparse_rows.h",
        struct="forge_sparse_rows",
        function="forge_sparse_rows_run",
        fields={
            "rows": rows,
            "input_depth": table.shape[1],
            "words": len(stream),
            "dense.stream": Table("int32_t", stream),
            "dense.channels": len(table),
            "dense.rectified": int(scaled.rectified),
            "dense.activation_min": scaled.low,
            "dense.activation_max": scaled.high,
        },
        inputs=(source.index,),
        way="sparse, listed weights",
        cycles=costs.of(rows, lists),
        reads=rows * stream.nbytes,
        skips_zeros=True,
    )


def _listed(weights: Int) -> Int:
    """(weights, 2) of one channel: what each is, and how far it lies behind the one before."""
    places = reached(np.flatnonzero(weights))
    pairs = np.stack([weights[places], np.diff(places, prepend=0)], axis=1)
    return np.pad(pairs, ((0, -len(pairs) % _AT_ONCE), (0, 0)))


def _stream(lists: Sequence[Int], bias: Int, parameters: Int) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    parts = [
        part
        for one, of_channel, scaling in zip(lists, bias, parameters, strict=True)
        for part in (
            as_words(np.array([len(one) // 2, of_channel])),
            (one & 0xFF).astype(np.uint8).reshape(-1).view("<i4"),
            as_words(scaling),
        )
    ]
    return np.concatenate(parts)
