"""How sums become outputs on cores whose products have 32 bits: firmware/kernels/narrow.h says what
a stream of constants holds for that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.ops.dense import as_words
from tinyforge.ops.fixed_point import Int
from tinyforge.ops.offsets import offsets
from tinyforge.ops.quantization import Requantization

# Two neighbouring products with these weights pass 16 bits, where inputs are -128.
_WIDEST = -128


@dataclass(frozen=True, eq=False)
class Narrow:
    """words: (channels, 4), of the stream. Outputs are least to least + range."""

    words: Int
    least: int
    range: int

    def fields(self, struct: str = "") -> dict[str, int]:
        """The struct's members."""
        return {f"{struct}outputs.least": self.least, f"{struct}outputs.range": self.range}


def narrow(r: Requantization, low: Int, high: Int) -> Narrow | None:
    """Of sums in [low, high], one of each a channel; None where that form is not exact.

    Less 1 for products below zero, whether halves are rounded up or down there: where they are
    rounded up, all outputs below zero are clamped to it.
    """
    found = offsets(r, low, high)
    if found is None:
        return None
    multiplier, shift = found.multiplier, found.shift
    offset = found.offset - (r.low << shift)
    reached = np.array([offset, *((2 * x * multiplier >> 32) + offset for x in (low, high))])
    if (reached <= -(2**31)).any() or (reached >= 2**31 - 1).any():
        return None
    lower = multiplier.astype(np.int16).astype(np.int64)
    words = np.stack([lower, (multiplier - lower) >> 16, offset, shift], axis=1)
    return Narrow(words, r.low, r.high - r.low)


def come_apart(weights: Int) -> bool:
    """Whether the sum of each two neighbouring products of a channel fits 16 bits, whatever the
    inputs are. weights: (channels, an even number of them)."""
    return not (weights.reshape(-1, 2) == _WIDEST).all(axis=1).any()


def stream(*parts: Int) -> npt.NDArray[np.int32]:
    """Words, of which each part has a row a stretch of the stream."""
    return as_words(np.concatenate(parts, axis=1))
