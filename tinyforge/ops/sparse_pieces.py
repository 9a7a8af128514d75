"""FULLY_CONNECTED by lists of its weights, where few are not 0, of an input that comes in rows:
firmware/kernels/sparse_pieces.h."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator
from tinyforge.ops.base import Kernel
from tinyforge.ops.convolution import requantization_of
from tinyforge.ops.dense import Int, as_words
from tinyforge.ops.listed import layer_of
from tinyforge.ops.sparse import reached
from tinyforge.ops.target import Target

_AT_ONCE = 4  # weights: a list has a multiple of them
_MOST = 255  # times so many, that a byte can say


@dataclass(frozen=True)
class _Costs:
    """Cycles of a piece, of a list, of four weights, and of an output; of what multiplies by every
    weight, at the least, those of a product, and of a channel's beginning in a piece."""

    piece: int
    list: int
    weights: float
    output: int
    product: float
    begin: int

    def of(self, lists: Sequence[Sequence[Int]]) -> int:
        """lists: by pieces, then channels."""
        pieces, channels = len(lists), len(lists[0])
        fours = sum(len(one) // _AT_ONCE for piece in lists for one in piece)
        beside = pieces * (self.piece + channels * self.list) + channels * self.output
        return round(beside + fours * self.weights)

    def of_all(self, pieces: int, channels: int, depth: int) -> float:
        return channels * (pieces * self.begin + depth * self.product)


_DSP = _Costs(60, 45, 22, 1, 3.4, 26)
_PORTABLE = _Costs(20, 28, 24, 2, 4.4, 6)
_NARROW = _Costs(35, 41, 33.5, 42, 6.5, 10)


def by_rows(graph: Graph, op: Operator, anywhere: Kernel, target: Target) -> Kernel | None:
    """The kernel, where it could be exact and is no slower than what multiplies by every weight;
    None elsewhere. anywhere: that, which takes the same rows."""
    layer = layer_of(graph, op, requantization_of(graph, op))
    if layer is None:
        return None
    pieces = anywhere.form.steps
    lists = [[_listed(row) for row in piece] for piece in np.split(layer.weights, pieces, axis=1)]
    costs = _DSP if target.dsp else _NARROW if target.narrow else _PORTABLE
    longest = max(len(one) for piece in lists for one in piece)
    slow = costs.of(lists) > costs.of_all(pieces, *layer.weights.shape)
    if slow or longest > _MOST * _AT_ONCE:
        return None
    stream = _stream(lists, np.column_stack([layer.bias, layer.parameters]))
    return Kernel(
        header="sparse_pieces.h",
        struct="forge_sparse_pieces",
        function="forge_sparse_pieces_accumulate",
        fields={
            "pieces": pieces,
            **layer.fields(stream),
        },
        inputs=anywhere.inputs,
        form=anywhere.form,
        way="sparse, listed weights",
        cycles=costs.of(lists),
        reads=stream.nbytes,
        skips_zeros=True,
    )


def _listed(weights: Int) -> Int:
    """(weights, 2) of one channel: what each is, and how far it lies behind the one before."""
    found = np.flatnonzero(weights)
    places = reached(found) if len(found) else found
    pairs = np.stack([weights[places], np.diff(places, prepend=0)], axis=1)
    return np.pad(pairs, ((0, -len(pairs) % _AT_ONCE), (0, 0)))


def _stream(lists: Sequence[Sequence[Int]], parameters: Int) -> npt.NDArray[np.int32]:
    """All words. lists: by pieces, then channels."""
    pieces = [
        np.concatenate(
            [_bytes(np.array([len(one) // _AT_ONCE for one in piece])), *map(_bytes, piece)]
        )
        for piece in lists
    ]
    first = len(pieces) + parameters.size
    begins = first + np.cumsum([0, *map(len, pieces[:-1])])
    return np.concatenate([as_words(begins), as_words(parameters), *pieces])


def _bytes(values: Int) -> npt.NDArray[np.int32]:
    """Up to a whole word."""
    flat = (values.reshape(-1) & 0xFF).astype(np.uint8)
    return np.pad(flat, (0, -len(flat) % 4)).view("<i4")
