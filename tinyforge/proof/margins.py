"""By how much an accumulator must change before its layer's output does, and somebody sees it.

Outputs never fall where accumulators rise: a change that is seen is seen as well when it is larger.
What is found for changes by one therefore holds for all of the same direction, up to where 32 bits
end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.ops.quantization import Requantization

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

# More than any change of a product of two int8 values: such a margin is never reached.
NEVER = np.int64(1) << 40
_INT32 = 2**31
# The greatest magnitude of an int8 value less its zero point.
_MOST_TAP = 255


@dataclass(frozen=True)
class Sight:
    """Which elements of a layer's output, changed by one and any more, are seen to rise, to fall.

    together: whether that holds as well when several channels change at once. mixed: whether one is
    seen to fall as well when others of its channel rise.
    """

    rising: Mask
    falling: Mask
    together: bool = True
    mixed: bool = True


@dataclass(frozen=True)
class Margins:
    """Of accumulators (positions, channels): the least rise, and the least fall, that is seen."""

    rise: npt.NDArray[np.int64]
    fall: npt.NDArray[np.int64]


def margins(requantization: Requantization, acc: npt.NDArray[np.int64], sight: Sight) -> Margins:
    """acc: (positions, channels), int32 values. sight: of the outputs, in that shape."""
    least = _least(requantization, acc.shape[1])
    low, high = requantization.low, requantization.high
    q = requantization.apply(acc).astype(np.int64)
    channel = np.arange(acc.shape[1])
    above = np.clip(q + 1 - low, 0, high - low)
    rise = np.where((q < high) & sight.rising, least[channel, above] - acc, NEVER)
    fall = np.where((q > low) & sight.falling, acc - least[channel, q - low] + 1, NEVER)
    return Margins(rise, fall)


def _least(requantization: Requantization, channels: int) -> npt.NDArray[np.int64]:
    """The least accumulator that gives at least each output, (channels, outputs from low on).

    NEVER where none does.
    """
    shift = np.maximum(requantization.shift, 0).reshape(-1, 1)
    wanted = np.arange(requantization.low, requantization.high + 1)[np.newaxis]
    count = max(requantization.multiplier.size, 1)
    # Where a left shift would leave 32 bits, outputs would not go on rising.
    begin = np.broadcast_to(-(_INT32 >> shift), (count, wanted.size)).astype(np.int64)
    end = np.broadcast_to(_INT32 >> shift, (count, wanted.size)).astype(np.int64)
    while bool((begin < end).any()):
        middle = (begin + end) >> 1
        enough = _outputs(requantization, middle) >= wanted
        end = np.where(enough, middle, end)
        begin = np.where(enough | (begin == end), begin, middle + 1)
    found = np.where(begin >= _INT32 >> shift, NEVER, begin)
    return np.broadcast_to(found, (channels, wanted.size))


def _outputs(requantization: Requantization, acc: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of accumulators with channels first."""
    return requantization.apply(acc.T).astype(np.int64).T


def seen_weights(
    taps: npt.NDArray[np.int16],
    weights: npt.NDArray[np.int64],
    rise: npt.NDArray[np.int64],
    fall: npt.NDArray[np.int64],
    *,
    mixed: bool,
) -> tuple[Mask, Mask]:
    """Which weights of a channel are seen to be more, and to be less.

    taps: (positions, weights), what each is multiplied by. weights: of that channel. rise, fall:
    its margins, (positions,). mixed: as of the sight.
    """
    falls = mixed | (taps >= 0).all(axis=0) | (taps <= 0).all(axis=0)
    near = np.minimum(rise, fall) <= _MOST_TAP  # where one step of a weight can matter
    taps, up, down = taps[near], _narrow(rise[near]), _narrow(fall[near])
    more: Mask = _somewhere(taps >= up) | (_somewhere(-taps >= down) & falls)
    less: Mask = _somewhere(-taps >= up) | (_somewhere(taps >= down) & falls)
    return more | (weights == 127), less | (weights == -128)


def _narrow(margin: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    """As a column of a type that is compared fast: what no tap reaches stays out of reach."""
    return np.minimum(margin, 2**15 - 1).astype(np.int16)[:, np.newaxis]


def seen_channels(was: Array, now: Array, sight: Sight) -> Mask:
    """Of which channels outputs, (positions, channels), are seen to be others."""
    rises, falls = now > was, now < was
    alone = sight.mixed | ~rises.any(axis=0)
    seen: Mask = _somewhere(falls & sight.falling) & alone
    return np.logical_or(seen, _somewhere(rises & sight.rising))


def _somewhere(mask: Mask) -> Mask:
    """Of each channel, or weight, whether it is so at any position."""
    return np.asarray(mask.any(axis=0))
