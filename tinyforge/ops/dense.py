"""The streams of constants that firmware/kernels/dense.h reads: weights, biases and what makes
outputs of sums, two channels after the other's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Table, tensor
from tinyforge.ops.convolution import bias_values, weights_table
from tinyforge.ops.fixed_point import doubling_high_mul
from tinyforge.ops.quantization import Requantization

Int = npt.NDArray[np.int64]

_QUAD = 4
# Of four inputs, in the tile: the first and the third, then the second and the fourth.
EXPANDED = (0, 2, 1, 3)


@dataclass(frozen=True, eq=False)
class Scaled:
    """How sums become outputs, as dense.h has it: multiplier, offset and shift of each channel.

    settled: channels whose output is the same for all inputs; it is in their offset.
    """

    multiplier: Int
    offset: Int
    shift: Int
    settled: npt.NDArray[np.bool_]
    rectified: bool
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Dense:
    """What all windows of a layer are multiplied with; proved to be exact, whatever the inputs are.

    weights: (channels, places of a tile), 0 where the tile holds nothing. bias: of the inputs as
    they are, without the zero point. Both are 0 of channels that are settled. byte_weights: whether
    two channels' weights share half a word. at_once: how many pixels, at the most: 2 or 3.
    together: how many channels take turns in the stream: 2, 4 or 8.
    """

    weights: Int
    bias: Int
    scaled: Scaled
    byte_weights: bool = False
    at_once: int = 3
    together: int = 2

    @property
    def skips_zeros(self) -> bool:
        """As Kernel has it."""
        return False

    @property
    def way(self) -> str:
        """For people, as Kernel has it."""
        by_twos = ", by twos" if self.at_once == 2 else ""
        return f"dense, {'int8' if self.byte_weights else 'int16'} weights{by_twos}"

    @property
    def quads(self) -> int:
        return int(self.weights.shape[1]) // _QUAD

    @property
    def channels(self) -> int:
        return len(self.weights)

    def tile_bytes(self, pixels: int) -> int:
        """Of the tile, where there are so many pixels."""
        return 2 * _QUAD * self.quads * min(self.at_once, pixels)

    def blocks(self, pixels: int) -> Mapping[int, int]:
        """How many of so many pixels are made three at once, two and alone: none alone that another
        could join."""
        threes = pixels // 3 - (pixels > 3 and pixels % 3 == 1) if self.at_once == 3 else 0
        twos, ones = divmod(pixels - 3 * threes, 2)
        return {3: threes, 2: twos, 1: ones}

    @property
    def stream_bytes(self) -> int:
        """Of all words."""
        channels = self.together * -(-self.channels // self.together)
        return 4 * channels * (4 + self.quads * (1 if self.byte_weights else 2))

    def fields(self) -> dict[str, int | Table]:
        """The struct's members."""
        return {
            "dense.stream": Table("int32_t", self._stream()),
            "dense.quads": self.quads,
            "dense.channels": self.channels,
            "dense.at_once": self.at_once,
            "dense.bytes": int(self.byte_weights),
            "dense.rectified": int(self.scaled.rectified),
            "dense.activation_min": self.scaled.low,
            "dense.activation_max": self.scaled.high,
        }

    def _stream(self) -> npt.NDArray[np.int32]:
        """All words, in the order in which they are read."""
        scaled = np.stack([self.scaled.multiplier, self.scaled.offset, self.scaled.shift], axis=1)
        weights, bias, parameters = map(by_pairs, (self.weights, self.bias, scaled))
        packing = _byte_words if self.byte_weights else _words
        parts = [x.reshape(len(x), -1) for x in (*packing(weights, bias), parameters)]
        turns = (2, 2 if self.byte_weights else 4, 6)
        taken = [self._in_turns(x, turn) for x, turn in zip(parts, turns, strict=True)]
        return as_words(np.concatenate(taken, axis=1))

    def _in_turns(self, words: Int, turn: int) -> Int:
        """(two channels each, words) to those together, whose twos take turns of so many words."""
        twos = self.together // 2
        padded = np.pad(words, ((0, -len(words) % twos), (0, 0)))
        turns = padded.reshape(-1, twos, words.shape[1] // turn, turn).swapaxes(1, 2)
        return turns.reshape(len(turns), -1)


def _words(weights: Int, bias: Int) -> tuple[Int, Int]:
    """Biases and weights of two channels each, doubled; the channels take turns by quads."""
    halves = (2 * weights).reshape(len(weights), 2, -1, 2, 2).swapaxes(1, 2)
    return 2 * bias, packed(halves)


def _byte_words(weights: Int, bias: Int) -> tuple[Int, Int]:
    """Biases and weights of two channels each: the first's, and 256 times the second's with it."""
    both = _both(weights)
    return np.stack([bias[:, 0], _both(bias)], axis=1), packed(both.reshape(len(both), -1, 2))


def _both(values: Int) -> Int:
    return values[:, 0] + 256 * values[:, 1]


def dense(
    graph: Graph, op: Operator, requantization: Requantization, rows: int, size: int
) -> Sequence[Dense]:
    """A layer's constants for stretches of inputs: so many rows of so many each, as they follow
    each other in its weights (channels, ...), packed in different ways. None where the block could
    not compute exactly what the layer is.
    """
    if any(t.dtype is not DType.INT8 for t in (tensor(graph, op, 0), tensor(graph, op, 1))):
        return ()
    scaled = scaling_of(graph, op, requantization)
    if scaled is None:
        return ()
    weights = _filters(graph, op)
    kept = np.where(scaled.settled[:, None], 0, weights)
    places = _places(rows, size)
    spread = np.where(places < 0, 0, kept[:, places])
    found = Dense(spread, folded_bias(graph, op, scaled), scaled)
    least, most = reach(graph, op)
    largest = np.where(scaled.settled, 0, np.maximum(-least, most))
    return (found, *_with_byte_weights(found, largest))


def _filters(graph: Graph, op: Operator) -> Int:
    """(channels, weights of each)."""
    table = weights_table(tensor(graph, op, 1))
    return table.reshape(len(table), -1).astype(np.int64)


def inputs_bias(graph: Graph, op: Operator) -> Int:
    """Of each channel, for the inputs as they are: with what the zero point takes away."""
    sums: Int = _filters(graph, op).sum(axis=1)
    return bias_values(graph, op, len(sums)) - tensor(graph, op, 0).zero_point * sums


def folded_bias(graph: Graph, op: Operator, scaled: Scaled) -> Int:
    """The same; 0 of channels that are settled."""
    return np.where(scaled.settled, 0, inputs_bias(graph, op))


def scaling_of(graph: Graph, op: Operator, requantization: Requantization) -> Scaled | None:
    """None where the block could not be exact."""
    return _scaled(requantization, *reach(graph, op))


def _with_byte_weights(found: Dense, largest: Int) -> Iterator[Dense]:
    """Where that is exact, too. largest: magnitude of each channel's sum."""
    both = _both(by_pairs(found.weights))
    fits = both.min() >= -(2**15) and both.max() < 2**15
    # The second channel's sum comes with 8 bits below it.
    if fits and largest[1::2].max(initial=0) < 2**23:
        odd = found.quads % 2 * _QUAD
        yield replace(found, weights=np.pad(found.weights, ((0, 0), (0, odd))), byte_weights=True)


def _scaled(r: Requantization, least: Int, most: Int) -> Scaled | None:
    """least, most: that each channel's sum can be. None where the block could not be exact."""
    multiplier, shift = (np.broadcast_to(x, least.shape) for x in (r.multiplier, r.shift))
    # Of sums that a left shift wraps the least and the most say nothing of those between.
    first = r.apply(least).astype(np.int64)
    settled = (shift <= 0) & (first == r.apply(most))
    least, most = (np.where(settled, 0, x) for x in (least, most))
    if least.min() < -(2**30) or most.max() >= 2**30:
        return None  # doubled, they would not fit 32 bits
    if (shift[~settled] >= 0).any():
        return None  # nothing to round by
    zero_point = r.output.zero_point
    rectified = (r.low, r.high, zero_point) == (-128, 127, -128)
    # What is added after the shift; a settled channel's output is this alone.
    added = np.where(settled, first, zero_point)
    if not rectified:
        added -= r.low
    right = np.where(settled, 1, -shift)
    multiplier = np.where(settled, 0, multiplier)
    offset = (added << right) + (1 << (right - 1))
    lowest, highest = (doubling_high_mul(x, multiplier) + offset for x in (least, most))
    if lowest.min() <= -(2**31) or highest.max() >= 2**31:
        return None
    return Scaled(multiplier, offset, right, settled, rectified, r.low, r.high)


def reach(graph: Graph, op: Operator) -> tuple[Int, Int]:
    """The least and the most that each channel's sum can be."""
    weights, zero_point = _filters(graph, op), tensor(graph, op, 0).zero_point
    ends = np.stack([weights * (end - zero_point) for end in (-128, 127)])
    bias = bias_values(graph, op, len(weights))
    return ends.min(axis=0).sum(axis=1) + bias, ends.max(axis=0).sum(axis=1) + bias


def _places(rows: int, size: int) -> npt.NDArray[np.intp]:
    """Which of the weights stands at each place of a pixel's tile; -1 for none."""
    numbers = np.arange(rows * size).reshape(rows, size)
    whole = size // _QUAD * _QUAD
    quads = numbers[:, :whole].reshape(-1, _QUAD)[:, EXPANDED].reshape(-1)
    rest = numbers[:, whole:].reshape(-1)
    missing = -(len(rest)) % _QUAD
    return np.concatenate([quads, rest, np.full(missing, -1)])


def by_pairs(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """By channels to by twos of channels, the last one with zeros if it is alone."""
    odd = [(0, len(values) % 2), *((0, 0) for _ in values.shape[1:])]
    return np.pad(values, odd).reshape(-1, 2, *values.shape[1:])


def packed(halves: Int) -> Int:
    """Two int16 of the last axis to a word, the first in its lower half."""
    return (halves[..., 0] & 0xFFFF) | (halves[..., 1] << 16)


def as_words(words: Int) -> npt.NDArray[np.int32]:
    return (words.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
