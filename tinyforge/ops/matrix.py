"""The streams of constants that firmware/kernels/matrix.h reads: weights, biases, multipliers and
shifts, of two channels after the other's; and what the block takes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Table, tensor
from tinyforge.ops.convolution import weights_table
from tinyforge.ops.dense import as_words, inputs_bias
from tinyforge.ops.quantization import Requantization

Int = npt.NDArray[np.int64]

CHUNK = 16
PIXELS = 4  # at once
WAY, WAY_3X3 = "matrix", "matrix, 3x3"
# Of inputs, for which there are functions by columns.
CHANNELS_3X3 = (16, 32, 48, 64)
_MOST_CHANNELS = 2**14 - 1


@dataclass(frozen=True, eq=False)
class Matrix:
    """What all pixels of a layer are multiplied with.

    weights: (channels, depth). bias: of the inputs as they are, without the zero point. multiplier,
    shift: one a channel; shifts in [-31, -1].
    """

    weights: Int
    bias: Int
    multiplier: Int
    shift: Int
    requantization: Requantization

    @property
    def channels(self) -> int:
        return len(self.weights)

    @property
    def depth(self) -> int:
        """Inputs of a pixel."""
        return int(self.weights.shape[1])

    @property
    def chunks(self) -> int:
        return -(-self.depth // CHUNK)

    @property
    def missing(self) -> int:
        """Inputs that a pixel's first chunk has not."""
        return self.chunks * CHUNK - self.depth

    def by_columns(self) -> Matrix:
        """With the inputs of 3x3 windows in the order of matrix_3x3.h."""
        by_row = self.weights.reshape(self.channels, 3, 3, -1, CHUNK)
        return replace(self, weights=by_row.swapaxes(2, 3).reshape(self.channels, -1))

    def fields(self) -> dict[str, int | Table]:
        """The struct's members."""
        r = self.requantization
        return {
            "matrix.stream": Table("int32_t", self._stream()),
            "matrix.chunks": self.chunks,
            "matrix.missing": self.missing,
            "matrix.channels": self.channels,
            "matrix.output_zero_point": r.output.zero_point,
            "matrix.activation_min": r.low,
            "matrix.activation_max": r.high,
        }

    def _stream(self) -> npt.NDArray[np.int32]:
        """All words, in the order in which they are read."""
        weights = np.pad(self.weights, ((0, 0), (self.missing, 0))).astype(np.int8)
        chunks = _by_pairs(weights).reshape(-1, 2, self.chunks, CHUNK).swapaxes(1, 2)
        words = np.ascontiguousarray(chunks).reshape(len(chunks), -1).view("<i4")
        parameters = [_by_pairs(x) for x in (self.bias, self.multiplier, self.shift)]
        return as_words(np.concatenate([words.astype(np.int64), *parameters], axis=1))


def _by_pairs(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """By channels to by twos of channels, the last one twice if it is alone."""
    odd = [(0, len(values) % 2), *((0, 0) for _ in values.shape[1:])]
    return np.pad(values, odd, mode="edge").reshape(-1, 2, *values.shape[1:])


def matrix(graph: Graph, op: Operator, requantization: Requantization) -> Matrix | None:
    """A layer's constants; weights are (channels, ...). None of other types, and where some sum
    would be shifted to the left, or not at all."""
    if any(t.dtype is not DType.INT8 for t in (tensor(graph, op, 0), tensor(graph, op, 1))):
        return None
    table = weights_table(tensor(graph, op, 1))
    weights = table.reshape(len(table), -1).astype(np.int64)
    multiplier, shift = (
        np.broadcast_to(x, len(weights)) for x in (requantization.multiplier, requantization.shift)
    )
    shift = np.where(multiplier == 0, -1, shift)
    if shift.max() >= 0 or len(weights) > _MOST_CHANNELS:
        return None
    return Matrix(weights, inputs_bias(graph, op), multiplier, shift, requantization)
