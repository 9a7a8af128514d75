"""FULLY_CONNECTED by lists of its weights, where few are not 0: firmware/kernels/sparse_rows.h."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel, tensor
from tinyforge.ops.dense import Int, as_words
from tinyforge.ops.listed import Layer, layer_of
from tinyforge.ops.quantization import Requantization
from tinyforge.ops.sparse import reached
from tinyforge.ops.target import Target

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
    layer = layer_of(graph, op, requantization)
    if layer is None or not layer.few:
        return
    lists = [_listed(one) for one in layer.weights]
    stream = _stream(lists, layer)
    source, depth = tensor(graph, op, 0), layer.weights.shape[1]
    rows = source.size // depth
    costs = _DSP if target.dsp else _NARROW if target.narrow else _PORTABLE
    yield Kernel(
        header="sparse_rows.h",
        struct="forge_sparse_rows",
        function="forge_sparse_rows_run",
        fields={
            "rows": rows,
            "input_depth": depth,
            "words": len(stream),
            **layer.fields(stream),
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


def _stream(lists: Sequence[Int], layer: Layer) -> npt.NDArray[np.int32]:
    """All words, in the order in which they are read."""
    parts = [
        part
        for one, of_channel, scaling in zip(lists, layer.bias, layer.parameters, strict=True)
        for part in (
            as_words(np.array([len(one) // 2, of_channel])),
            (one & 0xFF).astype(np.uint8).reshape(-1).view("<i4"),
            as_words(scaling),
        )
    ]
    return np.concatenate(parts)
